#!/bin/sh
# Kills a server and every process that it has started, all at once, as a crash does.
# crash.sh DATA
pid=$(head -n 1 "$1/postmaster.pid" 2>/dev/null)
if [ -z "$pid" ] || [ "$(readlink "/proc/$pid/cwd")" != "$(readlink -f "$1")" ]; then
	echo "no server runs in $1" >&2
	exit 1
fi
# Stopped first, so that it makes no process that is missed.
kill -STOP "$pid"
for process in /proc/[0-9]*; do
	[ "$(sed -n 's/^PPid:[[:space:]]*//p' "$process/status" 2>/dev/null)" = "$pid" ] && kill -KILL "${process#/proc/}"
done
kill -KILL "$pid"
while [ -e "/proc/$pid" ] && ! grep -q '^State:[[:space:]]*Z' "/proc/$pid/status" 2>/dev/null; do sleep 0.05; done
exit 0
