#!/usr/bin/env bash
# shellcheck disable=SC2154 # lib.sh sets out
# citusctl rebalance against what Citus has itself, on the same cluster in the same run: scale-out from 3 to 4 workers, 4
# colocated tables in 32 shards. Then writes during at least 100 moves, and what the ETA was worth.
#
# PARTS="speed stalls eta" limits what is measured, ROWS is the size of each of the three large tables, RUNS how often,
# JOBS how many moves at a time when writes are watched (default: the description's).
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/../integration/lib.sh"

PARTS=${PARTS:-speed stalls eta}
ROWS=${ROWS:-1200000}
RUNS=${RUNS:-3}
cluster=rebalance
servers='coordinator worker1 worker2 worker3 worker4'

if ! have_citus; then
	echo "rebalance: not measured, Citus is not installed for PostgreSQL $PG_MAJOR here"
	exit 0
fi

die() { echo "bench: $*" >&2; exit 1; }
now() { echo "${EPOCHREALTIME/[.,]/}"; }
since() { awk -v from="$1" -v to="$(now)" 'BEGIN { printf "%.2f", (to - from) / 1e6 }'; }
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
sql() { node_sql "$cluster" coordinator; }
on_all() { for node in $servers; do node_sql "$cluster" "$node" <<<"$1" >/dev/null || die "$1 on $node"; done; }
describe() # WORKERS
{
	write_description "$cluster" '"workers": '"$1"', "engine": "citus", "shard_count": 32, "schema": ["schema.sql"],
		"postgres": {"settings": {"shared_buffers": "256MB", "max_wal_size": "4GB", "max_worker_processes": 100}},
		"tables": [{"name": "users", "distribution_column": "id"},
			{"name": "tweets", "distribution_column": "user_id", "colocate_with": "users"},
			{"name": "subscriptions", "distribution_column": "user_id", "colocate_with": "users"},
			{"name": "feed_items", "distribution_column": "user_id", "colocate_with": "users"}]'
}

cat >schema.sql <<'END'
CREATE TABLE IF NOT EXISTS users (id bigint PRIMARY KEY, name text, note text);
CREATE TABLE IF NOT EXISTS tweets (user_id bigint, id bigint, body text, PRIMARY KEY (user_id, id));
CREATE TABLE IF NOT EXISTS subscriptions (user_id bigint, followed bigint, since timestamptz, PRIMARY KEY (user_id, followed));
CREATE TABLE IF NOT EXISTS feed_items (user_id bigint, id bigint, author bigint, at timestamptz, PRIMARY KEY (user_id, id));
END
describe 3
citusctl -q init >/dev/null || die init
sql <<END || die load
INSERT INTO users SELECT i, 'user ' || i, 'note' FROM generate_series(1, 100000) i;
INSERT INTO tweets SELECT 1 + i::bigint * 7919 % 100000, i, repeat('x', 100) FROM generate_series(1, $ROWS) i;
INSERT INTO subscriptions SELECT 1 + i::bigint * 7919 % 100000, i, now() FROM generate_series(1, $ROWS) i;
INSERT INTO feed_items SELECT 1 + i::bigint * 7919 % 100000, i, i % 1000, now() FROM generate_series(1, $ROWS) i;
END
describe 4
citusctl -q init >/dev/null || die "init with a fourth worker"
sql <<<"SELECT replicate_reference_tables()" >/dev/null
on_all CHECKPOINT
bytes=$(sql <<<"SELECT pg_size_pretty(sum(shard_size)) FROM citus_shards WHERE citus_table_type = 'distributed'")
echo "rebalance: 3 to 4 workers, 4 colocated tables, 32 shard groups, $bytes, $(nproc) processors"

# Where each shard group is now, to bring it back there.
groups()
{
	sql <<<"SELECT min(s.shardid), min(n.nodeid) FROM citus_shards s JOIN pg_dist_node n USING (nodename, nodeport)
		JOIN pg_dist_shard d USING (shardid) WHERE s.citus_table_type = 'distributed' GROUP BY d.shardminvalue ORDER BY 1"
}
groups >groups.before

move_back() # SHARD NODE-ID NODE-ID
{
	sql <<<"SET client_min_messages = error; SELECT citus_move_shard_placement($1, $2, $3, 'block_writes')" >/dev/null
}
reset_cluster()
{
	local shard from to

	groups | join -t '|' - groups.before | while IFS='|' read -r shard from to; do
		[ "$from" = "$to" ] || move_back "$shard" "$from" "$to" || die "move $shard back"
	done
	sql <<<"CALL citus_cleanup_orphaned_resources()" 2>/dev/null
	on_all CHECKPOINT
}

# What was moved, in bytes, and how full the fullest worker is: "moved ratio", after a run.
outcome()
{
	groups | join -t '|' - groups.before | awk -F '|' '$2 != $3 { print $1 }' >moved.groups
	sql <<<"SELECT (SELECT sum(s.shard_size) FROM citus_shards s JOIN pg_dist_shard d USING (shardid)
			WHERE s.citus_table_type = 'distributed' AND d.shardminvalue IN (SELECT shardminvalue FROM pg_dist_shard
				WHERE shardid = ANY ('{$(paste -sd , moved.groups)}')))
		|| ' ' || (SELECT round(max(b) / avg(b), 3) FROM (SELECT coalesce(sum(shard_size), 0) AS b FROM pg_dist_node n
			LEFT JOIN citus_shards s USING (nodename, nodeport) WHERE n.groupid > 0 AND s.citus_table_type = 'distributed'
			GROUP BY n.nodeid) x)"
}

# Settings of Citus' own background rebalancer, and PostgreSQL's of which its moves depend.
set_citus() # EXECUTORS PER-NODE QUEUE-INTERVAL RETRY-INTERVAL
{
	on_all "ALTER SYSTEM SET citus.max_background_task_executors = $1"
	on_all "ALTER SYSTEM SET citus.max_background_task_executors_per_node = $2"
	on_all "ALTER SYSTEM SET citus.background_task_queue_interval = '$3'"
	on_all "ALTER SYSTEM SET wal_retrieve_retry_interval = '$4'"
	on_all "SELECT pg_reload_conf()"
	sleep 0.3
}

citus_rebalances() # FLAGS
{
	sql <<STATEMENTS 2>/dev/null
SET client_min_messages = error;
CREATE TEMP TABLE job AS SELECT citus_rebalance_start('by_shard_count'$1) AS id;
DO \$\$
BEGIN
	WHILE EXISTS (SELECT FROM pg_dist_background_job j JOIN job ON j.job_id = job.id
			WHERE j.state NOT IN ('finished', 'failed', 'cancelled')) LOOP
		PERFORM pg_sleep(0.02);
	END LOOP;
END \$\$;
SELECT state FROM pg_dist_background_job j JOIN job ON j.job_id = job.id;
STATEMENTS
}

measure() # NAME COMMAND...: seconds, bytes and balance, into NAME.seconds and NAME.outcome
{
	local name=$1 from

	shift
	from=$(now)
	"$@" >"$name.out" 2>&1 || die "$name: $(tail -n 3 "$name.out")"
	since "$from" >>"$name.seconds"
	echo >>"$name.seconds"
	outcome >"$name.outcome"
	reset_cluster
}

part_speed()
{
	set_citus 1 1 5s 5s
	measure default citus_rebalances ''
	[ "$(cat default.out)" = finished ] || die "Citus: $(cat default.out)"
	for _ in $(seq "$RUNS"); do
		set_citus 8 8 200ms 50ms
		measure tuned citus_rebalances ', parallel_transfer_colocated_shards := true'
		[ "$(cat tuned.out)" = finished ] || die "Citus, tuned: $(cat tuned.out)"
		measure ours citusctl -q rebalance --jobs 4
	done
	for name in default tuned ours; do
		echo "$name $(grep . "$name.seconds" | median) $(cat "$name.outcome") $(grep . "$name.seconds" | sort -n | paste -sd ' ')"
	done | awk '{ seconds[$1] = $2; bytes[$1] = $3; fullest[$1] = $4
			printf "rebalance, %-8s %6.2f s, %5.1f MB moved, fullest worker %s times the mean; runs:", $1, $2, $3 / 1e6, $4
			for (i = 5; i <= NF; i++) printf " %s", $i
			print "" }
		END { short = seconds["ours"] / seconds["default"]; tuned = seconds["ours"] / seconds["tuned"]
			printf "rebalance, ratio    %.2f of the time of citus_rebalance_start with default settings (wanted 0.15: %s), ", short, short <= 0.15 ? "met" : "MISSED"
			printf "%.2f of it tuned (wanted 0.8: %s)\n", tuned, tuned <= 0.8 ? "met" : "MISSED"
			printf "rebalance, plan     %.3f of its bytes (wanted 1: %s), fullest worker %s of the mean against %s (wanted no more: %s)\n",
				bytes["ours"] / bytes["default"], bytes["ours"] <= bytes["default"] ? "met" : "MISSED",
				fullest["ours"], fullest["default"], fullest["ours"] <= fullest["default"] ? "met" : "MISSED" }'
}

# A prober for each shard group that moves: it inserts through the coordinator every 10 ms, each a transaction, and keeps
# the longest. One error ends it, and the bench.
make_prober()
{
	sql <<'STATEMENTS'
SET citus.enable_ddl_propagation TO off;
CREATE TABLE probe_stop (run int);
CREATE TABLE probe_result (run int, shard bigint, acknowledged bigint, worst_ms numeric, moved boolean);
CREATE PROCEDURE probe(run int, shard bigint, key bigint) LANGUAGE plpgsql AS $$
DECLARE
	n bigint := 0;
	worst interval := '0';
	begun timestamptz;
BEGIN
	WHILE NOT EXISTS (SELECT FROM probe_stop s WHERE s.run = probe.run) LOOP
		begun := clock_timestamp();
		INSERT INTO feed_items VALUES (key, 1000000000 + probe.run * 10000000 + n, 0, now());
		COMMIT;
		worst := greatest(worst, clock_timestamp() - begun);
		n := n + 1;
		PERFORM pg_sleep(0.01);
		COMMIT;
	END LOOP;
	INSERT INTO probe_result VALUES (run, shard, n, extract(epoch FROM worst) * 1000);
END $$;
STATEMENTS
}

part_stalls()
{
	local moves=0 runs=0 shard key

	set_citus 1 1 5s 50ms
	make_prober || die "make the prober"
	sql <<<"SELECT DISTINCT ON (1) get_shard_id_for_distribution_column('users', i), i FROM generate_series(1, 2000) i" >keys
	while [ "$moves" -lt "${MOVES:-100}" ]; do
		runs=$((runs + 1))
		citusctl -q rebalance --dry-run -o json >plan.json || die plan
		# Two that don't move tell what a write waits for anyway.
		jq -r '.moves[].shard_group' plan.json | sort >moving
		for shard in $(cat moving) $(cut -d '|' -f 1 groups.before | sort | comm -13 moving - | head -n 2); do
			key=$(awk -F '|' -v shard="$shard" '$1 == shard { print $2 }' keys)
			sql <<<"CALL probe($runs, $shard, $key)" 2>"probe.$shard" || touch probe.failed &
		done
		sleep 0.5
		citusctl -q rebalance ${JOBS:+--jobs "$JOBS"} -o json >run.json || die "rebalance: $(jq -c .error run.json)"
		sleep 0.2
		sql <<<"INSERT INTO probe_stop VALUES ($runs)"
		wait
		[ ! -e probe.failed ] || die "a write failed: $(cat probe.[0-9]* | head -n 3)"
		moves=$((moves + $(jq .moved run.json)))
		sql <<<"UPDATE probe_result SET moved = shard = ANY ('{$(paste -sd , moving)}') WHERE run = $runs"
		reset_cluster
	done
	sql <<<"SELECT count(*) FILTER (WHERE moved), (percentile_cont(0.5) WITHIN GROUP (ORDER BY worst_ms) FILTER (WHERE moved))::int,
			(max(worst_ms) FILTER (WHERE moved))::int, sum(acknowledged), (SELECT count(*) FROM feed_items WHERE id >= 1000000000),
			(percentile_cont(0.5) WITHIN GROUP (ORDER BY worst_ms) FILTER (WHERE NOT moved))::int,
			(max(worst_ms) FILTER (WHERE NOT moved))::int FROM probe_result" |
		awk -F '|' -v moves="$moves" -v jobs="$(jq .jobs run.json)" '{
			printf "rebalance, writes   %d moves, %d at a time, a prober for each: no error, %d writes acknowledged, %d there;", moves, jobs, $4, $5
			printf " longest stall per move: median %d ms (wanted 100: %s), worst %d ms (wanted 300: %s)",
				$2, $2 < 100 ? "met" : "MISSED", $3, $3 < 300 ? "met" : "MISSED"
			printf " (of shards that stay, meanwhile: median %d ms, worst %d ms)\n", $6, $7
			if ($4 != $5 || $1 != moves) exit 1 }' || die "rows were lost"
}

# A run of a minute or more: one move at a time, with the retry interval that PostgreSQL has when nobody sets it.
part_eta()
{
	set_citus 1 1 5s 5s
	citusctl -q rebalance --jobs 1 --drain worker1 -o json >run.json || die "rebalance: $(jq -c .error run.json)"
	jq -r '[.estimated_seconds_at_10_percent, .seconds, .moved] | @tsv' run.json | awk '{
		printf "rebalance, ETA      after 10 %% of the bytes %.1f s in all, in truth %.1f s (%+.0f %%), %d moves\n", $1, $2,
			100 * ($1 - $2) / $2, $3 }
		{ off = $1 > $2 ? $1 - $2 : $2 - $1; print "rebalance, ETA      wanted within 25 %, of a run of a minute: " (off <= 0.25 * $2 ? "met" : "MISSED") }'
}

for part in $PARTS; do
	"part_$part"
done
