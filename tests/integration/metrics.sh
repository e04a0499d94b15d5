#!/usr/bin/env bash
# shellcheck disable=SC2154 # lib.sh sets out, err, status and took_ms
# citusctl metrics: a real Prometheus scrapes them by way of node_exporter; they say what is, and what is wrong.
set -u
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

# value NAME [LABEL=VALUE]: of the sample in $out.
value() { grep -E "^$1\{[^}]*${2-}[^}]*\} " <<<"$out" | head -n 1 | sed 's/.*} //'; }

test_values()
{
	is "$(value citusctl_up)" 1 "$1: the coordinator is up"
	is "$(grep -c '^citusctl_node_up{.*} 1$' <<<"$out")" 3 "$1: so are three nodes"
	is "$(value citusctl_node_shards 'node="worker1"')" "$(value citusctl_node_shards 'node="worker2"')" "$1: shards are even"
	ok "$1: there are some" test "$(value citusctl_node_shards 'node="worker1"')" -gt 0
	ok "$1: and bytes" test "$(value citusctl_node_shard_bytes 'node="worker1"')" -gt 0
	ok "$1: one worker is as full as the fullest" test "$(grep '^citusctl_node_over_mean{' <<<"$out" | sed 's/.*} //' | sort -g | tail -n 1)" = \
		"$(value citusctl_balance_max_over_mean)"
	is "$(grep -Ec '^citusctl_node_over_mean\{.*} [01](\.[0-9]+)?$' <<<"$out")" 2 "$1: both say how full they are over the mean"
	is "$(value citusctl_demo_passed)" 1 "$1: the last demo passed"
	ok "$1: with operations" test "$(value citusctl_demo_operations 'operation="read_feed"')" -gt 0
	is "$(value citusctl_moves_running)" 0 "$1: no shard is being moved"
	is "$(value citusctl_cleanup_records)" 0 "$1: nothing was left behind"
	like "$out" "^citusctl_info\{.*engine=\"$1\"" "$1: the engine is named"
}

sql() { node_sql "metrics-$1" coordinator -c "$2"; }
moves() { run citusctl metrics && [ "$(value citusctl_moves_running)" -gt 0 ]; }

# A move that waits for its turn to switch over is under way for as long as somebody writes.
test_moves()
{
	local mover holder
	sql "$1" "BEGIN; INSERT INTO citusctl_demo.subscriptions SELECT id, id, now() FROM citusctl_demo.users; SELECT pg_sleep(60)" >holder.out 2>&1 &
	holder=$!
	ok "$1: somebody writes" wait_until 30 is_sleeping "$1"
	sql "$1" "SELECT citus_move_shard_placement(shardid, nodeid, (SELECT nodeid FROM pg_dist_node m WHERE groupid > 0 AND m.nodeid <> n.nodeid), 'force_logical')
		FROM pg_dist_placement JOIN pg_dist_shard USING (shardid) JOIN pg_dist_node n USING (groupid)
		WHERE logicalrelid = 'citusctl_demo.users'::regclass ORDER BY shardid LIMIT 1" >mover.out 2>&1 &
	mover=$!
	ok "$1: a move under way is counted" wait_until 30 moves
	ok "$1: with its bytes" test "$(value citusctl_moves_bytes)" -gt 0
	sql "$1" "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid()" >/dev/null
	wait "$holder"
	wait "$mover"
	is "$?" 0 "$1: the move ends"
	unlike "$(cat mover.out)" ERROR "$1: without an error"
	run citusctl metrics
	is "$(value citusctl_moves_running)" 0 "$1: and is not counted any more"
}
is_sleeping() { [ "$(sql "$1" "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND wait_event = 'PgSleep'")" -gt 0 ]; }

# A cluster that citusctl did not set up has nothing of its.
test_foreign()
{
	node_sql "metrics-$1" coordinator -c "DROP SCHEMA citusctl CASCADE"
	run citusctl metrics
	is "$status" 0 "$1: metrics of a cluster without citusctl's own tables succeed"
	is "$(value citusctl_node_up 'node="worker1"')" 1 "$1: and say what is up"
}

test_broken()
{
	if [ "$1" = citus ]; then
		node_sql "metrics-$1" worker1 -c "BEGIN; CREATE TABLE left_open (); PREPARE TRANSACTION 'citus_0_1_2_3'" &&
			node_sql "metrics-$1" worker1 -o /dev/null -c "SELECT pg_create_physical_replication_slot('left', true)"
		run citusctl metrics
		is "$(value citusctl_node_prepared_transactions 'node="worker1"')" 1 "$1: a prepared transaction is counted"
		is "$(value citusctl_node_replication_slots_inactive 'node="worker1"')" 1 "$1: so is a slot that nobody reads"
		node_sql "metrics-$1" worker1 -c "ROLLBACK PREPARED 'citus_0_1_2_3'"
	fi
	kill -INT "$(head -n 1 "$CITUSCTL_HOME/metrics-$1/worker2/postmaster.pid")"
	ok "$1: a worker stops" wait_until 30 test ! -e "$CITUSCTL_HOME/metrics-$1/worker2/postmaster.pid"
	run citusctl metrics
	is "$status" 0 "$1: metrics of a cluster with a dead worker succeed"
	is "$(value citusctl_node_up 'node="worker2"')" 0 "$1: and say that it is down"
	is "$(value citusctl_node_up 'node="worker1"')" 1 "$1: and the other one up"
	run citusctl node list
	like "$out" '^worker2 .* down .* unknown ' "$1: the list of nodes does not pretend to know the size of a node that is down"
	run citusctl node list -o json
	is "$(json '.nodes[] | select(.name == "worker2") | .bytes')" null "$1: nor does it as JSON"
	run citusctl node stop
	run citusctl metrics
	is "$status" 4 "$1: a dead coordinator makes the status 4"
	is "$(value citusctl_up)" 0 "$1: and is a metric as well"
}

# The way of a sample into a real Prometheus.
is_scraped() { curl -sf "http://127.0.0.1:$prometheus_port/api/v1/query" --data-urlencode "query=$1" | jq -e '.data.result | length > 0'; }

test_prometheus()
{
	local exporter_port prometheus_port pids query
	if ! command -v prometheus >/dev/null || ! command -v prometheus-node-exporter >/dev/null || ! command -v curl >/dev/null; then
		skip "$1: Prometheus scrapes them" "prometheus, prometheus-node-exporter or curl is missing; packages.sh more installs them"
		return
	fi
	ok "$1: promtool has nothing to say against them" promtool check metrics <"$TMP/text/citusctl.prom"
	exporter_port=$(free_port)
	prometheus-node-exporter --collector.disable-defaults --collector.textfile \
		--collector.textfile.directory="$TMP/text" --web.listen-address="127.0.0.1:$exporter_port" >exporter.log 2>&1 &
	pids=$!
	wait_until 30 curl -sf "http://127.0.0.1:$exporter_port/metrics"
	prometheus_port=$(free_port)
	run citusctl metrics --show prometheus
	sed -e "s/localhost:9100/127.0.0.1:$exporter_port/; s/30s/1s/" <<<"$out" >prometheus.yml
	ok "$1: promtool takes the scrape configuration" promtool check config prometheus.yml
	prometheus --config.file=prometheus.yml --storage.tsdb.path="$TMP/tsdb" \
		--web.listen-address="127.0.0.1:$prometheus_port" >prometheus.log 2>&1 &
	pids="$pids $!"
	ok "$1: Prometheus scrapes them" wait_until 60 is_scraped 'citusctl_up == 1'
	ok "$1: and knows three nodes" wait_until 30 is_scraped 'sum(citusctl_node_up) == 3'
	citusctl metrics --show grafana | jq -r '.panels[].targets[].expr' | sed "s/\$cluster/metrics-$1/" >queries
	while read -r query; do
		# Where nothing moves there is nothing of moves to see.
		[[ $query == *moves* ]] || wait_until 60 is_scraped "$query" || echo "$query"
	done <queries >empty
	is "$(cat empty)" "" "$1: every panel of the dashboard has something to show"
	# shellcheck disable=SC2086 # several process ids
	kill $pids
	wait
}

test_metrics()
{
	local settings=''
	# What somebody prepared stays until it has been counted.
	[ "$1" = citus ] && settings=', "postgres": {"settings": {"citus.recover_2pc_interval": "-1"}}'
	write_description "metrics-$1" '"workers": 2, "engine": "'"$1"'"'"$settings"
	run citusctl init
	is "$status" 0 "$1: init succeeds"
	run citusctl demo --keep --users 300 --duration 1 -q -o json
	is "$status" 0 "$1: a demo succeeds"
	mkdir -p text
	run citusctl metrics --textfile "$TMP/text/citusctl.prom"
	is "$status:$out" "0:" "$1: metrics go to a file"
	run citusctl metrics
	is "$status" 0 "$1: and to standard output"
	test_values "$1"
	is "$(grep -c '^citusctl_' text/citusctl.prom)" "$(grep -c '^citusctl_' <<<"$out")" "$1: the file has the same"
	test_prometheus "$1"
	test_moves "$1"
	test_foreign "$1"
	test_broken "$1"
	run citusctl destroy -y
	is "$status" 0 "$1: destroy succeeds"
	rm -rf cluster.json text tsdb
}

run citusctl metrics --show nothing
is "$status" 2 "what cannot be shown is a wrong usage"
run citusctl metrics --show timer
like "$out" '^ExecStart=.* metrics --textfile ' "the timer runs it"
for_each_engine test_metrics
finish
