#!/bin/sh
# Creates a server the way Debian does, once.
# create_debian.sh CLUSTER MAJOR SERVER PORT BINDIR ID: the superuser's password on standard input.
# A run that was killed leaves "creating" behind: what it made holds nothing of anybody's
# and is made anew.  The lock is inherited: an initdb that outlives its run holds it until
# it has ended.
set -e
umask 022
mkdir -p "/var/lib/citusctl/$1"
cd "/var/lib/citusctl/$1"
exec 9>lock
flock -w 120 9 || { echo "an earlier run is still creating this server" >&2; exit 1; }

state=$(cat state 2>/dev/null || true)
conf=/etc/postgresql/$2/$3
[ "$state" = "created $2 $6" ] && [ -e "$conf" ] && exit 0
if [ "$state" = "creating $2" ] && [ -e "$conf" ]; then
	pg_dropcluster --stop "$2" "$3" >/dev/null 2>&1 || rm -rf "$conf" "/var/lib/postgresql/$2/$3"
elif [ -e "$conf" ]; then
	echo "there is a server $2/$3 that citusctl did not create" >&2
	exit 46
fi

echo "creating $2" >state.new && mv -f state.new state
install -o postgres -g postgres -m 600 /dev/null password
trap 'rm -f password' EXIT
trap 'exit 1' HUP INT TERM # dash minds EXIT only
cat >password
# What it says of the new server nobody reads; versions before 217 say it all the same.
quiet=
grep -q -e "'no-status'" "$(command -v pg_createcluster)" && quiet=--no-status
pg_createcluster $quiet "$2" "$3" --port "$4" --start-conf auto --encoding UTF8 --locale C.UTF-8 -- \
	--no-sync --auth-local peer --auth-host scram-sha-256 --pwfile "$PWD/password" >log 2>&1 ||
	{ cat log >&2; exit 1; }
rm -f password # before a run that is killed counts as done
sync -f "/var/lib/postgresql/$2/$3"
echo "created $2 $6" >state.new && chmod 644 state.new && mv -f state.new state
