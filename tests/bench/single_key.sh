#!/usr/bin/env bash
# Throughput of prepared single-key reads on the embedded engine, as a ratio to that of Citus on the same machine in the same run:
# pgbench -M prepared, turns of SECONDS_EACH (default 8) taken by each engine alternately, ROUNDS (default 3) times; the figure is
# the ratio of the medians.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/../integration/lib.sh"

SECONDS_EACH=${SECONDS_EACH:-8}
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
for _ in $(seq "$ROUNDS"); do
	for engine in citus embedded; do
		app "$engine" pgbench -n -M prepared -D "rows=$ROWS" -c "$CLIENTS" -j 2 -T "$SECONDS_EACH" -f read.sql >"$engine.out" 2>&1
		sed -nE 's/^tps = ([0-9.]+).*/\1/p' "$engine.out" >>"$engine.tps"
	done
done
for engine in embedded citus; do
	[ -s "$engine.tps" ] || { cat "$engine.out" && exit 1; }
	"$CITUSCTL" -q -y -c "$engine.json" destroy >/dev/null
done
echo "$(median <embedded.tps) $(median <citus.tps)" | awk '{ printf "single-key reads: embedded %.0f/s, citus %.0f/s, ratio %.2f\n", $1, $2, $1 / $2 }'
