#!/bin/sh
# Lets go of a server that was taken over: it goes on, with its data and settings, and
# without the lines about the cluster in its pg_hba.conf.
# release_debian.sh CLUSTER MAJOR SERVER
set -e
cd "/var/lib/citusctl/$1"
exec 9>lock
flock -w 120 9 || { echo "another run works on this server" >&2; exit 1; }
pid=$(cat "/run/postgresql/citusctl-pgbouncer-$1.pid" 2>/dev/null) || pid=
if [ -n "$pid" ] && grep -qa pgbouncer "/proc/$pid/cmdline" 2>/dev/null; then
	kill -QUIT "$pid"
fi
config=/etc/postgresql/$2/$3
rm -f "$config"/citusctl-pgbouncer.*
hba=$config/pg_hba.conf
if grep -q '^# BEGIN citusctl' "$hba" 2>/dev/null; then
	cp -p "$hba" "$hba.citusctl-new"
	sed '/^# BEGIN citusctl/,/^# END citusctl/d' "$hba" >"$hba.citusctl-new"
	mv -f "$hba.citusctl-new" "$hba"
	pg_ctlcluster "$2" "$3" reload >/dev/null 2>&1 9>&- || true
fi
cd /
rm -rf "/var/lib/citusctl/$1"
