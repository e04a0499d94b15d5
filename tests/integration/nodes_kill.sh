#!/usr/bin/env bash
# citusctl is killed (-9) in the middle of node add, drain, restart and remove; the same command
# again finishes the job, and the cluster is as after a run that nobody disturbed.
# POINTS=N kills each verb at N moments spread over its run (default 4), POINTS=all before every
# message it sends, program it starts and file it renames; SEED=N shifts the moments.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

POINTS=${POINTS:-4}
SEED=${SEED:-0}

describe()
{
	write_description "$2" '"engine": "'"$1"'", "workers": [{"name": "w1"}, {"name": "w2"}'"${3:+, {\"name\": \"$3\"\}}"'], "shard_count": 6,
		"schema": ["shop.sql"], "tables": [{"name": "kinds", "reference": true}, {"name": "items", "distribution_column": "id"}]'
}

# What is to be the same: nodes, who holds how many shards, rows, leftovers of moves.
# Sizes and ports are others each time.
what_there_is()
{
	# What something reads at that moment the server drops later.
	wait_until 60 nothing_waits "$1"
	citusctl -o json node list | jq -c '[.nodes[] | [.name, .state, .takes_shards, .shards]]'
	echo "SELECT count(*), sum(id) FROM items; SELECT count(*) FROM items JOIN kinds USING (kind);
		SELECT count(*) FROM pg_dist_placement; SELECT count(*) FROM pg_dist_cleanup;
		SELECT n.nodename, n.isactive, n.shouldhaveshards, n.metadatasynced = n.hasmetadata, count(*)
		FROM pg_dist_node n JOIN pg_dist_placement p USING (groupid) GROUP BY 1, 2, 3, 4 ORDER BY count(*), 3;
		SELECT result FROM run_command_on_all_nodes('SELECT array[(SELECT count(*) FROM pg_prepared_xacts),
			(SELECT count(*) FROM pg_replication_slots), (SELECT count(*) FROM pg_subscription), (SELECT sum(kind) FROM kinds)]')" | node_sql "$1" coordinator
	jq -c '.nodes | keys' "$CITUSCTL_HOME/$1/state.json"
	find "$CITUSCTL_HOME/$1" -maxdepth 1 | sed 's/.*\///; s/[.]removed-.*/.removed/' | sort -u
}

nothing_waits() { [ "$(echo 'SELECT count(*) FROM pg_dist_cleanup' | node_sql "$1" coordinator)" = 0 ]; }

# The coordinator's identity: a node that is made beside it takes nothing from it.
identity_of()
{
	case $engine in
		citus) echo "SELECT metadata ->> 'server_id' FROM pg_dist_node_metadata" ;;
		embedded) echo 'SELECT id FROM citus_embedded.this_node' ;;
	esac | node_sql "$name" "$1"
}

# killed_at STEP COMMAND...: how often it asks whether something is done yet differs from
# run to run, so a late moment may come after its end.
killed_at()
{
	local status
	KILL_AT=$1 LD_PRELOAD=$preload "$CITUSCTL" -q -y "${@:2}" >said 2>&1
	status=$?
	[ "$status" -eq 0 ] && echo 'it had ended before'
	[ "$status" -eq 137 ] || [ "$status" -eq 0 ] || { cat said && return 1; }
}

# The moments to kill at, of a verb that took so many steps.
moments()
{
	[ "$POINTS" = all ] && { seq "$1" && return; }
	awk -v steps="$1" -v points="$POINTS" -v seed="$SEED" 'BEGIN {
		for (i = 0; i < points; i++)
			print 1 + (int((i + 0.5) * steps / points) + seed) % steps
	}' | sort -nu
}

undo()
{
	case $1 in
		add) "$CITUSCTL" -q -y node remove w3 ;;
		drain) "$CITUSCTL" -q node add w3 && "$CITUSCTL" -q rebalance ;;
		restart) true ;;
		remove) "$CITUSCTL" -q node add w3 && "$CITUSCTL" -q rebalance ;;
	esac >said 2>&1 || { fail "undoing node $1" && diag "$(cat said)"; }
	rm -rf "$CITUSCTL_HOME/$name"/*.removed-*
}

# walk VERB [NODE]: leaves the cluster as the verb does.
walk()
{
	local verb=$1 at steps
	ok "$engine: node $verb that nobody disturbs" env KILL_COUNT="$TMP/steps" LD_PRELOAD="$preload" "$CITUSCTL" -q -y node "$@"
	steps=$(cat steps)
	what_there_is "$name" >"wanted.$verb"
	for at in $(moments "$steps"); do
		undo "$verb"
		ok "$engine: node $verb killed at step $at of $steps" killed_at "$at" node "$@"
		runs "  again" 0 citusctl -y node "$@"
		what_there_is "$name" >got
		ok "  makes the same" diff "wanted.$verb" got
	done
}

test_walk()
{
	engine=$1
	name=kill_$1
	echo 'CREATE TABLE IF NOT EXISTS kinds (kind int PRIMARY KEY);
		CREATE TABLE IF NOT EXISTS items (id bigint PRIMARY KEY, kind int);' >shop.sql
	describe "$engine" "$name"
	runs "$engine: init" 0 citusctl init
	echo "INSERT INTO kinds VALUES (1); INSERT INTO items SELECT i, 1 FROM generate_series(1, 600) i" | node_sql "$name" coordinator
	identity_of coordinator >identity
	describe "$engine" "$name" w3
	walk add w3
	is "$(identity_of coordinator)" "$(cat identity)" "$engine: the coordinator's identity is what it was"
	isnt "$(identity_of w3)" "$(cat identity)" "$engine: the new node has one of its own"
	runs "$engine: rebalance" 0 citusctl rebalance
	walk restart
	walk drain w3
	undo drain
	walk remove w3
	describe "$engine" "$name"
	runs "$engine: init has nothing to do afterwards" 0 citusctl init --dry-run --exit-code
	citusctl -q -y destroy >/dev/null
}

if ! "${CC:-cc}" -shared -fPIC -O1 -o kill_at.so "$REPO/tests/integration/kill_at.c" -ldl 2>cc.err; then
	fail 'building kill_at.so'
	diag "$(cat cc.err)"
	finish
fi
# A sanitizer wants to come first.
preload="$(ldd "$CITUSCTL" | awk '/lib[at]san[.]/ { print $3 }') $TMP/kill_at.so"
for_each_engine test_walk
finish
