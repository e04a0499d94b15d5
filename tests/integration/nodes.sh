#!/usr/bin/env bash
# Nodes that come and go: added with all they need, drained, removed and fenced,
# restarted one at a time, and given up when they are lost.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

# describe ENGINE NAME WORKER...
describe()
{
	local engine=$1 name=$2 workers='' worker
	shift 2
	for worker; do workers="$workers${workers:+, }{\"name\": \"$worker\"}"; done
	write_description "$name" '"engine": "'"$engine"'", "workers": ['"$workers"'], "shard_count": 6, "schema": ["shop.sql"],
		"tables": [{"name": "kinds", "reference": true}, {"name": "items", "distribution_column": "id"},
			{"name": "parts", "distribution_column": "item", "colocate_with": "items"}]'
}

# node NAME FIELD: of the list of nodes, read anew.
node()
{
	"$CITUSCTL" -o json node list | jq -r ".nodes[] | select(.name == \"$1\") | .$2"
}

pid_of() { head -n 1 "$CITUSCTL_HOME/$1/$2/postmaster.pid"; }

# The rows of items, of parts, and of both joined with the reference table.
rows_of() { echo "SELECT (SELECT count(*) FROM items), (SELECT count(*) FROM parts), (SELECT count(*) FROM items i JOIN parts p ON p.item = i.id JOIN kinds k ON k.id = i.kind)" | node_sql "$1" coordinator; }

kill_node()
{
	local pid
	pid=$(pid_of "$1" "$2")
	kill -KILL "$pid"
	wait_until 30 test ! -e "/proc/$pid"
}

test_nodes()
{
	local engine=$1 name=nodes_$1 before all aside pid
	cat >shop.sql <<-'SQL'
		CREATE TABLE IF NOT EXISTS kinds (id int PRIMARY KEY, name text);
		CREATE TABLE IF NOT EXISTS items (id bigint PRIMARY KEY, kind int REFERENCES kinds (id), note text DEFAULT 'none');
		CREATE INDEX IF NOT EXISTS items_note ON items (note);
		CREATE TABLE IF NOT EXISTS parts (item bigint REFERENCES items (id), no int, PRIMARY KEY (item, no));
	SQL
	describe "$engine" "$name" w1 w2
	runs "$engine: init" 0 citusctl init
	echo "INSERT INTO kinds VALUES (1, 'one'); INSERT INTO items SELECT i, 1 FROM generate_series(1, 600) i;
		INSERT INTO parts SELECT i, 1 FROM generate_series(1, 600) i" | node_sql "$name" coordinator
	all='600|600|600'

	# ---- in
	describe "$engine" "$name" w1 w2 w3
	runs "$engine: a name that is not described" 2 citusctl node add w33
	like "$err" 'Did you mean "w3"' "$engine: is told with the nearest"
	runs "$engine: node add" 0 citusctl node add w3
	is "$(node w3 state),$(node w3 takes_shards),$(node w3 shards)" 'active,true,0' "$engine: brings the worker in, without shards yet"
	is "$(node w3 postgres)" "$(node w1 postgres)" "$engine: the list tells the versions"
	is "$(echo "SELECT count(*) FROM pg_dist_placement p JOIN pg_dist_shard USING (shardid) JOIN pg_dist_node n USING (groupid)
		WHERE logicalrelid = 'kinds'::regclass AND n.nodeport = $(node w3 port)" | node_sql "$name" coordinator)" 1 "$engine: the reference table has a copy there"
	runs "$engine: node add again" 0 citusctl -o json node add w3
	is "$(json .changed)" 0 "$engine: changes nothing"
	describe "$engine" "$name" w1 w2 w3 w4
	runs "$engine: init brings a worker in too" 0 citusctl init
	is "$(node w4 state)" active "$engine: it is active"

	# ---- servers
	pid=$(pid_of "$name" w2)
	runs "$engine: restart of one node" 0 citusctl -o json node restart w1
	is "$(json '[.restarted[].name] | join(" ")')" w1 "$engine: restarts it alone"
	is "$(pid_of "$name" w2)" "$pid" "$engine: the others go on"
	runs "$engine: restart of all" 0 citusctl -o json node restart
	is "$(json '[.restarted[].name] | join(" ")')" 'w1 w2 w3 w4 coordinator' "$engine: one after the other, the coordinator last"
	isnt "$(pid_of "$name" w2)" "$pid" "$engine: and each was restarted"
	runs "$engine: stop of one node" 0 citusctl node stop --node w4
	is "$(node w4 state),$(node w3 state)" 'down,active' "$engine: stops it alone"
	runs "$engine: start of one node" 0 citusctl node start w4
	is "$(node w4 state)" active "$engine: starts it"
	is "$(rows_of "$name")" "$all" "$engine: all rows are there"

	if [ "$(echo "SELECT to_regproc('get_rebalance_progress') IS NOT NULL" | node_sql "$name" coordinator)" = f ]; then
		skip "$engine: drain and remove" 'this engine does not move shards'
		runs "$engine: destroy" 0 citusctl -y destroy
		return
	fi

	# ---- out
	if [ "$engine" = citus ]; then
		# A table of a single shard is on one node, and has to leave it as well.
		node_sql "$name" coordinator <<<"CREATE TABLE alone (id bigint PRIMARY KEY); SELECT create_distributed_table('alone', NULL);
			INSERT INTO alone VALUES (1); SELECT citus_move_shard_placement(shardid, nodeid, (SELECT nodeid FROM pg_dist_node
			WHERE nodeport = $(node w1 port)), 'block_writes') FROM pg_dist_shard JOIN pg_dist_placement USING (shardid) JOIN pg_dist_node
			USING (groupid) WHERE logicalrelid = 'alone'::regclass AND nodeport <> $(node w1 port)" >/dev/null
		is "$(citusctl -o json node list | jq '[.nodes[].shards // 0] | add')" 13 'citus: a single shard counts as one'
	fi
	runs "$engine: drain" 0 citusctl node drain w1
	is "$(node w1 shards),$(node w1 takes_shards),$(node w1 state)" '0,false,active' "$engine: leaves no shard and lets none come"
	is "$(rows_of "$name")" "$all" "$engine: all rows are there"
	[ "$engine" = citus ] && is "$(echo 'SELECT count(*) FROM alone; DROP TABLE alone' | node_sql "$name" coordinator)" 1 'citus: the single shard went along'
	runs "$engine: drain again" 0 citusctl node drain w1
	like "$out" '\(0 moved\)' "$engine: moves nothing"
	runs "$engine: init leaves a drained node drained" 0 citusctl -o json init
	is "$(json .changed),$(node w1 takes_shards)" '0,false' "$engine: it changes nothing"
	runs "$engine: node add of a drained node" 0 citusctl node add w1
	is "$(node w1 takes_shards)" true "$engine: lets it have shards again"
	runs "$engine: the coordinator can't be removed" 5 citusctl -y node remove coordinator
	runs "$engine: nothing is removed unasked" 5 citusctl node remove w2
	is "$(node w2 state)" active "$engine: the node is there"

	before=$(node w2 port)
	runs "$engine: remove" 0 citusctl -y -o json node remove w2
	is "$(json '.removed[0] | [.name, .moved_shards > 0, .lost_shards, .fenced] | map(tostring) | join(",")')" 'w2,true,0,true' \
		"$engine: moves its shards, loses none, and fences it"
	is "$(rows_of "$name")" "$all" "$engine: all rows are there"
	is "$(echo "SELECT count(*) FROM pg_dist_node WHERE nodeport = $before" | node_sql "$name" coordinator)" 0 "$engine: the coordinator does not know it"
	[ "$engine" = citus ] && is "$(echo "SELECT count(*) FROM pg_dist_node WHERE nodeport = $before" | node_sql "$name" w1)" 0 \
		'citus: nor do the other workers'
	ok "$engine: its server is stopped" test ! -e "$CITUSCTL_HOME/$name/w2"
	is "$(node w2 state)" removed "$engine: the list says that it was removed"
	runs "$engine: init does not bring it back" 5 citusctl init
	like "$err" 'node "w2" was removed .* by .*@.*still +lists it' "$engine: and says why"
	like "$err" 'citusctl node add w2' "$engine: and how to"
	ok "$engine: nothing of it was made" test ! -e "$CITUSCTL_HOME/$name/w2"
	runs "$engine: remove again" 0 citusctl -y node remove w2
	like "$out" 'was removed before' "$engine: has nothing to do"

	# Somebody starts the removed server by hand: it knows no other node and no password.
	aside=$(echo "$CITUSCTL_HOME/$name"/w2.removed-*)
	if [ "$(id -u)" -eq 0 ]; then
		setpriv --reuid postgres --regid postgres --init-groups -- "$BINDIR/pg_ctl" start -w -s -D "$aside" -l "$aside/started.log" >/dev/null
	else
		"$BINDIR/pg_ctl" start -w -s -D "$aside" -l "$aside/started.log" >/dev/null
	fi
	is "$(echo "SELECT current_setting('shared_preload_libraries') || ',' || (SELECT count(*) FROM pg_dist_authinfo)" |
		PGPASSWORD=$(cat "$CITUSCTL_HOME/$name/superuser-password") psql -X -q -A -t -h "$(jq -r .sockets "$CITUSCTL_HOME/$name/state.json")" \
			-p "$before" -U postgres -d "$name")" ',0' "$engine: a removed server that comes back has neither engine nor credentials"
	kill -QUIT "$(head -n 1 "$aside/postmaster.pid")"
	wait_until 20 test ! -e "$aside/postmaster.pid"

	runs "$engine: node add brings a removed node back" 0 citusctl node add w2
	is "$(node w2 state),$(node w2 shards)" 'active,0' "$engine: as an empty one"
	describe "$engine" "$name" w1 w2 w3
	before="127.0.0.1:$(jq -r .nodes.w4.port "$CITUSCTL_HOME/$name/state.json")"
	run citusctl node list
	like "$out" "$before +worker .* not described" "$engine: one that is not described any more is listed by its address"
	runs "$engine: and removed by it" 0 citusctl -y node remove "$before"
	not_ok "$engine: the list does not have it any more" grep -q "$before" <("$CITUSCTL" node list)

	# A run that was killed half-way is finished by the next.  It gets no further than that: its moves
	# begin when the transaction of somebody who writes has ended.
	mkfifo "$TMP/hold"
	node_sql "$name" coordinator <"$TMP/hold" >"$TMP/held" 2>&1 &
	exec 7>"$TMP/hold"
	echo "BEGIN; UPDATE items SET note = note; SELECT 'held';" >&7
	ok "$engine: somebody writes" wait_until 30 grep -q held "$TMP/held"
	"$CITUSCTL" -y node remove w1 >"$TMP/killed" 2>&1 &
	pid=$!
	ok "$engine: a removal begins to move" wait_until 60 no_shards_welcome "$name" w1
	kill -KILL "$pid"
	wait "$pid" 2>/dev/null
	exec 7>&-
	rm "$TMP/hold" "$TMP/held"
	ok "$engine: and is finished by the next run" wait_until 90 "$CITUSCTL" -y node remove w1
	is "$(node w1 state)" removed "$engine: the node is out"
	is "$(rows_of "$name")" "$all" "$engine: all rows are there"
	describe "$engine" "$name" w2 w3
	runs "$engine: the description without it is what there is" 0 citusctl -o json init
	is "$(json .changed)" 0 "$engine: init changes nothing"

	test_lost "$engine" "$name"
	runs "$engine: destroy" 0 citusctl -y destroy
	ok "$engine: takes what was set aside along" test ! -e "$CITUSCTL_HOME/$name"
}

no_shards_welcome() { [ "$(echo "SELECT shouldhaveshards FROM pg_dist_node WHERE nodeport = $(jq -r ".nodes.$2.port" "$CITUSCTL_HOME/$1/state.json")" | node_sql "$1" coordinator)" = f ]; }

# accept_loss NUMBER: the sentence, typed.
accept_loss() { echo "I accept the loss of $1 shards on w2" | "$CITUSCTL" -o json node remove w2 --lost; }

test_lost()
{
	local engine=$1 name=$2 shards items parts
	runs "$engine: a node that answers is not lost" 5 accept_loss "$(node w2 shards)"
	like "$err" 'answers, so it is not lost' "$engine: it says so"
	shards=$(node w2 shards)
	kill_node "$name" w2
	runs "$engine: a dead node is not removed just so" 4 citusctl -y node remove w2
	like "$err" "does not answer, so its $shards shards" "$engine: it says why"
	like "$err" 'node remove w2 --lost' "$engine: and what there is for that"
	runs "$engine: -y does not accept a loss" 5 citusctl -y node remove w2 --lost
	like "$err" '^items +[0-9]+ +6  [0-9, ]+$' "$engine: the tables and shards are listed"
	is "$(grep -E '^(items|parts) ' <<<"$err" | grep -Eo '10[0-9]{4}' | sort -u | wc -l)" "$shards" "$engine: every shard of it"
	runs "$engine: a sentence with another number does not either" 5 accept_loss 1
	is "$(node w2 state)" down "$engine: nothing was changed"
	run accept_loss "$shards"
	is "$status" 0 "$engine: the sentence does"
	is "$(json '.removed[0] | [.lost_shards, .fenced] | map(tostring) | join(",")')" "$shards,true" "$engine: the shards are given up"
	items=$(echo "SELECT count(*) FROM items" | node_sql "$name" coordinator)
	parts=$(echo "SELECT count(*) FROM parts" | node_sql "$name" coordinator)
	ok "$engine: the rows of the other node are there" test "$items" -gt 0 -a "$items" -lt 600 -a "$parts" = "$items"
	is "$(node w3 shards)" 12 "$engine: all shards stand on the node that is left"
	is "$(echo "INSERT INTO items SELECT i, 1 FROM generate_series(1, 600) i ON CONFLICT DO NOTHING;
		INSERT INTO parts SELECT i, 1 FROM generate_series(1, 600) i ON CONFLICT DO NOTHING" | node_sql "$name" coordinator)" '' \
		"$engine: and take rows"
	is "$(rows_of "$name")" '600|600|600' "$engine: which are there and joined in place"
	isnt "$(echo "INSERT INTO parts SELECT i, 1 FROM generate_series(10001, 10100) i" | node_sql "$name" coordinator 2>&1)" '' \
		"$engine: the foreign keys of the new shards hold"
	describe "$engine" "$name" w3
	runs "$engine: init afterwards" 0 citusctl -o json init
	is "$(json .changed)" 0 "$engine: changes nothing"
	runs "$engine: the last worker with shards can't be drained" 5 citusctl node drain w3
	like "$err" 'no other node takes' "$engine: it says why"
}

for_each_engine test_nodes
finish
