#!/usr/bin/env bash
# shellcheck disable=SC2154 # lib.sh sets out, err, status and took_ms
# shellcheck disable=SC2016 # jq's variables, not the shell's
# Tables pinned to a region lie there, and stay there while shards move.
set -u
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

test_regions()
{
	local event file cluster shard
	local load=()
	[ "$1" = citus ] || load=(--rate 20 --clients 2) # moves of the embedded engine wait for gaps in the load
	for event in rebalance drain; do
		run citusctl demo --engine "$1" --users 500 --duration 4 --regions --during "$event" "${load[@]}" -o json
		is "$status" 0 "$1: a demo in two regions during $event succeeds"
		is "$(json '[.placements | .before[], .after[] | .node] | unique | join(" ")')" "worker2 worker3" \
			"$1, $event: the shards lay in their region before and after"
		is "$(json '[.checks[] | select(.name == "placement" and .passed)] | length')" 1 "$1, $event: the check says so"
		ok "$1, $event: some moved" jq -e '.marks | map(.text) | any(test("shard groups? .*moved"))' "$TMP/.out"
	done
	run citusctl demo --engine "$1" --users 500 --duration 1 --regions --keep -q -o json
	is "$status" 0 "$1: a cluster in two regions can be kept"
	file=$(find "$CITUSCTL_HOME" -path "*/demo-*/cluster.json")
	cluster=$(basename "$(dirname "$file")")
	shard=$(node_sql "$cluster" coordinator -c "SELECT min(shardid) FROM pg_dist_shard WHERE logicalrelid = 'users'::regclass")
	ok "$1: a shard can be moved out of it by hand" node_sql "$cluster" coordinator -o /dev/null -c "SELECT citus_move_shard_placement($shard,
		(SELECT nodeid FROM pg_dist_node n JOIN pg_dist_placement p USING (groupid) WHERE p.shardid = $shard),
		(SELECT nodeid FROM pg_dist_node WHERE nodeport = $(jq .nodes.worker1.port "$CITUSCTL_HOME/$cluster/state.json")), 'block_writes')"
	run citusctl -c "$file" demo --verify-only -q -o json
	is "$status: $(json '[.checks[] | select(.passed | not) | .name] | join(" ")')" "3: placement" "$1: just the check of the placement finds it"
	run citusctl -c "$file" destroy -y
	is "$status" 0 "$1: destroy succeeds"
}

run citusctl demo --regions --workers 2
is "$status" 2 "two workers are too few for two regions"
for_each_engine test_regions
finish
