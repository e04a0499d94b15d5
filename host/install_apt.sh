#!/bin/sh
# Installs PostgreSQL and Citus by apt.
# install_apt.sh MAJOR [PACKAGE...]: the newest Citus for that version that apt knows, and
# the packages named.  The distribution is kept from making a server of its own.
major=$1
shift
export DEBIAN_FRONTEND=noninteractive
mkdir -p /etc/postgresql-common/createcluster.d
echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.d/citusctl.conf
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
# Unattended upgrades take the lock of the lists now and then, for which apt does not wait.
tries=100
until apt-get -q update >"$log" 2>&1; do
	tries=$((tries - 1))
	if [ "$tries" -eq 0 ] || ! grep -q 'Could not get lock' "$log"; then
		tail -n 5 "$log" >&2
		exit 1
	fi
	sleep 3
done
grep -E '^(W|E): ' "$log" | tail -n 3 >&2
citus=$(apt-cache pkgnames "postgresql-$major-citus" | grep -E -- "-citus(-[0-9.]+)?\$" | sort -V | tail -n 1)
if [ -z "$citus" ]; then
	echo "no repository that this host knows has a package postgresql-$major-citus" >&2
	exit 1
fi
apt-get -q -y --no-install-recommends -o DPkg::Lock::Timeout=300 install "postgresql-$major" "$citus" "$@" >"$log" 2>&1 </dev/null ||
	{ tail -n 8 "$log" >&2; exit 1; }
echo "$citus"
