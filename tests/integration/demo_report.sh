#!/usr/bin/env bash
# shellcheck disable=SC2154 # lib.sh sets out, err, status and took_ms
# What a demo says of itself: the series, the mix, the rate, where it connects.
# shellcheck disable=SC2016 # jq's variables, not the shell's
set -u
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

test_series()
{
	is "$(json '.series | [.count, .errors, .p50_ms, .p95_ms, .p99_ms, .max_ms, .seconds | length] | unique | length')" 1 \
		"$1: every series has a value for each step"
	is "$(json '[.series.operations[] | .count | length] | unique | tojson')" "[$(json '.series.count | length')]" \
		"$1: those of each operation too"
	ok "$1: as many steps as seconds" jq -e '.seconds as $seconds | .series.count | length - $seconds | . >= -0.5 and . <= 0.5' "$TMP/.out"
	# In it is what was under way at the end, and what was begun just then: of each client one.
	ok "$1: the steps hold what the sums say, but for a last sliver" jq -e '(.clients * 2) as $sliver |
		(.series.count | add) as $steps | ([.operations[].count] | add) as $sum | $steps <= $sum and $steps >= $sum - $sliver' "$TMP/.out"
	is "$(json '[.operations[] | select((.histogram | map(.[2]) | add // 0) != .count)] | length')" 0 \
		"$1: each histogram counts what its operation counts"
	is "$(json '[.operations[].histogram | select((map(.[0]) | sort) != map(.[0]))] | length')" 0 \
		"$1: histograms are in order"
	ok "$1: no write took longer than the longest" jq -e '
		.longest_write.ms as $longest | [.operations[] | select(.name | IN("post_tweet", "follow", "unfollow")) | .max_ms] |
		max <= $longest + 0.01' "$TMP/.out"
}

test_placements()
{
	is "$(json '.placements | [.before, .after | length] | tojson')" "[32,32]" "$1: 32 shard groups before and after"
	is "$(json '[.placements.after[] | select((.tables | length) != 4 or (.tables | add) != .bytes)] | length')" 0 \
		"$1: each with the bytes of its tables"
	is "$(json '(.placements.after | map(.node) | unique) - .node_names | length')" 0 "$1: on nodes that have names"
	ok "$1: the machine and the versions are named" jq -e '.machine | .cpus > 0 and .memory_bytes > 1e8 and
		(.server | test("PostgreSQL 1[0-9]")) and (.engine_version | length > 0) and (.system | length > 0)' "$TMP/.out"
}

# More is asked for than one connection can do: that has to show as time, not be left out.
test_rate()
{
	run citusctl -c "$file" demo --users 1000 --duration 3 --clients 4 --rate 100 -q -o json
	is "$status" 0 "$1: a demo at a rate succeeds"
	is "$(json '([.operations[] | .count + .errors] | add) + .not_begun')" 300 "$1: what was asked for is done, or counted as not begun"
	run citusctl -c "$file" demo --users 1000 --duration 3 --clients 1 --rate 20000 --mix aggregate=1 -q -o json
	is "$status" 0 "$1: a demo at an impossible rate succeeds"
	ok "$1: says how much could not be begun" jq -e '.not_begun > 1000' "$TMP/.out"
	ok "$1: and counts the waiting as latency" jq -e '.operations[] | select(.name == "aggregate") |
		.p50_ms > 500 and .max_ms > 2000' "$TMP/.out"
	is "$(json '[.operations[] | select(.count > 0) | .name] | join(" ")')" aggregate "$1: only the mix ran"
}

# clients_of NODE: the demo's clients that are connected to it; those of other nodes are not among them.
clients_of()
{
	node_sql "$(basename "$CITUSCTL_HOME"/report-*)" "$1" -c "SELECT count(*) FROM pg_stat_activity WHERE usename LIKE 'report-%'
		AND application_name NOT LIKE 'citus\_%' AND application_name <> 'postgres_fdw'"
}

clients_of_workers() { nodes=$(clients_of worker1),$(clients_of worker2); }
each_worker_has() { clients_of_workers && [ "$nodes" = "$1,$1" ]; }

test_via_any()
{
	local pid nodes seconds late via=1
	# For longer, where it was over before anybody could look.
	for seconds in 4 20; do
		ok "$1: a demo with connections to any node comes to its workload" begin --clients 6 --duration "$seconds" --warmup 1 --rate 50 --via any
		if [ "$1" = citus ]; then wait_until "$seconds" each_worker_has 2; else clients_of_workers; fi # they connect one after another
		grep -q '^checking' begun.err
		late=$?
		wait "$pid"
		via=$?
		[ "$late" -ne 0 ] && break
	done
	is "$via" 0 "$1: and succeeds"
	out=$(cat "$TMP/.out")
	is "$(json '.passed')" true "$1: and verifies"
	if [ "$1" = citus ]; then
		is "$nodes" 2,2 "$1: a third of the clients were at each worker"
		is "$(json .via)" any "$1: every node served it"
	else
		is "$nodes" 0,0 "$1: no client was at a worker"
		like "$(json .via)" 'through the coordinator: workers' "$1: it says why only the coordinator served it"
	fi
	is "$(json .warmup_seconds)" 1 "$1: the warm-up is named"
	# But for what is under way at its end: of each client one.
	ok "$1: and not counted" jq -e --argjson due $((seconds * 50)) '([.operations[] | .count + .errors] | add) + .not_begun - $due |
		. >= 0 and . <= 6' "$TMP/.out"
}

test_columnar()
{
	local shard
	run citusctl demo --users 500 --duration 0 --columnar --keep -q -o json
	is "$status" 0 "$1: a demo with columnar storage succeeds"
	if [ "$1" = citus ]; then
		is "$(json .columnar.storage)" columnar "$1: it is columnar"
		ok "$1: and smaller than the same as heap" jq -e '.columnar | .bytes > 0 and .bytes < .heap_bytes / 2' "$TMP/.out"
	else
		is "$(json .columnar.storage)" heap "$1: it says that it is heap"
	fi
	ok "$1: both were filled and asked" jq -e '.columnar | .rows > 1000 and .query_ms > 0 and .heap_query_ms > 0' "$TMP/.out"
	shard=$(node_sql "report-$1" worker1 -c "SET citus.override_table_visibility TO off" \
		-c "SELECT min(relname) FROM pg_class WHERE relkind = 'r' AND relname ~ '^activity_heap_[0-9]{4,}\$'")
	ok "$1: a row can be taken from a shard" node_sql "report-$1" worker1 -c "SET citus.enable_manual_changes_to_shards TO on" \
		-c "DELETE FROM citusctl_demo.$shard WHERE ctid = (SELECT min(ctid) FROM citusctl_demo.$shard)"
	run citusctl demo --verify-only -q -o json
	is "$status: $(json '[.checks[] | select(.passed | not) | .name] | join(" ")')" "3: columnar" \
		"$1: just the check of columnar storage finds it"
}

# begin OPTION...: a demo in the background, up to its workload.
begin()
{
	rm -f begun.err # of the run before
	"$CITUSCTL" -c "$file" demo --users 300 "$@" -o json >"$TMP/.out" 2>begun.err </dev/null &
	pid=$!
	wait_until 60 grep -q '^working' begun.err
}

is_waiting() { [ "$(node_sql "report-$1" coordinator -c "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'citusctl_demo.demo_ledger'::regclass")" -gt 0 ]; }
is_over() { grep -q '^checking' begun.err || ! kill -0 "$pid"; }
waits_or_is_over() { is_waiting "$1" || is_over; }

# held ENGINE SECONDS: a demo whose ledger is locked at its end, for longer than it took until its workload; within is the time from
# its begin until it was seen to wait.  False when it was over before.
held()
{
	local began=${EPOCHREALTIME/[.,]/} working waiting blocker
	within=0
	ok "$1: a demo comes to its workload" begin --duration "$2"
	working=${EPOCHREALTIME/[.,]/}
	node_sql "report-$1" coordinator -o /dev/null -c "BEGIN; LOCK TABLE citusctl_demo.demo_ledger IN EXCLUSIVE MODE" \
		-c "SELECT pg_sleep(600)" 2>/dev/null &
	blocker=$!
	wait_until 120 waits_or_is_over "$1"
	if is_waiting "$1"; then
		waiting=${EPOCHREALTIME/[.,]/}
		within=$((waiting - began))
		sleep $(((working - began) / 1000000 + 1))
	fi
	node_sql "report-$1" coordinator -o /dev/null -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
		WHERE query LIKE '%pg_sleep(600)%' AND pid <> pg_backend_pid()"
	wait "$blocker"
	wait "$pid"
	held=$?
	[ "$within" -gt 0 ]
}

# What is written down afterwards takes its time, which is not the workload's.
test_end()
{
	local pid within held seconds
	for seconds in 3 20; do
		held "$1" "$seconds" && break
	done
	is "$held" 0 "$1: it succeeds though its ledger was locked"
	ok "$1: the waiting for it is not counted" jq -e --argjson within "$within" '.seconds < $within / 1e6 and
		(.series.seconds | add) < $within / 1e6' "$TMP/.out"
}

# What fails in the warm-up is no error of the run.
test_warmup()
{
	local pid seconds warmed denied failed role=report-$1
	# For longer, where it was over before the role was let in again.
	for seconds in 6 30; do
		denied=$(denials "$1")
		ok "$1: a demo comes to its warm-up" begin --warmup "$seconds" --duration 2 --rate 10 --mix post_tweet=1
		node_sql "report-$1" coordinator -c "REVOKE INSERT ON citusctl_demo.tweets FROM \"$role\""
		wait_until 20 more_denials "$1" "$denied"
		failed=$?
		node_sql "report-$1" coordinator -c "GRANT INSERT ON citusctl_demo.tweets TO \"$role\""
		wait "$pid"
		warmed=$?
		if [ "$warmed" -ne 0 ] || { [ "$failed" -eq 0 ] && jq -e '.errors == 0' "$TMP/.out" >/dev/null; }; then break; fi
	done
	is "$failed" 0 "$1: posts fail in the warm-up"
	is "$warmed" 0 "$1: it succeeds"
	is "$(jq -c '[.errors, .first_error, ([.operations[].errors] | add)]' "$TMP/.out")" '[0,null,0]' "$1: errors of the warm-up are not counted"
}
denials() { grep -c 'permission denied for .* tweets' "$CITUSCTL_HOME/report-$1/coordinator.log"; }
more_denials() { [ "$(denials "$1")" -gt "$2" ]; }

test_usage()
{
	run citusctl demo --mix sleep=1
	is "$status" 2 "$1: an unknown operation is a wrong usage"
	like "$err" 'read_feed, read_profile, post_tweet' "$1: and the known ones are named"
	run citusctl demo --via worker1
	is "$status" 2 "$1: so is an unknown way to connect"
	run citusctl demo --help
	like "$out" '\(x/3\)\^\(-4/3\), a power law of density exponent 7/3' "$1: help tells the exponent of the followers"
}

# On a terminal there is a bar with the time that is left, and no line is wider than it.
test_terminal()
{
	if ! command -v script >/dev/null; then
		skip "$1: progress on a terminal" "there is no program \"script\" here"
		return
	fi
	run script -qefc "stty cols 80; exec '$CITUSCTL' -c '$file' demo --users 20000 --duration 2" /dev/null
	is "$status" 0 "$1: a demo on a terminal succeeds"
	like "$(tr '\r' '\n' <<<"$out")" 'loading [a-z_]+ \[#+\.+\] +[0-9]+ %, [0-9]+ s left' "$1: loading has a bar and the time that is left"
	like "$(tr '\r' '\n' <<<"$out")" 'working +[0-9]+ \([0-9]+ s\)' "$1: the workload counts"
	is "$(tr '\r' '\n' <<<"$out" | sed -e 's/\x1b\[[0-9;]*[mK]//g' | grep -E '^.{80}' | grep -v PGPASSWORD)" "" "$1: no line is wider than 80 columns"
}

test_report()
{
	write_description "report-$1" '"workers": 2, "engine": "'"$1"'"'
	file=$PWD/cluster.json
	run citusctl init
	is "$status" 0 "$1: init succeeds"
	run citusctl demo --users 1000 --duration 4 -q -o json
	is "$status" 0 "$1: a demo succeeds"
	test_series "$1"
	test_placements "$1"
	test_rate "$1"
	test_via_any "$1"
	test_end "$1"
	test_warmup "$1"
	test_usage "$1"
	test_terminal "$1"
	test_columnar "$1"
	run citusctl destroy -y
	is "$status" 0 "$1: destroy succeeds"
}

for_each_engine test_report
finish
