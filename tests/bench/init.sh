#!/usr/bin/env bash
# How long "citusctl init" takes, as a ratio to what no tool can avoid: one initdb,
# one server start, and on Citus one CREATE EXTENSION; all measured in this run.
# Each figure is the smallest of RUNS (default 3).
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/../integration/lib.sh"

RUNS=${RUNS:-3}

# Seconds that a command takes, with milliseconds; its output is thrown away.
seconds()
{
	local from=$EPOCHREALTIME

	"$@" >/dev/null 2>&1 || echo "bench: failed: $*" >&2
	echo "$EPOCHREALTIME $from" | awk '{ printf "%.3f\n", $1 - $2 }'
}

smallest() { sort -n | head -n 1; }

as_server_user()
{
	if [ "$(id -u)" -eq 0 ]; then
		setpriv --reuid postgres --regid postgres --init-groups -- "$@"
	else
		"$@"
	fi
}

# initdb, start and, on Citus, the extension; the server is stopped afterwards.
floor()
{
	local engine=$1 dir=$TMP/floor.$1

	as_server_user "$bindir/initdb" -D "$dir/data" -U postgres -A trust &&
		{ [ "$engine" != citus ] || echo "shared_preload_libraries = 'citus'" >>"$dir/data/postgresql.conf"; } &&
		as_server_user "$bindir/pg_ctl" -w -s -D "$dir/data" -l "$dir/log" \
			-o "-c listen_addresses= -c unix_socket_directories=$dir" start &&
		{ [ "$engine" != citus ] || as_server_user psql -qX -h "$dir" -U postgres -c 'CREATE EXTENSION citus' postgres; }
}

bindir=$BINDIR
export CHIRP_PASSWORD=only-for-the-bench

for engine in $TEST_ENGINES; do
	if [ "$engine" = citus ] && ! have_citus; then
		echo "init, citus: not measured, Citus is not installed for PostgreSQL $PG_MAJOR here"
		continue
	fi
	sed "s/\"engine\": \"auto\"/\"engine\": \"$engine\"/; s/\"name\": \"chirp\"/\"name\": \"bench\"/" \
		"$REPO/cluster.json.example" >"$TMP/$engine.json"
	for _ in $(seq "$RUNS"); do
		mkdir "$TMP/floor.$engine" && chmod 777 "$TMP/floor.$engine"
		seconds floor "$engine" >>"$TMP/$engine.floor"
		as_server_user "$bindir/pg_ctl" -s -m immediate -D "$TMP/floor.$engine/data" stop
		rm -rf "$TMP/floor.$engine"
		seconds "$CITUSCTL" -c "$TMP/$engine.json" init >>"$TMP/$engine.first"
		seconds "$CITUSCTL" -c "$TMP/$engine.json" init >>"$TMP/$engine.second"
		"$CITUSCTL" -q -y -c "$TMP/$engine.json" destroy >/dev/null
	done
	echo "$engine $(smallest <"$TMP/$engine.floor") $(smallest <"$TMP/$engine.first") $(smallest <"$TMP/$engine.second")" |
		awk '{ printf "init, %-8s  floor %.2f s, first %.2f s (%.2f times the floor), second %.2f s (%.2f times the first)\n",
			$1, $2, $3, $3 / $2, $4, $4 / $3 }'
done
