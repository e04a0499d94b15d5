#!/bin/sh
# Sees to it that PgBouncer runs with its present settings, or that it does not run.
# pooler.sh run|stop UNIT INI PIDFILE PORT CHANGED: CHANGED is 1 when its files are new.
# Prints what was done: started, reloaded, restarted or stopped; nothing when nothing was.
unit=$2 ini=$3 pidfile=$4 changed=$6
hex=$(printf '%04X' "$5")

listens()
{
	cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
		awk -v port=":$hex" '$4 == "0A" && substr($2, length($2) - 4) == port { found = 1 } END { exit !found }'
}

running() { pid=$(cat "$pidfile" 2>/dev/null) && grep -qa pgbouncer "/proc/$pid/cmdline" 2>/dev/null; }

start()
{
	if [ -d /run/systemd/system ]; then
		said=$(systemctl daemon-reload 2>&1 && systemctl -q enable "$unit" 2>&1 && systemctl restart "$unit" 2>&1)
	else
		said=$(PATH=$PATH:/usr/sbin runuser -u postgres -- pgbouncer -d "$ini" 2>&1 </dev/null)
	fi || { echo "$said" >&2; exit 1; }
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do
		running && listens && return
		sleep 0.1
	done
	echo "pgbouncer does not come up on port $5" >&2
	exit 1
}

stop()
{
	if [ -d /run/systemd/system ]; then
		systemctl -q disable --now "$unit" 2>/dev/null
	else
		kill -INT "$pid"
	fi
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		running || return
		sleep 0.1
	done
	kill -KILL "$pid" 2>/dev/null
}

if [ "$1" = stop ]; then
	running && stop && echo stopped
	exit 0
fi
if ! running; then
	listens && { echo "port $5 is taken by another program" >&2; exit 1; }
	start "$@"
	echo started
elif [ "$changed" = 1 ] && listens; then
	kill -HUP "$pid"
	echo reloaded
elif ! listens; then
	stop
	start "$@"
	echo restarted
fi
exit 0
