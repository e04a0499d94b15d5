#!/bin/sh
# From now on the server of this host is that of the cluster's directory with this ID.
# claim.sh CLUSTER ID
set -e
umask 022
cd "/var/lib/citusctl/$1"
exec 9>lock
flock -w 120 9 || { echo "another run works on this server" >&2; exit 1; }
read -r word major server locale _ <state
case $word in
	created) echo "created $major $2" ;;
	adopted) echo "adopted $major $server $locale $2" ;;
	*) exit 1 ;;
esac >state.new
chmod 644 state.new && mv -f state.new state
