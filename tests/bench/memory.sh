#!/usr/bin/env bash
# How much memory citusctl takes while it loads: the peak (VmHWM of its process), for
# ten thousand users and for a million.  Loading a million takes long, so it is watched
# for LOAD_SECONDS (default 60) and then ended; FULL=1 waits for the whole load.
set -u
# shellcheck source=tests/bench/lib.sh
. "$(dirname "$0")/lib.sh"

LOAD_SECONDS=${LOAD_SECONDS:-60}
name=memory

peak_kb() { awk '/^VmHWM/ { print $2 }' "/proc/$1/status" 2>/dev/null; }

# watch USERS SECONDS: sets peak (kB), watched (s), and whole when the load came to its end.
watch()
{
	local users=$1 end=$((SECONDS + $2)) began=$SECONDS pid now
	peak=0 whole=
	"$CITUSCTL" -c "$TMP/$name.json" demo --users "$users" --duration 1 --clients 1 >/dev/null 2>"$TMP/said" </dev/null &
	pid=$!
	while [ -d "/proc/$pid" ]; do
		now=$(peak_kb "$pid")
		if grep -q '^working' "$TMP/said"; then
			whole=1
			break
		fi
		[ -n "$now" ] && peak=$now
		[ "$SECONDS" -lt "$end" ] || break
		sleep 0.1
	done
	[ -n "$whole" ] || kill -INT "$pid" 2>/dev/null
	watched=$((SECONDS - began))
	wait "$pid" 2>/dev/null
}

report()
{
	local text="peak while loading $1 users"
	[ -n "$whole" ] || text="$text, in the first $watched s"
	figure "memory, $2, $1 users" '<=' 64 "$(calc "$peak / 1024")" "MB: $text"
}

measure()
{
	local small
	demo_cluster "$1" "$name" || return
	watch 10000 600
	report 10,000 "$1"
	small=$peak
	watch 1000000 "$([ -n "${FULL-}" ] && echo 36000 || echo "$LOAD_SECONDS")"
	report 1,000,000 "$1"
	figure "memory, $1, growth" '<=' 1.1 "$(calc "$peak / $small")" "times the peak of 10,000 users"
	destroy "$name"
}

for engine in $TEST_ENGINES; do
	if [ "$engine" = citus ] && ! have_citus; then
		not_measured 'memory, citus' "Citus is not installed for PostgreSQL $PG_MAJOR here"
	else
		measure "$engine"
	fi
done
