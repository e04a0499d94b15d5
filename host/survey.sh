#!/bin/sh
# Looks at this host and prints what it found, one "KEY VALUE..." a line.  Changes nothing.
# survey.sh CLUSTER SERVER PORT HOST...: the cluster, Debian's name and the port of its server
# here, and the nodes' hosts that are to be looked up.
cluster=$1 server=$2 port=$3
shift 3

# shellcheck source=/dev/null
. /etc/os-release 2>/dev/null
echo "os $ID $ID_LIKE"
[ -d /run/systemd/system ] && echo "systemd"
command -v pg_createcluster >/dev/null 2>&1 && echo "debian"

# Major version, directory of the programs, and whether Citus and columnar are there.
for dir in /usr/lib/postgresql/*/bin /usr/pgsql-*/bin; do
	[ -x "$dir/postgres" ] || continue
	major=${dir%/bin}
	major=${major##*[!0-9]}
	for share in "/usr/share/postgresql/$major" "/usr/pgsql-$major/share"; do
		[ -r "$share/extension/citus.control" ] && echo "citus $major"
	done
	echo "postgres $major $dir"
done

# What an earlier run left: "creating MAJOR", "created MAJOR", or "adopted MAJOR SERVER LOCALE"
# with the settings that have to stay.
state=/var/lib/citusctl/$cluster/state
[ -r "$state" ] && read -r line <"$state" && echo "state $line"
[ -r "/var/lib/citusctl/$cluster/kept.conf" ] && sed 's/^/kept /' "/var/lib/citusctl/$cluster/kept.conf"

# Prints a server: major version, name, port, data directory, process id (0: stopped).
# told MAJOR NAME DATA FILE...: its files of settings; DATA "" is what they say.
told()
{
	major=$1 name=$2 data=$3
	shift 3
	for file in "$@"; do
		shift
		[ -r "$file" ] && set -- "$@" "$file"
	done
	settings=$(awk '
		/^data_directory *=/ { split($0, part, "\047"); data = part[2] }
		/^port[ =]/ { sub(/^port *=* */, ""); port = $0 + 0 }
		END { print (port ? port : 5432), data }' "$@")
	[ -n "$data" ] || data=${settings#* }
	pid=0
	[ -r "$data/postmaster.pid" ] && read -r pid <"$data/postmaster.pid"
	# shellcheck disable=SC3013 # dash and bash know -ef
	[ "/proc/$pid/cwd" -ef "$data" ] || pid=0
	echo "server $major $name ${settings%% *} $data $pid"
}

for conf in /etc/postgresql/*/*/postgresql.conf; do
	[ -r "$conf" ] || continue
	dir=${conf%/postgresql.conf}
	name=${dir##*/}
	# Set aside by aside_debian.sh: it has no say any more.
	case $name in *_removed_[0-9]*T[0-9]*Z) continue ;; esac
	major=${dir%/*}
	told "${major##*/}" "$name" "" "$conf" "$dir"/conf.d/*.conf
done

# The other family keeps one server a major version.
for data in /var/lib/pgsql/*/data; do
	[ -r "$data/PG_VERSION" ] && read -r major <"$data/PG_VERSION" &&
		told "$major" data "$data" "$data/postgresql.conf" "$data/citusctl.conf"
done

# What we have written for the server: "file MODE OWNER BYTES PATH", then "lines PATH" and
# "text LINE" for each line of it; of what holds a key "digest SHA256 PATH", as keys stay here.
(
	set --
	for dir in "/etc/postgresql"/*/"$server" /var/lib/pgsql/*/data; do
		[ -e "/var/lib/citusctl/$cluster/state" ] || break
		for file in citusctl-ca.crt citusctl.conf conf.d/citusctl.conf pg_hba.conf; do
			[ -f "$dir/$file" ] && set -- "$@" "$dir/$file"
		done
		[ -f "$dir/citusctl-node.pem" ] && stat -c 'file %a %U %s %n' "$dir/citusctl-node.pem" &&
			sha256sum "$dir/citusctl-node.pem" | sed 's/^\([0-9a-f]*\) ./digest \1 /'
	done
	[ $# -gt 0 ] && stat -c 'file %a %U %s %n' "$@" && awk 'FNR == 1 { print "lines", FILENAME } { print "text", $0 }' "$@"
)

# Whether somebody listens on the port: state 0A of the kernel's table.
tables=/proc/net/tcp
[ -r /proc/net/tcp6 ] && tables="$tables /proc/net/tcp6"
# shellcheck disable=SC2086 # one file or two
awk -v port="$port" '$4 == "0A" && substr($2, length($2) - 4) == sprintf(":%04X", port) { print "listening"; exit }' $tables

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
