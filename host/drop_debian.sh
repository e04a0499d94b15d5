#!/bin/sh
# Removes the server that create_debian.sh made, with its data.
# drop_debian.sh CLUSTER MAJOR SERVER UNIT
set -e
cd "/var/lib/citusctl/$1"
exec 9>lock
flock -w 120 9 || { echo "an earlier run is still creating this server" >&2; exit 1; }
pid=$(cat "/run/postgresql/citusctl-pgbouncer-$1.pid" 2>/dev/null) || pid=
if [ -n "$pid" ] && grep -qa pgbouncer "/proc/$pid/cmdline" 2>/dev/null; then
	kill -QUIT "$pid"
fi
if [ -e "/etc/systemd/system/citusctl-pgbouncer-$1.service" ]; then
	systemctl -q disable "citusctl-pgbouncer-$1.service" || true
	rm -f "/etc/systemd/system/citusctl-pgbouncer-$1.service"
fi
if [ -e "/etc/postgresql/$2/$3" ]; then
	if [ -d /run/systemd/system ]; then
		systemctl stop "$4" 9>&-
	fi
	pg_ctlcluster "$2" "$3" stop -m immediate >/dev/null 2>&1 9>&- || true
	pg_dropcluster "$2" "$3" >log 2>&1 9>&- || { cat log >&2; exit 1; }
fi
# Our certificates are none of its files.
rm -rf "/etc/postgresql/$2/$3" "/var/log/postgresql/citusctl-pgbouncer-$1.log"
cd /
rm -rf "/var/lib/citusctl/$1"
