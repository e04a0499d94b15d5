#!/usr/bin/env bash
# Throughput of prepared single-key reads on the embedded engine, as a ratio to that of Citus on the same machine in the same run:
# pgbench -M prepared, turns of SECONDS_EACH (default 5) taken alternately, ROUNDS (default 3) times; the figures are ratios of the
# medians. The embedded engine is measured as it is, and with plan_cache_mode = force_generic_plan in the session: then a statement is
# planned once, but joins go to all shards, so that is no default. Beside it stands the floor, what postgres_fdw itself takes: the same reads of
# one foreign table on each worker, without partitions or anything of the engine. For a read it talks to the worker five times.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/../integration/lib.sh"

SECONDS_EACH=${SECONDS_EACH:-5}
ROUNDS=${ROUNDS:-3}
CLIENTS=${CLIENTS:-4}
ROWS=100000

if ! have_citus; then
	echo "single-key reads: not measured, Citus is not installed for PostgreSQL $PG_MAJOR here"
	exit 0
fi

app()
{
	PGPASSWORD=$(cat "$CITUSCTL_HOME/bench_$1/password") "${@:2}" -h 127.0.0.1 \
		-p "$(jq -r .nodes.coordinator.port "$CITUSCTL_HOME/bench_$1/state.json")" -U "bench_$1" "bench_$1"
}

median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

cat >read.sql <<'SQL'
\set id random(1, :rows)
SELECT name, karma FROM users WHERE id = :id;
SQL
{
	echo '\set id random(1, :rows)' && echo '\set worker random(1, 3)'
	for i in 1 2 3; do
		printf '%s\n' "\\if :worker = $i" "SELECT name, karma FROM floor$i WHERE id = :id;" '\endif'
	done
} >floor.sql
for engine in embedded citus; do
	printf '{"name": "bench_%s", "workers": 3, "engine": "%s"}\n' "$engine" "$engine" >"$engine.json"
	"$CITUSCTL" -q -c "$engine.json" init >/dev/null || exit
	app "$engine" psql -qAtX -v ON_ERROR_STOP=1 >/dev/null <<-SQL || exit
		SET client_min_messages = warning;
		CREATE TABLE users (id bigint PRIMARY KEY, name text, karma int);
		SELECT create_distributed_table('users', 'id');
		INSERT INTO users SELECT i, 'user' || i, i % 100 FROM generate_series(1, $ROWS) i;
		ANALYZE users;
	SQL
done
# floorN, on worker N and as a foreign table on the coordinator.
for i in 1 2 3; do
	node_sql bench_embedded "worker$i" <<-SQL && node_sql bench_embedded coordinator <<-SQL || exit
		CREATE TABLE floor$i (id bigint PRIMARY KEY, name text, karma int);
		INSERT INTO floor$i SELECT i, 'user' || i, i % 100 FROM generate_series(1, $ROWS) i;
		ANALYZE floor$i;
		GRANT SELECT ON floor$i TO bench_embedded;
	SQL
		CREATE FOREIGN TABLE floor$i (id bigint, name text, karma int) SERVER citus_node_$((i + 1)) OPTIONS (schema_name 'public');
		GRANT SELECT ON floor$i TO bench_embedded;
	SQL
done
for _ in $(seq "$ROUNDS"); do
	for what in citus embedded generic floor; do
		engine=embedded
		[ "$what" != citus ] || engine=citus
		PGOPTIONS=$([ "$what" != generic ] || echo '-c plan_cache_mode=force_generic_plan') \
			app "$engine" pgbench -n -M prepared -D "rows=$ROWS" -c "$CLIENTS" -j 2 -T "$SECONDS_EACH" \
			-f "$([ "$what" = floor ] && echo floor || echo read).sql" >"$what.out" 2>&1
		sed -nE 's/^tps = ([0-9.]+).*/\1/p' "$what.out" >>"$what.tps"
	done
done
for what in citus embedded generic floor; do
	[ -s "$what.tps" ] || { cat "$what.out" && exit 1; }
done
for engine in embedded citus; do
	"$CITUSCTL" -q -y -c "$engine.json" destroy >/dev/null
done
echo "$(median <embedded.tps) $(median <generic.tps) $(median <citus.tps) $(median <floor.tps)" |
	awk '{ printf "single-key reads, prepared: citus %.0f/s, embedded %.0f/s (%.2f times), with generic plans %.0f/s (%.2f times); " \
		"the floor, plain foreign tables, %.0f/s (%.2f times)\n", $3, $1, $1 / $3, $2, $2 / $3, $4, $4 / $3 }'
