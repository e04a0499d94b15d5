#!/usr/bin/env bash
# shellcheck disable=SC2317 # functions are called by name
# shellcheck disable=SC2154 # lib.sh sets out, err, status and took_ms
# citusctl rebalance when things go wrong: Ctrl-C once and twice, kill -9, nodes that die in the middle of a move, somebody
# else who moves shards. Every time the rows are the same afterwards, nothing is left behind, and the next run finishes.
set -u
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

sql() { node_sql "$cluster" coordinator; }
groups_on() { citusctl shard list -o json | jq --arg node "$1" '[.shard_groups[] | select(.node == $node)] | length'; }

# What the tables hold, in one line.
rows() { sql <<<"SELECT count(*), sum(hashtext(u::text)::bigint) FROM users u" && sql <<<"SELECT count(*), sum(hashtext(p::text)::bigint) FROM posts p"; }

open_worker3()
{
	sql <<<"SELECT citus_set_node_property(nodename, nodeport, 'shouldhaveshards', true) FROM pg_dist_node WHERE groupid = 3" >/dev/null
}

# A transaction that writes on every node holds moves up: they begin when it has ended. Its session is fd 7.
hold()
{
	rm -f held && mkfifo "$TMP/hold"
	sql <"$TMP/hold" >held 2>&1 &
	exec 7>"$TMP/hold"
	echo "BEGIN; UPDATE users SET name = name; SELECT 'held';" >&7
	wait_until 20 grep -q held held || diag "the transaction that holds moves up: $(cat held)"
}
release()
{
	echo "ROLLBACK;" >&7
	exec 7>&-
	rm -f "$TMP/hold"
}

# The moves that run on the coordinator now.
moves_running()
{
	sql <<<"SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%citus_move_shard_placement(%' AND state = 'active'
		AND pid <> pg_backend_pid()"
}
is_moving() { [ "$(moves_running)" -gt 0 ]; }
is_still() { [ "$(moves_running)" = 0 ]; }

# start COMMAND...: in the background, as $pid; its output in started.out and started.err.
start()
{
	rm -f started.err # of the run before
	"$CITUSCTL" "$@" >started.out 2>started.err </dev/null &
	pid=$!
}
# end NAME STATUS: waits for it.
end()
{
	wait "$pid"
	status=$? out=$(cat started.out) err=$(cat started.err) last_run=$1
	is "$status" "$2" "$1"
}

nothing_waits() { [ "$(sql <<<"SELECT count(*) FROM pg_dist_cleanup")" = 0 ]; }

nothing_left()
{
	# What something else reads at that moment the server drops later.
	wait_until 60 nothing_waits
	is "$(sql <<<"SELECT count(*) FROM pg_dist_cleanup")" 0 "$1: nothing waits to be cleaned up"
	is "$(for node in worker1 worker2 worker3; do
		node_sql "$cluster" "$node" <<-'END'
			SELECT 'slot ' || slot_name FROM pg_replication_slots UNION ALL SELECT 'subscription ' || subname FROM pg_subscription
			UNION ALL SELECT 'publication ' || pubname FROM pg_publication
		END
	done)" "" "$1: no slots, subscriptions or publications"
}

test_interrupts()
{
	# One move runs and can't end before the signal has come.
	hold
	start rebalance --jobs 1
	wait_until 30 is_moving
	kill -INT "$pid"
	wait_until 20 grep -q 'finished first' started.err
	release
	end "$engine: Ctrl-C ends a rebalance with status 130" 130
	like "$err" 'interrupted: 1 of [0-9]+ moves made' "$engine: after the move that ran"
	like "$err" 'To continue: citusctl rebalance --jobs 1' "$engine: and names the command that continues"
	is "$(groups_on worker3)" 1 "$engine: that one group has moved"
	nothing_left "$engine: after Ctrl-C"

	hold
	start rebalance --jobs 2
	wait_until 30 is_moving
	kill -INT "$pid"
	wait_until 20 grep -q 'finished first' started.err
	kill -INT "$pid"
	end "$engine: Ctrl-C twice ends it while moves are held up" 130
	release
	is "$(groups_on worker3)" 1 "$engine: they are taken back"
	is "$(moves_running)" 0 "$engine: none runs"
	nothing_left "$engine: after Ctrl-C twice"

	hold
	start rebalance --jobs 2
	wait_until 30 is_moving
	kill -9 "$pid"
	wait "$pid" 2>/dev/null
	ok "$engine: after kill -9 the server takes the moves back by itself" wait_until 30 is_still
	release
	runs "$engine: the next run cleans up and finishes the job" 0 citusctl rebalance -o json
	is "$(json '[.verified, .left] | @tsv')" "$(printf 'true\t0')" "$engine: all of it, verified"
	nothing_left "$engine: after kill -9 and another run"
	is "$(rows)" "$before" "$engine: the rows are the same"
}

test_others()
{
	# Of this machine, by the lock; of another one, by the coordinator; by hand.
	citusctl -q rebalance --drain worker3 >/dev/null
	open_worker3
	hold
	start rebalance --jobs 1
	wait_until 30 is_moving
	runs "$engine: a second citusctl is refused" 5 citusctl rebalance
	CITUSCTL_HOME=$TMP/copy
	mkdir -p "$CITUSCTL_HOME" && cp -r "$TMP/clusters/$cluster" "$CITUSCTL_HOME" 2>/dev/null
	runs "$engine: one that works from elsewhere too" 5 citusctl rebalance
	CITUSCTL_HOME=$TMP/clusters
	rm -rf "$TMP/copy"
	release
	end "$engine: the first one finishes" 0

	# By hand, out of a block that doesn't name it, before the run and during it.
	citusctl -q rebalance --drain worker3 >/dev/null
	open_worker3
	hold
	move_by_hand worker1 worker2
	wait_until 30 somebody_moves
	start rebalance --jobs 1
	ok "$engine: a move that somebody makes in a block is seen and waited for" \
		wait_until 30 grep -q 'waiting for a shard move that runs already' started.err
	release
	wait "$by_hand"
	end "$engine: the plan that it made void is made anew" 0
	like "$err" 'planning anew' "$engine: and that is said"

	citusctl -q rebalance --drain worker3 >/dev/null
	open_worker3
	hold
	start rebalance --jobs 1 -o json
	wait_until 30 is_moving
	move_by_hand worker2 worker1 "$(first_move .shard_group)"
	ok "$engine: one that is made during the run is told of" wait_until 30 grep -q 'somebody else moves shards too: session' started.err
	sql <<<"SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query LIKE '%by hand%' AND pid <> pg_backend_pid()" >/dev/null
	wait "$by_hand"
	release
	end "$engine: and doesn't end it" 0

	[ "$engine" = citus ] || return 0
	sql <<<"INSERT INTO pg_dist_background_job (job_type, description, state) VALUES ('rebalance', 'test', 'running')"
	runs "$engine: while Citus rebalances by itself it is refused" 5 citusctl rebalance --drain worker3
	like "$err" 'citus_rebalance_stop' "$engine: and how to end that is said"
	sql <<<"DELETE FROM pg_dist_background_job WHERE description = 'test'"

	citusctl -q rebalance --drain worker3 >/dev/null
	open_worker3
	hold
	start rebalance --jobs 1
	wait_until 30 is_moving
	sql <<<"SET client_min_messages = error; SELECT citus_rebalance_start('by_shard_count')" >/dev/null
	ok "$engine: a rebalance that Citus begins during the run is noticed" wait_until 30 grep -q 'another rebalance has begun' started.err
	sql <<<"SET client_min_messages = error; SELECT citus_rebalance_stop()" >/dev/null
	wait_until 30 no_job
	release
	end "$engine: the run gives way" 5
	like "$err" 'Citus itself.*: 1 of [0-9]+ moves made' "$engine: after the move that ran"
	like "$err" 'To continue: citusctl rebalance --jobs 1' "$engine: and names the command that continues"
	runs "$engine: which does when that has ended" 0 citusctl rebalance --jobs 1
}

no_job() { [ "$(sql <<<"SELECT count(*) FROM pg_dist_background_job WHERE state NOT IN ('finished', 'cancelled', 'failed')")" = 0 ]; }

# A group, but not that one, goes from one node to another in a session of its own, $by_hand, whose statement is a block.
move_by_hand() # FROM TO [GROUP]
{
	local shard from to

	shard=$(citusctl shard list -o json | jq --arg node "$1" --arg not "${3-}" \
		'[.shard_groups[] | select(.node == $node and (.shard_group | tostring) != $not)][0].shard_group')
	from=$(node_id "$1") to=$(node_id "$2")
	sql >by_hand.out 2>&1 <<-END &
		DO \$\$ /* by hand */ BEGIN EXECUTE 'SELECT citus_move_shard_' || 'placement($shard, $from, $to, ''block_writes'')'; END \$\$
	END
	by_hand=$!
}
node_id() { sql <<<"SELECT nodeid FROM pg_dist_node WHERE nodeport = $(jq ".nodes.$1.port" "$CITUSCTL_HOME/$cluster/state.json")"; }
somebody_moves() { [ "$(sql <"$REPO/sql/query/${engine}_others_move.sql" | grep -c .)" -gt 0 ]; }

# A group that leaves between the plan and the look at the nodes is nothing that the catalog and the node disagree about.
test_meanwhile()
{
	citusctl -q rebalance --drain worker3 >/dev/null
	open_worker3
	rm -f looks && mkfifo looks
	node_sql "$cluster" worker1 <looks >locked 2>&1 &
	exec 6>looks
	echo "BEGIN; LOCK TABLE pg_catalog.pg_publication IN ACCESS EXCLUSIVE MODE; SELECT 'locked';" >&6
	wait_until 20 grep -q '^locked' locked
	start rebalance --drain worker1 --drain worker2
	ok "$engine: a rebalance looks at the first node" wait_until 60 someone_waits
	move_by_hand worker2 worker3
	wait "$by_hand"
	wait_until 60 nothing_waits
	echo "ROLLBACK;" >&6
	exec 6>&-
	end "$engine: a group that left meanwhile does not end it" 0
	like "$err" 'planning anew' "$engine: it is planned anew, as it says"
	is "$(groups_on worker3)" 8 "$engine: all are where they were to go"
	sql <<<"SELECT citus_set_node_property(nodename, nodeport, 'shouldhaveshards', true) FROM pg_dist_node WHERE groupid IN (1, 2)" >/dev/null
}
someone_waits() { [ "$(node_sql "$cluster" worker1 <<<"SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'pg_publication'::regclass")" -gt 0 ]; }

# What moves in another database of the same servers left is nothing to this one.
test_elsewhere()
{
	citusctl -q rebalance --drain worker3 >/dev/null
	open_worker3
	DATABASE=postgres node_sql "$cluster" worker1 -o /dev/null <<<"SELECT pg_create_logical_replication_slot('citus_shard_move_slot_1_2_3', 'pgoutput')"
	runs "$engine: a slot of another database is not taken for one that moves left" 0 citusctl rebalance -o json
	is "$(json '[.verified, (.findings | map(select(.text | contains("left"))) | length)] | @tsv')" "$(printf 'true\t0')" \
		"$engine: neither before the moves nor after them"
	DATABASE=postgres node_sql "$cluster" worker1 -o /dev/null <<<"SELECT pg_drop_replication_slot('citus_shard_move_slot_1_2_3')"
}

# A member of the first move that was started: first_move .from
first_move() { jq -r "select(.event == \"started\") | $1" started.err | head -n 1; }

# dies WHAT MEMBER: the node that is this of a move dies while the move is held up, and is started again.
dies()
{
	local what=$1 node

	citusctl -q rebalance --drain worker3 >/dev/null
	open_worker3
	hold
	start rebalance --jobs 1 -o json
	wait_until 30 is_moving
	node=$(first_move "$2")
	# Its half of the transaction that holds the move up dies with it.
	kill -QUIT "$(head -n 1 "$CITUSCTL_HOME/$cluster/$node/postmaster.pid")"
	ok "$engine: a $what that dies in the middle of a move is noticed" wait_until 60 grep -q "$node.* is down" started.err
	release
	ok "$engine: its move is cancelled" wait_until 60 is_still
	like "$(cat started.err)" "citusctl node start $node" "$engine: how to start it is said"
	ok "$engine: the $what is started while the rebalance waits for it" wait_until 30 "$CITUSCTL" -q node start "$node"
	end "$engine: when the $what is back the move is tried again, and the rest is made" 0
	is "$(json '[.left, .verified, any(.results[]; .attempts > 1)] | @tsv')" "$(printf '0\ttrue\ttrue')" \
		"$engine: all are made, the one that failed at another attempt"
	isnt "$(jq -r 'select(.event == "retry") | .text' started.err)" "" "$engine: why it failed was said"
	nothing_left "$engine: after the death of a $what"
	is "$(rows)" "$before" "$engine: the rows are the same"
}

# A node that stays down: what needs it is given up, in time.
stays_down()
{
	citusctl -q rebalance --drain worker3 >/dev/null
	open_worker3
	hold
	start rebalance --jobs 1 --node-wait 2s -o json
	wait_until 30 is_moving
	kill -QUIT "$(head -n 1 "$CITUSCTL_HOME/$cluster/worker3/postmaster.pid")"
	wait_until 60 grep -q 'worker3.* is down' started.err
	release
	end "$engine: when a node stays down for as long as it is waited for, the run ends" 1
	is "$(json '[.outcome, .moved, .left] | @tsv')" "$(printf 'failed\t0\t0')" "$engine: with all that needs it given up"
	like "$(json '.results[0].error')" 'worker3.* is down' "$engine: and why"
	like "$(json .error.hint)" '--node-wait 2s' "$engine: and the command that continues"
	runs "$engine: the node is started" 0 citusctl node start worker3
	runs "$engine: and the same command finishes the job" 0 citusctl rebalance -o json
	is "$(json '[.left, .verified] | @tsv')" "$(printf '0\ttrue')" "$engine: all of it"
	nothing_left "$engine: after a node that stayed down"
	is "$(rows)" "$before" "$engine: the rows are the same"
}

test_all()
{
	engine=$1 cluster=faults_$1
	cat >schema.sql <<-'END'
		CREATE TABLE IF NOT EXISTS users (id bigint PRIMARY KEY, name text);
		CREATE TABLE IF NOT EXISTS posts (user_id bigint, id bigint, body text, PRIMARY KEY (user_id, id));
	END
	for workers in 2 3; do
		write_description "$cluster" '"engine": "'"$engine"'", "shard_count": 8, "schema": ["schema.sql"], "workers": '"$workers"',
			"tables": [{"name": "users", "distribution_column": "id"},
				{"name": "posts", "distribution_column": "user_id", "colocate_with": "users"}]'
		runs "$engine: init with $workers workers" 0 citusctl init
		[ "$workers" = 2 ] || break
		sql <<-'END'
			INSERT INTO users SELECT i, repeat('u', 100) FROM generate_series(1, 4000) i;
			INSERT INTO posts SELECT 1 + i % 4000, i, repeat('p', 100) FROM generate_series(1, 8000) i;
		END
	done
	before=$(rows)
	test_interrupts
	test_others
	test_meanwhile
	test_elsewhere
	dies target .to
	dies source .from
	stays_down
	runs "$engine: destroy succeeds" 0 citusctl -y destroy
}

for_each_engine test_all
finish
