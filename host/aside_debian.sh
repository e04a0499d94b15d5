#!/bin/sh
# Gives the stopped server that create_debian.sh made another name: its data stays, nothing
# starts it, and its place is free.
# aside_debian.sh CLUSTER MAJOR SERVER NEW_NAME
set -e
cd "/var/lib/citusctl/$1"
exec 9>lock
flock -w 120 9 || { echo "an earlier run is still creating this server" >&2; exit 1; }
conf=/etc/postgresql/$2
if [ -e "$conf/$3" ]; then
	echo disabled >"$conf/$3/start.conf"
	if [ -e "$conf/$3/conf.d/citusctl.conf" ]; then
		# Certificates and such lie beside it.
		sed -i "s|$conf/$3/|$conf/$4/|g" "$conf/$3/conf.d/citusctl.conf"
	fi
	pg_renamecluster "$2" "$3" "$4" >log 2>&1 9>&- || { cat log >&2; exit 1; }
fi
cd /
rm -rf "/var/lib/citusctl/$1"
