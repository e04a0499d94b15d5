#!/usr/bin/env bash
# How long a client waits while the shard that it writes moves: the slowest of its statements in each move, beside the
# slowest in as long a time without a move, just before, in the same run. On both engines, where Citus is there, with the same data
# and client. MOVES (default 12) is how many there are of each mode; ROWS (default 20000) those of each of the two tables.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/../integration/lib.sh"

MOVES=${MOVES:-12}
ROWS=${ROWS:-20000}

make_tables()
{
	node_sql "$1" coordinator <<-SQL
		CREATE TABLE users (id bigint PRIMARY KEY, n bigint, padding text);
		CREATE TABLE tweets (author bigint, id bigint, body text, PRIMARY KEY (author, id));
		ALTER TABLE users OWNER TO "$1";
		ALTER TABLE tweets OWNER TO "$1";
		SET citus.shard_count = 8;
		SELECT create_distributed_table('users', 'id'), create_distributed_table('tweets', 'author', colocate_with => 'users');
		INSERT INTO users SELECT i, 0, repeat('x', 100) FROM generate_series(1, $ROWS) i;
		INSERT INTO tweets SELECT i, i, repeat('x', 100) FROM generate_series(1, $ROWS) i;
	SQL
}

# slowest FROM TO: milliseconds of the slowest statement that ended between these times, given in seconds.
slowest()
{
	cat probe.[0-9]* | awk -v from="$1" -v to="$2" '{ at = $5 + $6 / 1000000 } at >= from && at <= to && $3 > max { max = $3 }
		END { printf "%.1f\n", max / 1000 }'
}
statistics() { sort -n | awk '{ a[NR] = $1 } END { printf "%.1f %.1f", a[int((NR + 1) / 2)], a[NR] }'; }

# measure ENGINE MODE: moves one shard group to and fro, with one client that writes to it.
measure()
{
	local name=bench_$1 shard key from to source=2 target=3 probe began
	shard=$(node_sql "$name" coordinator -c "SELECT shardid FROM pg_dist_shard JOIN pg_dist_placement USING (shardid) JOIN pg_dist_node USING (groupid)
		WHERE logicalrelid = 'users'::regclass AND nodeid = 2 ORDER BY 1 LIMIT 1")
	key=$(node_sql "$name" coordinator -c "SELECT min(i) FROM generate_series(1, 500) i WHERE get_shard_id_for_distribution_column('users', i::bigint) = $shard")
	printf 'UPDATE users SET n = n + 1 WHERE id = %s;\n\\sleep 2 ms\n' "$key" >probe.pgbench
	rm -f probe.[0-9]* took windows quiet
	PGPASSWORD=$(cat "$CITUSCTL_HOME/$name/password") "$BINDIR/pgbench" -n -h 127.0.0.1 -p "$(jq -r .nodes.coordinator.port "$CITUSCTL_HOME/$name/state.json")" \
		-U "$name" -c 1 -T 3600 --max-tries=100 -l --log-prefix=probe -f probe.pgbench "$name" >probe.out 2>&1 &
	probe=$!
	sleep 1
	for _ in $(seq "$MOVES"); do
		from=$EPOCHREALTIME
		node_sql "$name" coordinator -c "SELECT citus_move_shard_placement($shard, $source, $target, '$2')" >/dev/null || echo "bench: a move failed" >&2
		to=$EPOCHREALTIME
		sleep 0.2
		echo "$from $EPOCHREALTIME" >>windows
		awk -v from="$from" -v to="$to" 'BEGIN { print (to - from) * 1000 }' >>took
		# As long without a move.
		began=$EPOCHREALTIME
		sleep "$(awk -v from="$from" -v to="$to" 'BEGIN { print to - from + 0.2 }')"
		echo "$began $EPOCHREALTIME" >>quiet
		node_sql "$name" coordinator -c 'CALL citus_cleanup_orphaned_resources()' >/dev/null 2>&1
		read -r source target <<<"$target $source"
	done
	kill "$probe"
	wait "$probe" 2>/dev/null
	while read -r from to; do slowest "$from" "$to"; done <windows >stalls
	while read -r from to; do slowest "$from" "$to"; done <quiet >calm
	echo "$1 $2 $(statistics <stalls) $(statistics <calm) $(statistics <took)" |
		awk '{ printf "moves, %-8s %-13s slowest statement: median %.0f ms, worst %.0f ms; without a move %.1f and %.0f ms; a move takes %.0f ms\n", $1, $2 ":", $3, $4, $5, $6, $7 }'
}

for engine in $TEST_ENGINES; do
	if [ "$engine" = citus ] && ! have_citus; then
		echo "moves, citus: not measured, Citus is not installed for PostgreSQL $PG_MAJOR here"
		continue
	fi
	write_description "bench_$engine" '"workers": 3, "engine": "'"$engine"'"'
	"$CITUSCTL" -q init >/dev/null && make_tables "bench_$engine" >/dev/null || exit 1
	for mode in force_logical block_writes; do
		measure "$engine" "$mode"
	done
	"$CITUSCTL" -q -y destroy >/dev/null
done
