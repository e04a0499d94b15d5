#!/usr/bin/env bash
# How long "citusctl init" takes, as a ratio to what no tool can avoid: one initdb,
# one server start, and on Citus one CREATE EXTENSION.  Each side is the smallest of
# RUNS (default 5), taken in turns; nothing is deleted before all are done.
set -u
# shellcheck source=tests/bench/lib.sh
. "$(dirname "$0")/lib.sh"

RUNS=${RUNS:-5}
export CHIRP_PASSWORD=only-for-the-bench

# initdb, start and, on Citus, the extension.
floor()
{
	local engine=$1 dir=$2

	as_server_user "$BINDIR/initdb" -D "$dir/data" -U postgres -A trust &&
		{ [ "$engine" != citus ] || echo "shared_preload_libraries = 'citus'" >>"$dir/data/postgresql.conf"; } &&
		as_server_user "$BINDIR/pg_ctl" -w -s -D "$dir/data" -l "$dir/log" \
			-o "-c listen_addresses= -c unix_socket_directories=$dir" start &&
		{ [ "$engine" != citus ] || as_server_user psql -qX -h "$dir" -U postgres -c 'CREATE EXTENSION citus' postgres; }
}

measure()
{
	local engine=$1 wanted=$2 run dir name floor first second
	for run in $(seq "$RUNS"); do
		name=$engine$run
		dir=$TMP/floor.$name
		mkdir "$dir" && chmod 777 "$dir"
		seconds floor "$engine" "$dir" >>"$TMP/$engine.floor"
		as_server_user "$BINDIR/pg_ctl" -s -m immediate -D "$dir/data" stop

		jq --arg engine "$engine" --arg name "$name" 'del(.coordinator.port) + {name: $name, engine: $engine}' \
			"$REPO/cluster.json.example" >"$TMP/$name.json"
		seconds "$CITUSCTL" -c "$TMP/$name.json" init >>"$TMP/$engine.first"
		seconds "$CITUSCTL" -c "$TMP/$name.json" init >>"$TMP/$engine.second"
		"$CITUSCTL" -q -c "$TMP/$name.json" node stop >/dev/null
	done
	floor=$(smallest <"$TMP/$engine.floor")
	first=$(smallest <"$TMP/$engine.first")
	second=$(smallest <"$TMP/$engine.second")
	figure "init, $engine" '<=' "$wanted" "$(calc "$first / $floor")" \
		"$(printf '%.2f s, times the floor of %.2f s' "$first" "$floor")"
	figure "second init, $engine" '<=' 0.3 "$(calc "$second / $first")" \
		"$(printf '%.2f s, times the first' "$second")"
}

measure embedded 4
if have_citus; then
	measure citus 2.2
else
	not_measured 'init, citus' "Citus is not installed for PostgreSQL $PG_MAJOR here"
fi
