#!/usr/bin/env bash
# rebalance --simulate: the printed plan, mistakes in the file, and where Citus is installed
# its own planner on the same input.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

GOLDEN=$REPO/tests/golden/simulate

# ---- what people read ----------------------------------------------------------
# RECORD=1 writes what the plans look like now.

for file in "$GOLDEN"/*.json; do
	name=$(basename "$file" .json)
	runs "$name: is planned" 0 citusctl rebalance --simulate "$file"
	[ -z "${RECORD-}" ] || printf '%s\n' "$out" >"$GOLDEN/$name.txt"
	is "$out" "$(cat "$GOLDEN/$name.txt")" "$name: the printed plan"
	runs "$name: as JSON" 0 citusctl rebalance --simulate "$file" -o json
	is "$(json '[has("moves", "nodes", "bounds", "max_utilization", "bytes", "seconds")] | all')" true \
		"$name: JSON has what scripts rely on"
	is "$(json '.bounds.bytes <= .bytes and .bounds.moves <= (.moves | length) and .bounds.max_utilization <= .max_utilization')" \
		true "$name: nothing beats the bounds"
done

runs "a node can be drained" 0 citusctl rebalance --simulate "$GOLDEN/scale_out.json" --drain worker1 -o json
is "$(json '.nodes[0].bytes_after')" 0 "and is empty afterwards"
runs "a threshold can be given" 0 citusctl rebalance --simulate "$GOLDEN/scale_out.json" --threshold 1.2 -o json
is "$(json '.verdict')" balanced "and a wide one moves nothing"

# ---- what is refused -----------------------------------------------------------

# refused NAME JSON REGEX [OPTION...]
refused()
{
	local name=$1 regex=$3
	printf '%s\n' "$2" >bad.json
	shift 3
	runs "$name: status 2" 2 citusctl rebalance --simulate bad.json "$@"
	like "$err" "$regex" "$name: the cause is named"
	runs "$name: status 2 with JSON" 2 citusctl -o json rebalance --simulate bad.json "$@"
	isnt "$(json '.error.message')" null "$name: one JSON document"
}

refused "allowed nowhere" '{"nodes": [{"name": "a"}, {"name": "b", "accepts_shards": false}],
	"shard_groups": [{"id": 7, "node": "a", "bytes": 1, "allowed": ["b"]}]}' 'shard group 7 .*allowed on no node'
refused "pinned to a drained node" '{"nodes": [{"name": "a"}, {"name": "b"}],
	"shard_groups": [{"id": "x", "node": "a", "bytes": 1, "pinned": true}]}' 'group x is pinned to node "a"' --drain a
refused "no node left" '{"nodes": [{"name": "a"}], "shard_groups": [{"id": 1, "node": "a", "bytes": 1}]}' \
	'no node takes shards' --drain a
refused "unknown node" '{"nodes": [{"name": "a"}], "shard_groups": [{"id": 1, "node": "z", "bytes": 1}]}' \
	'bad.json: shard_groups\[0\]: node: there is no node "z"'
refused "unknown key" '{"nodes": [{"name": "a", "capcity": 2}], "shard_groups": []}' 'Did you mean "capacity"'
refused "negative bytes" '{"nodes": [{"name": "a"}], "shard_groups": [{"id": 1, "node": "a", "bytes": -5}]}' 'bytes: -5'
refused "too many bytes" '{"nodes": [{"name": "a"}], "shard_groups": [{"id": 1, "node": "a", "bytes": 1e300}]}' 'bytes'
refused "no nodes" '{"shard_groups": []}' 'nodes is missing'
refused "twice the same node" '{"nodes": [{"name": "a"}, {"name": "a"}], "shard_groups": []}' 'two of them are called "a"'
refused "the same id twice" '{"nodes": [{"name": "a"}], "shard_groups": [{"id": 1, "node": "a", "bytes": 1}, {"id": 1, "node": "a", "bytes": 2}]}' \
	'shard_groups\[1\]: id: 1 is that of shard_groups\[0\] already'
refused "a capacity too small to divide by" '{"nodes": [{"name": "a", "capacity": 1e-308}], "shard_groups": []}' 'capacity: 1e-308 is too small'
refused "an empty file" '' 'smallest file is .*"shard_groups"'
refused "not JSON" '{"nodes": [' 'ends in the middle'
runs "no such file" 2 citusctl rebalance --simulate nowhere.json

# ---- names that would steer a terminal --------------------------------------------

printf '%s\n' '{"nodes": [{"name": "a\u001b[2J"}, {"name": "b\u009b"}],
	"shard_groups": [{"id": "x\u0007\ny", "node": "a\u001b[2J", "bytes": 5}, {"id": 2, "node": "a\u001b[2J", "bytes": 5}]}' >bad.json
runs "control characters in names: planned" 0 citusctl rebalance --simulate bad.json
like "$out" 'a\\x1b\[2J' "and shown as what they are"
is "$(printf '%s' "$out" | LC_ALL=C tr -d '\n\200-\377' | LC_ALL=C grep -c '[[:cntrl:]]')" 0 "none reaches the terminal"
runs "nor in an error" 2 citusctl rebalance --simulate bad.json --drain $'z\e[2J'
like "$err" 'z\\x1b\[2J' "it is shown there as well"

# ---- many nodes -----------------------------------------------------------------

jq -cn '{nodes: [range(60) | {name: "n\(.)"}], shard_groups: [range(600) | {id: ., node: "n\(if . % 10 == 9 then 57 else . % 60 end)", bytes: 1000}]}' >many.json
runs "sixty nodes" 0 citusctl rebalance --simulate many.json
like "${out//$'\n'/ }" 'n57 .*\.\.\. 22 more' "the fullest first, then the emptiest"
like "$out" 'Of 60 nodes, the 30 fullest and the 8 emptiest' "and what is left out is said"
runs "sixty nodes with -v" 0 citusctl -v rebalance --simulate many.json
like "${out//$'\n'/ }" 'n0 .*n1 .*n58 .*n59 ' "all are listed, in their order"

# ---- Citus on the same input ---------------------------------------------------

INSTANCES=60

# The same random instances at each run: sizes skewed, weights, groups off balance.
instances()
{
	awk -v count="$INSTANCES" 'function random(n) { seed = (seed * 1103515245 + 12345) % 2147483648; return int(seed / 65536) % n }
		BEGIN {
			seed = 7
			for (i = 0; i < count; i++) {
				nodes = 2 + random(4); groups = nodes + random(30)
				printf "{\"threshold\": 0.05, \"nodes\": ["
				for (n = 0; n < nodes; n++)
					printf "%s{\"name\": \"n%d\", \"capacity\": %d}", n ? ", " : "", n, i % 3 ? 1 : 1 + random(3)
				printf "], \"shard_groups\": ["
				for (g = 0; g < groups; g++)
					printf "%s{\"id\": %d, \"node\": \"n%d\", \"bytes\": %d}", g ? ", " : "", g + 1,
						random(i % 2 ? nodes : nodes - 1), 1 + int((1 + random(100)) ^ (1 + i % 3))
				print "]}"
			}
		}'
}

# Moves of Citus, one line of JSON for each instance.
citus_plans()
{
	{
		echo "CREATE FUNCTION shard_placement_rebalance_array(worker_node_list json[], shard_placement_list json[],
			threshold float4, max_shard_moves int, drain_only bool, improvement_threshold float4)
			RETURNS json[] AS 'citus' LANGUAGE C STRICT VOLATILE;"
		jq -r '"SELECT coalesce(json_agg(one), \u0027[]\u0027) FROM unnest(shard_placement_rebalance_array(ARRAY["
			+ ([.nodes[] | "\u0027" + ({node_name: .name, capacity: .capacity} | tojson) + "\u0027"] | join(","))
			+ "]::json[], ARRAY[" + ([.shard_groups[] | "\u0027" + ({shardid: .id, nodename: .node, cost: .bytes} | tojson) + "\u0027"] | join(","))
			+ "]::json[], \(.threshold), 1000000, false, 0.5)) one;"' instances.json
	} | node_sql citus_planner coordinator 2>/dev/null | tr -d '\n' | jq -c .
}

compare_with_citus()
{
	local verdicts
	write_description citus_planner '"workers": 1, "engine": "citus"'
	runs "a cluster for Citus' planner" 0 citusctl -q init
	instances >instances.json
	citus_plans >citus.json
	is "$(wc -l <citus.json)" "$INSTANCES" "Citus planned $INSTANCES instances"
	while IFS= read -r instance; do
		printf '%s\n' "$instance" >one.json
		citusctl rebalance --simulate one.json -o json | jq -c .
	done <instances.json >ours.json

	# Within our aim: no fewer bytes than we; beyond it: no better balance than we.
	jq -cn --slurpfile instance instances.json --slurpfile citus citus.json --slurpfile ours ours.json '
		range($instance | length) as $i | $instance[$i] as $in | $ours[$i] as $we
		| ($in.shard_groups | map({key: "\(.id)", value: .bytes}) | from_entries) as $bytes
		| (reduce $in.shard_groups[] as $g ({}; .[$g.node] += $g.bytes)) as $start
		| (reduce $citus[$i][] as $m ($start; .[$m.sourcename] -= $bytes["\($m.shardid)"] | .[$m.targetname] += $bytes["\($m.shardid)"])) as $load
		| ([$in.nodes[] | ($load[.name] // 0) / .capacity] | max) as $max
		| ([$citus[$i][] | $bytes["\(.shardid)"]] | add // 0) as $moved
		| {max: $max, moved: $moved, ours: $we.max_utilization, bytes: $we.bytes, within: ($max <= $we.target * 1.000000001),
		   worse: (if $max <= $we.target * 1.000000001 then $we.bytes > $moved else $we.max_utilization > $max end)}' >verdicts.json
	verdicts=$(jq -c 'select(.worse)' verdicts.json)
	is "$verdicts" "" "never worse than Citus in balance, nor in bytes for the same balance"
	diag "$(jq -rs '"Citus reaches the threshold in \(map(select(.within)) | length) of \(length) instances; there it moves \(
		(map(select(.within) | .moved) | add) / ([1, (map(select(.within) | .bytes) | add)] | max) * 100 | round / 100) times the bytes"' verdicts.json)"
	runs "the cluster is destroyed" 0 citusctl -y -q destroy
}

if have_citus; then
	compare_with_citus
else
	skip "Citus' own planner on the same input" "Citus is not installed for PostgreSQL $PG_MAJOR"
fi
finish
