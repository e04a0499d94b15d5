#!/bin/sh
# Creates the server of a major version where the packages for RHEL and its kin keep it.
# create_rhel.sh CLUSTER MAJOR SERVER PORT BINDIR ID: the superuser's password on standard input.
# As on Debian, what a killed run left half made is made anew, and the lock is inherited
# by an initdb that outlives its run.
set -e
umask 022
mkdir -p "/var/lib/citusctl/$1"
cd "/var/lib/citusctl/$1"
exec 9>lock
flock -w 120 9 || { echo "an earlier run is still creating this server" >&2; exit 1; }

state=$(cat state 2>/dev/null || true)
data=/var/lib/pgsql/$2/data
[ "$state" = "created $2 $6" ] && [ -e "$data/PG_VERSION" ] && exit 0
if [ "$state" = "creating $2" ]; then
	rm -rf "$data"
elif [ -d "$data" ] && [ -n "$(ls -A "$data")" ]; then
	echo "there is a server in $data that citusctl did not create" >&2
	exit 46
fi

echo "creating $2" >state.new && mv -f state.new state
install -o postgres -g postgres -m 600 /dev/null password
trap 'rm -f password' EXIT
trap 'exit 1' HUP INT TERM # dash minds EXIT only
cat >password
install -d -o postgres -g postgres -m 700 "/var/lib/pgsql/$2" "$data"
runuser -u postgres -- "$5/initdb" --no-sync -D "$data" -E UTF8 --locale C.UTF-8 --auth-local peer \
	--auth-host scram-sha-256 --pwfile "$PWD/password" >log 2>&1 || { cat log >&2; exit 1; }
printf "\ninclude_if_exists 'citusctl.conf'\n" >>"$data/postgresql.conf"
rm -f password # before a run that is killed counts as done
sync -f "$data"
if [ -d /run/systemd/system ]; then
	systemctl -q enable "postgresql-$2"
fi
echo "created $2 $6" >state.new && chmod 644 state.new && mv -f state.new state
