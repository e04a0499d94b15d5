#!/usr/bin/env bash
# shellcheck disable=SC2317 # functions are called by name
# shellcheck disable=SC2154 # lib.sh sets out, err, status and took_ms
# citusctl rebalance and citusctl shard: scale-out under load, drain, plans in files, rules, limits; the JSON contract. What
# goes wrong on purpose is in rebalance_faults.sh.
set -u
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

sql() { node_sql "$cluster" coordinator; }
moves() { json '.moves | length'; }

# describe WORKERS [MEMBERS]: users and posts are a group, notes another.  Sizes are compared
# between runs, so nobody else changes them.
describe()
{
	write_description "$cluster" '"engine": "'"$engine"'", "postgres": {"settings": {"autovacuum": "off"}}, "shard_count": 8, "schema": ["schema.sql"], "workers": '"$1"',
		"tables": [{"name": "users", "distribution_column": "id"},
			{"name": "posts", "distribution_column": "user_id", "colocate_with": "users"},
			{"name": "notes", "distribution_column": "id"'"${2-}"'},
			{"name": "countries", "reference": true}'"${3-}"']'
}

schema()
{
	cat >schema.sql <<-'END'
		CREATE TABLE IF NOT EXISTS countries (code text PRIMARY KEY, name text);
		CREATE TABLE IF NOT EXISTS users (id bigint PRIMARY KEY, name text);
		CREATE TABLE IF NOT EXISTS posts (user_id bigint, id bigint, body text, PRIMARY KEY (user_id, id));
		CREATE TABLE IF NOT EXISTS notes (id bigint PRIMARY KEY, body text);
	END
}

# Groups a node has: groups_on worker3
groups_on() { citusctl shard list -o json | jq --arg node "$1" '[.shard_groups[] | select(.node == $node)] | length'; }

# The number of one of its groups: first_group_on worker3
first_group_on()
{
	citusctl shard list -o json |
		jq --arg node "$1" '[.shard_groups[] | select(.node == $node)][0].shard_group'
}

# A writer for each of eight keys, until the file "stop" is there: each row is written down once it is acknowledged.
# There are never so many that they weigh anything beside the shards.
writer() # KEY
{
	local n=0 password
	password=$(cat "$CITUSCTL_HOME/$cluster/password")

	# One session each, and a statement at a time: what is refused ends it, and is seen.
	while [ ! -e stop ]; do
		n=$((n + 1))
		[ "$n" -gt 500 ] || echo "INSERT INTO posts VALUES ($1, $((1000000 + n)), 'x') RETURNING id;"
		# The session has to have taken the statement before the next is made.
		sleep 0.02
	done | PGPASSWORD=$password psql -X -q -A -t -v ON_ERROR_STOP=1 -h 127.0.0.1 \
		-p "$(jq -r .nodes.coordinator.port "$CITUSCTL_HOME/$cluster/state.json")" -U "$cluster" -d "$cluster" >"written.$1" 2>"refused.$1"
}

test_scale_out()
{
	local key rebalance

	describe 2
	schema
	runs "$engine: init with two workers" 0 citusctl init
	sql >/dev/null <<-'END'
		INSERT INTO countries VALUES ('de', 'Germany');
		INSERT INTO users SELECT i, repeat('u', 200) FROM generate_series(1, 8000) i;
		INSERT INTO posts SELECT 1 + i % 8000, i, repeat('p', 200) FROM generate_series(1, 16000) i;
		INSERT INTO notes SELECT i, repeat('n', 200) FROM generate_series(1, 8000) i;
	END
	runs "$engine: a balanced cluster needs no moves" 0 citusctl rebalance --dry-run --exit-code -o json
	is "$(moves)" 0 "$engine: the plan is empty"

	describe 3
	runs "$engine: init adds a third worker" 0 citusctl init
	runs "$engine: then there is something to move" 3 citusctl rebalance --dry-run --exit-code -o json
	cp "$TMP/.out" dry.json
	ok "$engine: the document has what scripts rely on" jq -e '
		(.moves | length > 0 and all(has("shard_group") and (.tables | length > 0) and has("from") and has("to") and .bytes > 0))
		and ([.nodes[] | select(.name != "coordinator") | .bytes_before] | add) == ([.nodes[].bytes_after] | add)
		and (.nodes | all(has("name") and has("capacity")))
		and (.bounds | .max_utilization > 0 and has("bytes") and has("moves"))
		and .max_utilization > 0 and .bytes > 0 and has("seconds") and .dry_run' dry.json
	is "$(groups_on worker3)" 0 "$engine: a dry run moves nothing"
	run citusctl rebalance --dry-run
	like "$out" 'To do it: citusctl rebalance' "$engine: it names the next command"

	rm "$TMP/.err"
	"$CITUSCTL" rebalance -o json >"$TMP/.out" 2>"$TMP/.err" </dev/null &
	rebalance=$!
	# It has made its plan, of the sizes that the dry run saw.
	wait_until 60 grep -q '"started"' "$TMP/.err"
	for key in 1 2 3 4 5 6 7 8; do
		writer "$key" &
	done
	wait "$rebalance"
	status=$? out=$(cat "$TMP/.out") err=$(cat "$TMP/.err") last_run='citusctl rebalance'
	is "$status" 0 "$engine: rebalance succeeds while others write"
	touch stop
	wait
	rm stop
	is "$(cat refused.*)" "" "$engine: no write failed"
	is "$(sql <<<"SELECT count(*) FROM posts WHERE id > 1000000")" "$(cat written.* | grep -c .)" \
		"$engine: all $(cat written.* | grep -c .) acknowledged rows are there"
	is "$(json '[.outcome, .verified, .moved == (.moves | length), .left] | @tsv')" "$(printf 'done\ttrue\ttrue\t0')" \
		"$engine: all planned moves were made and verified"
	is "$(json '.moves[].shard_group' | sort)" "$(json '.moves[].shard_group' "$(cat dry.json)" | sort)" \
		"$engine: just those of the dry run"
	is "$(groups_on worker3)" "$(json '[.moves[] | select(.to == "worker3")] | length')" "$engine: the new worker has them"
	ok "$engine: every line of progress is a JSON event" jq -e -s '
		all(has("event") and has("moves_done") and has("bytes_done"))
		and ([.[] | select(.event == "moved")] | length) == '"$(moves)" "$TMP/.err"
	is "$(sql <<<"SELECT count(*) FROM users u JOIN posts p ON p.user_id = u.id WHERE p.id < 1000000")" 16000 \
		"$engine: joins of colocated tables find everything"
	is "$(sql <<<"SELECT count(*) FROM citus_shards WHERE table_name = 'countries'::regclass")" "$(($(sql <<<"SELECT count(*) FROM pg_dist_node WHERE groupid > 0") + 1))" \
		"$engine: the reference table is on every node"
	runs "$engine: a second rebalance has nothing to do" 0 citusctl rebalance --threshold 0.2 -o json
	is "$(moves)" 0 "$engine: it moves nothing"
}

test_shard()
{
	local shard group from

	run citusctl shard locate users 42 -o json
	is "$status" 0 "$engine: shard locate succeeds"
	shard=$(json .shard) group=$(json .shard_group) from=$(json .node)
	is "$(node_sql "$cluster" "$from" <<<"SET citus.override_table_visibility TO off; SELECT count(*) FROM users_$shard WHERE id = 42")" 1 \
		"$engine: the row is in that shard on that node"
	runs "$engine: shard move takes it elsewhere" 0 citusctl shard move "$shard" worker1
	[ "$from" != worker1 ] || runs "$engine: and from the first worker" 0 citusctl shard move "$shard" worker2
	run citusctl shard locate posts 42 -o json
	is "$(json '[.shard_group, .node != "'"$from"'"] | @tsv')" "$(printf '%s\ttrue' "$group")" \
		"$engine: the colocated shard went with it"
	runs "$engine: back again" 0 citusctl shard move "$group" "$from"
	like "$out" "Shard group $group \\(posts, users; .*\\) is on $from now" "$engine: what was moved where is said"
	runs "$engine: where it is already there is nothing to do" 0 citusctl shard move "$group" "$from"
	like "$out" 'Nothing to move: the shard group is there already' "$engine: and why is said"
	runs "$engine: a move by hand is shown" 0 citusctl shard move "$group" "$([ "$from" = worker1 ] && echo worker2 || echo worker1)" --dry-run
	like "$out" '^1 move, .*, as given\.$' "$engine: as what it is"
	not_ok "$engine: without a proof of what nobody chose" grep -q Certificate <<<"$out"
	runs "$engine: an unknown shard is wrong usage" 2 citusctl shard move 1 worker1
	runs "$engine: an unknown node is wrong usage" 2 citusctl shard move "$shard" worker9
	like "$err" 'worker1, worker2, worker3' "$engine: the error names the nodes there are"
	runs "$engine: a key of another type is wrong usage" 2 citusctl shard locate users abc
	runs "$engine: a reference table has no shard to find" 2 citusctl shard locate countries de
}

# A secondary holds the shards of its primary a second time, and is no place to move any to.
test_secondary()
{
	local port wanted listed

	[ "$engine" = citus ] || return 0 # the embedded engine has primaries only
	port=$(jq .nodes.worker1.port "$CITUSCTL_HOME/$cluster/state.json")
	run citusctl rebalance --drain worker3 --dry-run -o json
	wanted=$(json '[.moves, .nodes]')
	listed=$(citusctl shard list -o json)
	sql <<<"SELECT citus_add_secondary_node('127.0.0.1', 1, '127.0.0.1', $port)" >/dev/null
	run citusctl rebalance --drain worker3 --dry-run -o json
	is "$(json '[.moves, .nodes]')" "$wanted" "$engine: a secondary changes nothing of the plan"
	is "$(citusctl shard list -o json)" "$listed" "$engine: nor the list of shards"
	runs "$engine: shards move beside a secondary" 0 citusctl shard move "$(first_group_on worker1)" worker2
	runs "$engine: it is no node to move shards to" 2 citusctl shard move "$(first_group_on worker1)" 127.0.0.1:1
	sql <<<"SELECT citus_remove_node('127.0.0.1', 1)" >/dev/null
}

test_plan_file()
{
	local group to

	runs "$engine: a plan goes to a file" 0 citusctl rebalance --drain worker3 --dry-run --plan-out plan.json
	like "$out" '--plan-in plan.json' "$engine: and how to run it is said"
	group=$(jq '.moves[0].shard_group' plan.json)
	to=$(jq -r '.moves[0].to' plan.json)
	citusctl -q shard move "$group" "$([ "$to" = worker1 ] && echo worker2 || echo worker1)" >/dev/null
	runs "$engine: a plan is refused when shards have moved since" 5 citusctl rebalance --plan-in plan.json
	like "$err" "was on \"worker3\"" "$engine: it says which and where"
	citusctl -q shard move "$group" "$to" >/dev/null
	runs "$engine: one of whose moves a part was made is run" 0 citusctl rebalance --plan-in plan.json -o json
	is "$(moves)" "$(($(jq '.moves | length' plan.json) - 1))" "$engine: the rest of it"
	like "$err$(citusctl rebalance --drain worker3)" 'citusctl node add worker3 to let it have shards again' \
		"$engine: how the drained node gets shards again is said"
	is "$(groups_on worker3)" 0 "$engine: the node is empty"
	runs "$engine: and stays so" 0 citusctl rebalance --dry-run --exit-code
	runs "$engine: a file that is no plan is wrong usage" 2 citusctl rebalance --plan-in cluster.json
	runs "$engine: a shard is not moved there" 5 citusctl shard move "$group" worker3
	like "$err" 'citusctl node add worker3' "$engine: and what opens it is said"
	runs "$engine: node add does" 0 citusctl node add worker3
	like "$out" '1 node takes shards again' "$engine: and says so"
	is "$(sql <<<"SELECT shouldhaveshards FROM pg_dist_node WHERE groupid = 3")" t "$engine: it takes shards again"
	runs "$engine: a drain of a node without shards" 0 citusctl rebalance --drain worker3
	is "$(sql <<<"SELECT shouldhaveshards FROM pg_dist_node WHERE groupid = 3")" f "$engine: closes it too"
	citusctl -q node add worker3 >/dev/null
}

test_limits()
{
	runs "$engine: a limit of time ends a run between moves, with a status of its own" 6 \
		citusctl rebalance --jobs 1 --max-duration 0.01 -o json
	is "$(json '[.outcome, .error.status, .verified] | @tsv')" "$(printf 'stopped\t6\ttrue')" "$engine: the document says so"
	like "$(json .error.hint)" 'To continue: citusctl rebalance --jobs 1' "$engine: and names the command that continues"
	runs "$engine: which finishes the job" 0 citusctl rebalance --jobs 1 --until "$(date -d '+2 hours' +%H:%M)" -o json
	is "$(json .left)" 0 "$engine: nothing is left"
	runs "$engine: after a finished run another plan proposes nothing" 0 citusctl rebalance --dry-run --exit-code -o json
	is "$(moves)" 0 "$engine: not one move"

	# A move by hand is none of the business of shards that have to leave some time.
	sql <<<"SELECT citus_set_node_property(nodename, nodeport, 'shouldhaveshards', false) FROM pg_dist_node WHERE groupid = 3" >/dev/null
	runs "$engine: a shard moves by hand while another node is half drained" 0 \
		citusctl shard move "$(first_group_on worker1)" worker2 --dry-run
	runs "$engine: a shard of that node too" 0 citusctl shard move "$(first_group_on worker3)" worker2 --dry-run

	runs "$engine: a limit of time holds while a limit of rate is waited for" 6 \
		timeout 60 "$CITUSCTL" rebalance --jobs 1 --max-rate 1KB --max-duration 15s -o json
	like "$(json .error.hint)" '--max-rate 1KB' "$engine: the command that continues keeps the rate"

	citusctl -q rebalance --drain worker3 >/dev/null
	sql <<<"SELECT citus_set_node_property(nodename, nodeport, 'shouldhaveshards', true) FROM pg_dist_node WHERE groupid = 3" >/dev/null
	run citusctl rebalance --jobs 4 --max-rate 1MB -o json
	is "$status" 0 "$engine: a limited rate succeeds"
	# The first move and those that run at the end don't wait.
	ok "$engine: and is kept between moves" jq -e '.bytes_moved - (([.moves[].bytes] | max) * 2) <= .seconds * 1000000' "$TMP/.out"
}

test_rules()
{
	describe '[{"labels": {"region": "eu"}}, {"labels": {"region": "eu"}}, {"labels": {"region": "us"}}]' \
		', "placement": {"region": "us"}' ', {"name": "places", "distribution_column": "id", "placement": {"region": "eu"}}'
	echo 'CREATE TABLE IF NOT EXISTS places (id bigint PRIMARY KEY);' >>schema.sql
	runs "$engine: init makes a table with a rule of placement" 0 citusctl init
	is "$(sql <<<"SELECT count(*) FROM citus_shards s JOIN pg_dist_node n USING (nodename, nodeport)
		WHERE table_name = 'places'::regclass AND groupid = 3")" 0 "$engine: its shards are where they may be from the start"
	runs "$engine: a rule for a table that is there" 0 citusctl rebalance -o json
	is "$(sql <<<"SELECT DISTINCT groupid FROM citus_shards s JOIN pg_dist_node n USING (nodename, nodeport)
		WHERE table_name = 'notes'::regclass")" 3 "$engine: moves its shards to the node that has the label"
	runs "$engine: a move against a rule is refused" 5 citusctl shard move "$(sql <<<"SELECT min(shardid) FROM pg_dist_shard
		WHERE logicalrelid = 'notes'::regclass")" worker1
	runs "$engine: a drain that a rule forbids is refused" 2 citusctl rebalance --drain worker3
	[ "$engine" = citus ] || return 0
	is "$(sql <<<"SELECT name FROM pg_dist_rebalance_strategy WHERE default_strategy")" citusctl "$engine: the rules are Citus' default strategy"
	is "$(sql <<<"SET client_min_messages = warning; SELECT count(*) FROM get_rebalance_table_shards_plan() WHERE table_name = 'notes'::regclass")" 0 \
		"$engine: whose plan keeps to them"
}

# The groups that can't move online.
test_modes()
{
	local columnar=', "storage": "columnar"'

	describe 3 '' ', {"name": "plain", "distribution_column": "id"}, {"name": "log", "distribution_column": "id"'"$columnar"'}'
	echo 'CREATE TABLE IF NOT EXISTS plain (id bigint); CREATE TABLE IF NOT EXISTS log (id bigint PRIMARY KEY, at timestamptz);' >>schema.sql
	runs "$engine: init adds tables" 0 citusctl init
	group=$(sql <<<"SELECT min(shardid) FROM pg_dist_placement JOIN pg_dist_shard USING (shardid)
		WHERE logicalrelid = 'plain'::regclass AND groupid = 1")
	runs "$engine: a table without a replica identity is refused online" 5 citusctl shard move "$group" worker2
	like "$err" 'primary key.*REPLICA IDENTITY FULL.*--mode block_writes' "$engine: with three ways out"
	runs "$engine: with blocked writes it moves" 0 citusctl shard move "$group" worker2 --mode block_writes
	sql <<<"DROP TABLE plain"
	[ "$engine" = citus ] && [ "$(sql <<<"SELECT count(*) FROM pg_extension WHERE extname = 'citus_columnar'")" = 1 ] || return 0
	group=$(sql <<<"SELECT min(shardid) FROM pg_dist_placement JOIN pg_dist_shard USING (shardid)
		WHERE logicalrelid = 'log'::regclass AND groupid = 1")
	runs "$engine: a columnar table moves" 0 citusctl shard move "$group" worker2 -o json
	is "$(json '.results[0].mode')" block_writes "$engine: with blocked writes"
	like "$(json '.findings[].text')" 'columnar' "$engine: and says why"
}

test_all()
{
	engine=$1 cluster=rebalance_$1
	rm -f written.* refused.*
	test_scale_out
	test_shard
	test_secondary
	test_plan_file
	test_limits
	test_modes
	test_rules
	runs "$engine: destroy succeeds" 0 citusctl -y destroy
}

for_each_engine test_all
finish
