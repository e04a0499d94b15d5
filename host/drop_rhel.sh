#!/bin/sh
# Removes the server that create_rhel.sh made, with its data.
# drop_rhel.sh CLUSTER MAJOR SERVER UNIT BINDIR
set -e
cd "/var/lib/citusctl/$1"
exec 9>lock
flock -w 120 9 || { echo "an earlier run is still creating this server" >&2; exit 1; }
data=/var/lib/pgsql/$2/data
pid=$(cat "/run/postgresql/citusctl-pgbouncer-$1.pid" 2>/dev/null) || pid=
if [ -n "$pid" ] && grep -qa pgbouncer "/proc/$pid/cmdline" 2>/dev/null; then
	kill -QUIT "$pid"
fi
if [ -e "/etc/systemd/system/citusctl-pgbouncer-$1.service" ]; then
	systemctl -q disable "citusctl-pgbouncer-$1.service" || true
	rm -f "/etc/systemd/system/citusctl-pgbouncer-$1.service"
fi
if [ -d /run/systemd/system ]; then
	systemctl -q disable --now "$4" 9>&- || true
fi
if [ -e "$data/postmaster.pid" ]; then
	runuser -u postgres -- "$5/pg_ctl" stop -s -w -m immediate -D "$data" >/dev/null 2>&1 9>&- || true
fi
rm -rf "$data" "/var/lib/pgsql/$2/citusctl-start.log" "/var/log/postgresql/citusctl-pgbouncer-$1.log"
cd /
rm -rf "/var/lib/citusctl/$1"
