#!/bin/sh
# Examines this host and prints what it found, one "KEY VALUE..." a line.  Changes nothing.
# check.sh CLUSTER PORT DIRECTORY CONFIG HOST PORT...: the cluster, the port of its server
# here, where its data and its settings are or will be, and host and port of every node.
cluster=$1 port=$2 data=$3 config=$4
shift 4

date '+time %s.%N'
awk '/^MemTotal:|^MemAvailable:/ { print "memory", $1, $2 }' /proc/meminfo

# The file system that the directory is on or will be made on.
dir=$data
while [ ! -d "$dir" ] && [ "$dir" != / ]; do dir=$(dirname "$dir"); done
df -Pk "$dir" | awk 'NR == 2 { print "disk", $2, $4 }'

if [ -r "$data/PG_VERSION" ]; then
	echo "data server"
elif [ -d "$data" ] && [ -n "$(ls -A "$data" 2>/dev/null)" ]; then
	echo "data foreign"
elif [ -e "$data" ] && [ ! -d "$data" ]; then
	echo "data foreign"
fi
[ -r "/var/lib/citusctl/$cluster/state" ] && echo "made"

# Of the file with the node's key only what everybody may see.
for kind in node.pem ca.crt; do
	sed -n "/-----BEGIN CERTIFICATE/,/-----END CERTIFICATE/s/^/$kind /p" "$config/citusctl-$kind" 2>/dev/null
done

# The server in that directory runs.
pid=$(head -n 1 "$data/postmaster.pid" 2>/dev/null)
[ -n "$pid" ] && [ "$(readlink "/proc/$pid/cwd")" = "$data" ] && echo "running"

hex=$(printf '%04X' "$port")
cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
	awk -v port=":$hex" '$4 == "0A" && substr($2, length($2) - 4) == port { print "listening"; exit }'

# Versions of PostgreSQL with the Citus that is there for each.
for bin in ${CITUSCTL_BINDIR:-/usr/lib/postgresql/*/bin /usr/pgsql-*/bin /usr/local/pgsql/bin}; do
	[ -x "$bin/postgres" ] || continue
	version=$("$bin/postgres" --version | sed 's/^[^0-9]*\([0-9.]*\).*/\1/')
	major=${version%%.*}
	citus=-
	for share in "/usr/share/postgresql/$major" "/usr/pgsql-$major/share" "$bin/../share" "$bin/../share/postgresql"; do
		[ -r "$share/extension/citus.control" ] &&
			citus=$(sed -n "s/^default_version *= *'\([^']*\)'.*/\1/p" "$share/extension/citus.control")
	done
	echo "postgres $version $citus"
done

# Each node by its name, and a connection to its port: open, refused (the host is
# there, nothing listens), or what else became of it.  All at once.
while [ $# -gt 1 ]; do
	(
		address=$(getent ahosts "$1" | awk '$2 == "STREAM" { print $1; exit }')
		if [ -z "$address" ]; then
			echo "reach $1 $2 - unknown"
		else
			# shellcheck disable=SC2016 # $0 and $1 are for that bash
			said=$(LC_ALL=C timeout 3 bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$1" "$2" 2>&1)
			case $?/$said in
				0/*) echo "reach $1 $2 $address open" ;;
				124/*) echo "reach $1 $2 $address timeout" ;;
				127/*) ;; # no bash, or no timeout
				*/*refused*) echo "reach $1 $2 $address refused" ;;
				*/*"o route"*) echo "reach $1 $2 $address no-route" ;;
				*) echo "reach $1 $2 $address unreachable" ;;
			esac
		fi
	) &
	shift 2
done
wait
