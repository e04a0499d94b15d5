#!/bin/sh
# Looks at this host and prints what it found, one "KEY VALUE..." a line.  Changes nothing.
# survey.sh CLUSTER PORT HOST...: the cluster, the port of its server here, and the
# nodes' hosts.
cluster=$1 port=$2
shift 2

# shellcheck source=/dev/null
. /etc/os-release 2>/dev/null
echo "os $ID $ID_LIKE"
[ -d /run/systemd/system ] && echo "systemd"
command -v pg_createcluster >/dev/null 2>&1 && echo "debian"

# Major version, directory of the programs, and whether Citus and columnar are there.
for dir in /usr/lib/postgresql/*/bin /usr/pgsql-*/bin; do
	[ -x "$dir/postgres" ] || continue
	major=$(expr "$dir" : '[^0-9]*\([0-9]*\)')
	for share in "/usr/share/postgresql/$major" "/usr/pgsql-$major/share"; do
		[ -r "$share/extension/citus.control" ] && echo "citus $major"
	done
	echo "postgres $major $dir"
done

# What an earlier run left: "creating MAJOR", "created MAJOR", or "adopted MAJOR SERVER LOCALE"
# with the settings that have to stay.
[ -r "/var/lib/citusctl/$cluster/state" ] && echo "state $(cat "/var/lib/citusctl/$cluster/state")"
[ -r "/var/lib/citusctl/$cluster/kept.conf" ] && sed 's/^/kept /' "/var/lib/citusctl/$cluster/kept.conf"

# Debian's servers: major version, name, port, data directory, process id (0: stopped).
for conf in /etc/postgresql/*/*/postgresql.conf; do
	[ -r "$conf" ] || continue
	dir=${conf%/postgresql.conf}
	name=${dir##*/}
	# Set aside by aside_debian.sh: it has no say any more.
	case $name in *_removed_[0-9]*T[0-9]*Z) continue ;; esac
	major=${dir%/*}
	major=${major##*/}
	data=$(sed -n "s/^data_directory *= *'\([^']*\)'.*/\1/p" "$conf" | tail -n 1)
	set_port=$(cat "$conf" "$dir"/conf.d/*.conf 2>/dev/null | sed -n 's/^port *=* *\([0-9]*\).*/\1/p' | tail -n 1)
	pid=$(head -n 1 "$data/postmaster.pid" 2>/dev/null)
	[ -n "$pid" ] && [ "$(readlink "/proc/$pid/cwd")" = "$data" ] || pid=0
	echo "server $major $name ${set_port:-5432} $data $pid"
done

# The other family keeps one server a major version.
for data in /var/lib/pgsql/*/data; do
	[ -r "$data/PG_VERSION" ] || continue
	set_port=$(cat "$data/postgresql.conf" "$data/citusctl.conf" 2>/dev/null | sed -n 's/^port *=* *\([0-9]*\).*/\1/p' | tail -n 1)
	pid=$(head -n 1 "$data/postmaster.pid" 2>/dev/null)
	[ -n "$pid" ] && [ "$(readlink "/proc/$pid/cwd")" = "$data" ] || pid=0
	echo "server $(cat "$data/PG_VERSION") data ${set_port:-5432} $data $pid"
done

# Whether somebody listens on the port: state 0A of the kernel's table.
hex=$(printf '%04X' "$port")
cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
	awk -v port=":$hex" '$4 == "0A" && substr($2, length($2) - 4) == port { print "listening"; exit }'

# A pooler of this cluster.
for ini in /etc/postgresql/*/*/citusctl-pgbouncer.ini /var/lib/pgsql/*/data/citusctl-pgbouncer.ini; do
	[ -e "$ini" ] && grep -q "/citusctl-pgbouncer-$cluster.pid\$" "$ini" && echo "pooler"
done

# What the nodes' hosts are here.
for host in "$@"; do
	for address in $(getent ahosts "$host" | awk '$2 == "STREAM" { print $1 }' | sort -u); do
		echo "address $host $address"
	done
done

pgbouncer=$(PATH=$PATH:/usr/sbin command -v pgbouncer) && echo "pgbouncer $pgbouncer"
command -v apt-get >/dev/null 2>&1 && echo "packages apt"
command -v dnf >/dev/null 2>&1 && echo "packages dnf"
exit 0
