#!/usr/bin/env bash
# shellcheck disable=SC2154 # lib.sh sets out, err, status and took_ms
# shellcheck disable=SC2016 # jq's variables, not the shell's
# What the demo finds while something happens to the cluster: no acknowledged write is lost, and nothing fails but what
# a dead node explains.
set -u
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

# The embedded engine's moves wait for a gap between statements that one pair of processors hardly has under six clients.
clients() { [ "$1" = embedded ] && echo 3 || echo 6; }

# Where the machine stood still before the event or after it, or while a worker was dead, there is nothing to see: once more, for longer.
during()
{
	local seconds
	for seconds in 4 16 40; do
		run citusctl demo --engine "$1" --workers 2 --users 500 --duration "$seconds" --clients "$(clients "$1")" --during "$2" "${@:3}" -o json
		if [ "$status" -ne 0 ] || { ran_before_and_after && { [ "$2" != kill-worker ] || failed_for_seconds; }; }; then break; fi
	done
	is "$status" 0 "$1: a demo during $2 succeeds"
	is "$(json '[.checks[] | select(.passed | not) | .name] | join(" ")')" "" "$1, $2: every check passes"
	is "$(json '[.checks[] | select(.name == "during '"$2"'")] | length')" 1 "$1, $2: with one about the event"
	is "$(json .event)" "$2" "$1, $2: the event is named"
	# Tweets of which only a part was done are posted again at the end.
	ok "$1, $2: what happened is marked, while the workload ran" jq -e '.seconds as $total | [.marks[] | select(.text | test("posted again") | not)] |
		length >= 2 and all(.[]; .at_s > 0 and .at_s <= $total)' "$TMP/.out"
	like "$err" "^ +[0-9.]+ s  " "$1, $2: and was told as it happened"
	ok "$1, $2: the workload ran before and after" ran_before_and_after
	ok "$1, $2: every second of it has its throughput, latency and errors" jq -e '.series | (.count | length) as $n | $n >= 4 and
		([.seconds, .errors, .p50_ms, .p95_ms, .p99_ms | length] | all(. == $n)) and .step_s == 1' "$TMP/.out"
	ok "$1, $2: the longest stalls are told, and when they began" jq -e '.seconds as $total | .longest_write, .longest_write_pause |
		.ms > 0 and .at_s >= 0 and .at_s <= $total' "$TMP/.out"
	ok "$1, $2: writes too" jq -e '[.operations[] | select(.name | IN("post_tweet", "follow")) | .count] | min > 0' "$TMP/.out"
}

# The last second is a part of one, and so may the second before the event be.
ran_before_and_after() { jq -e '.series.count | (.[:2] | add) > 0 and (.[-3:] | add) > 0' "$TMP/.out" >/dev/null; }
failed_for_seconds() { jq -e '[.series.errors[] | select(. > 0)] | length > 2' "$TMP/.out" >/dev/null; }

no_errors() { is "$(json '[.errors, ([.operations[].errors] | add)] | tojson')" "[0,0]" "$1, $2: no operation failed"; }

# How many shard groups each worker has: [[before], [after]].
per_worker()
{
	jq -c '.node_names[1:] as $n | [.placements | .before, .after | . as $g | [$n[] | . as $name | [$g[] | select(.node == $name)] | length]]' "$TMP/.out"
}

test_restart()
{
	during "$1" restart
	no_errors "$1" restart
	is "$(json .unknown_outcomes)" 0 "$1: of what was tried again until it was acknowledged the outcome is known"
	is "$(json '[.marks[].text | select(test("is back after"))] | length')" 3 "$1: each of three servers was restarted"
	ok "$1: connections were opened again" jq -e --argjson clients "$(clients "$1")" '.reconnects >= $clients' "$TMP/.out"
}

test_kill_worker()
{
	during "$1" kill-worker
	ok "$1: operations on the dead worker failed, and were counted" jq -e '.errors > 0 and
		.errors == ([.operations[].errors] | add) and .errors == (.series.errors | add)' "$TMP/.out"
	like "$(json '.checks[-1].detail')" 'operations? failed, all of them on shards of worker2' "$1: and no other did"
	if [ "$1" = embedded ]; then
		ok "$1: what could not be sent is not of unknown outcome" jq -e '.unknown_outcomes <= 6' "$TMP/.out"
	fi
	# Of the first second with errors a part was before the death, of the last one after the recovery.
	ok "$1: the other worker went on" jq -e '[.series.count, .series.errors] | transpose | map(select(.[1] > 0)) |
		length > 2 and (.[1:-1] | map(.[0]) | add) > 0' "$TMP/.out"
}

test_moves()
{
	during "$1" scale-out
	no_errors "$1" scale-out
	like "$(per_worker)" '^\[\[1[0-9],1[0-9],0\],\[1[0-9],1[0-9],([89]|1[0-2])\]\]$' "$1: the worker that joined has its share"
	local load=()
	[ "$1" = citus ] || load=(--rate 20) # with more this engine's moves wait for minutes, for a gap in the load
	during "$1" rebalance "${load[@]}"
	no_errors "$1" rebalance
	like "$(json '.marks | map(.text) | join("\n")')" 'made uneven on purpose: [1-9][0-9]* moved' "$1: groups were pushed aside"
	like "$(json '.marks | map(.text) | join("\n")')" 'rebalance: [1-9][0-9]* moved' "$1: and balanced"
	during "$1" drain "${load[@]}"
	no_errors "$1" drain
	like "$(json '.marks | map(.text) | join("\n")')" 'worker2 is empty' "$1: the drained worker was empty"
	ok "$1: and has shards again" jq -e '[.placements.after[] | select(.node == "worker2")] | length > 10' "$TMP/.out"
}

# A worker that was not there at the beginning is named as any other when it dies.
test_joined()
{
	local pid base cluster holder
	rm -f joined.err # of the run before
	"$CITUSCTL" demo --engine "$1" --workers 1 --users 200 --clients 2 --duration 4 --rate 20 --during scale-out >joined.out 2>joined.err </dev/null &
	pid=$!
	ok "$1: a worker joins" wait_until 120 grep -q 'worker2 has joined' joined.err
	base=$(echo "$CITUSCTL_HOME"/demo-*)
	cluster=$(basename "$base")
	# The run ends by writing its ledger: so long as that is locked nothing is verified.
	node_sql "$cluster" coordinator >holder.out -c "BEGIN; LOCK TABLE demo_ledger IN EXCLUSIVE MODE; SELECT 'locked'" -c "SELECT pg_sleep(600)" 2>&1 &
	holder=$!
	ok "$1: its shards move" wait_until 120 grep -q 'rebalance: [0-9]* moved' joined.err
	ok "$1: the run comes to its end" wait_until 120 is_waiting "$cluster"
	kill -QUIT "$(head -n 1 "$base/worker2/postmaster.pid")"
	ok "$1: the worker dies" wait_until 30 test ! -e "$base/worker2/postmaster.pid"
	node_sql "$cluster" coordinator -o /dev/null -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' AND pid <> pg_backend_pid()"
	wait "$holder"
	wait "$pid"
	is "$?" 4 "$1: without it nothing can be verified"
	like "$(cat joined.err)" 'node "worker2" does not answer' "$1: the error names the worker that joined"
}
is_waiting() { [ "$(node_sql "$1" coordinator -c "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'demo_ledger'::regclass")" -gt 0 ]; }

# Something that the event does not explain has to be found.
begin_foul()
{
	rm -f "$TMP/foul.err" # of the run before
	"$CITUSCTL" -y demo --keep --users 500 --duration 6 --during restart -o json >"$TMP/foul.out" 2>"$TMP/foul.err" </dev/null &
}
is_marked() { grep -q 'worker1 stops' "$TMP/foul.err"; }
test_foul()
{
	local pid try foul=1
	write_description "foul-$1" '"workers": 2, "engine": "'"$1"'"'
	run citusctl init
	is "$status" 0 "$1: init succeeds"
	run citusctl demo --during restart
	is "$status" 5 "$1: a cluster of the user's is not restarted unasked"
	like "$err" 'Confirm with -y' "$1: and the remedy is named"
	# A connection that is opened again just while the role is kept out ends the demo (status 1), and nothing fails (status 0)
	# where nobody reads a feed just then, or the demo was quicker: then once more.
	for try in 1 2 3 4; do
		begin_foul
		pid=$!
		ok "$1, try $try: a demo comes to its event" wait_until 60 is_marked
		ok "$1: the role can be kept from a table" \
			wait_until 20 node_sql "foul-$1" coordinator -c "REVOKE SELECT ON citusctl_demo.feed_items FROM \"foul-$1\""
		sleep 0.5
		ok "$1: and let in again" \
			wait_until 20 node_sql "foul-$1" coordinator -c "GRANT SELECT ON citusctl_demo.feed_items TO \"foul-$1\""
		wait "$pid"
		foul=$?
		[ "$foul" -le 1 ] || break
		diag "$(tail -n 3 "$TMP/foul.err")"
	done
	is "$foul" 3 "$1: errors that the event does not explain make the status 3"
	is "$(jq -r '[.checks[] | select(.passed | not) | .name] | join(" ")' "$TMP/foul.out")" "during restart" \
		"$1: by just that check"
	test_early "$1"
	run citusctl -y destroy
	is "$status" 0 "$1: destroy succeeds"
	rm cluster.json
}

denials() { grep -c 'permission denied for .* tweets' "$CITUSCTL_HOME/foul-$1/coordinator.log"; }
more_denials() { [ "$(denials "$1")" -gt "$2" ]; }
# A worker's death does not excuse what failed before it.
test_early()
{
	local pid try late denied early
	for try in 1 2 3; do
		rm -f early.err # of the run before
		denied=$(denials "$1")
		"$CITUSCTL" -y demo --users 500 --duration 16 --rate 20 --during kill-worker -o json >"$TMP/.out" 2>early.err </dev/null &
		pid=$!
		ok "$1, try $try: a demo comes to its workload" wait_until 60 grep -q '^working' early.err
		node_sql "foul-$1" coordinator -c "REVOKE INSERT ON citusctl_demo.tweets FROM \"foul-$1\""
		wait_until 20 more_denials "$1" "$denied"
		node_sql "foul-$1" coordinator -c "GRANT INSERT ON citusctl_demo.tweets TO \"foul-$1\""
		# What fails half a second before the death is taken to be for it; where this came to that, once more.
		sleep 1
		grep -q 'was killed' early.err
		late=$?
		wait "$pid"
		early=$?
		[ "$late" -ne 0 ] && break
	done
	is "$early $(jq -r '[.checks[] | select(.passed | not) | .name] | join(" ")' "$TMP/.out")" "3 during kill-worker" \
		"$1: tweets that failed before the worker died are not excused"
	like "$(jq -r '.checks[] | select(.passed | not) | .detail' "$TMP/.out")" 'failed while worker2 was there' "$1: for that reason"
}

test_during()
{
	test_restart "$1"
	test_kill_worker "$1"
	test_moves "$1"
	test_joined "$1"
	test_foul "$1"
}

run citusctl demo --during lunch
is "$status" 2 "an unknown event is a wrong usage"
like "$err" 'scale-out, rebalance, drain, restart or kill-worker' "and the known ones are named"
for_each_engine test_during
finish
