#!/usr/bin/env bash
# Installs the Debian packages that a GROUP of things needs, and only the missing ones.
#
#   packages.sh [--check] GROUP...      groups: build server test lint lab
#
# A thing counts as there when the program or library itself is found, wherever
# it comes from.  With --check nothing is installed: what is missing is named.
# Exit status 0: everything is there (now); 1: not.
set -u

check_only=
if [ "${1-}" = --check ]; then
	check_only=1
	shift
fi

have_command() { command -v "$1" >/dev/null 2>&1; }
have_sbin() { PATH=$PATH:/usr/sbin have_command "$1"; }
have_library() { have_command pkg-config && pkg-config --exists "$1"; }
have_header() { [ -e "/usr/include/$1" ] || [ -e "/usr/local/include/$1" ]; }

# The servers' programs, where citusctl looks for them (citusctl/run/find.c).
have_server()
{
	local dir
	for dir in ${CITUSCTL_BINDIR:+"$CITUSCTL_BINDIR"} /usr/lib/postgresql/*/bin /usr/pgsql-*/bin \
		/usr/local/pgsql/bin /usr/local/bin /usr/bin; do
		[ -x "$dir/postgres" ] && [ -x "$dir/initdb" ] && return 0
	done
	return 1
}

have_extension()
{
	local dir
	for dir in ${CITUSCTL_BINDIR:+"$CITUSCTL_BINDIR/../share" "$CITUSCTL_BINDIR/../share/postgresql"} \
		/usr/share/postgresql/* /usr/pgsql-*/share /usr/local/pgsql/share /usr/local/share/postgresql; do
		[ -e "$dir/extension/$1.control" ] && return 0
	done
	return 1
}

# group | how to see that it is there | package
# shellcheck disable=SC2016
table='
build  | have_command ${CC:-gcc}       | gcc
build  | have_header stdio.h           | libc6-dev
build  | have_command pkg-config       | pkg-config
build  | have_library libpq            | libpq-dev
build  | have_library libcjson         | libcjson-dev
build  | have_library libssh           | libssh-dev
build  | have_library libcrypto        | libssl-dev
server | have_server                   | postgresql
server | have_extension postgres_fdw   | postgresql-contrib
test   | have_library check            | check
test   | have_command psql             | postgresql-client
test   | have_command jq               | jq
test   | have_command pgrep            | procps
test   | have_library hiredis          | libhiredis-dev
test   | have_command redis-server     | redis-server
test   | have_sbin pgbouncer           | pgbouncer
lab    | have_server                   | postgresql
lab    | have_command ip               | iproute2
lab    | have_command unshare          | util-linux
lab    | have_sbin sshd                | openssh-server
lab    | have_command ssh              | openssh-client
lab    | have_command sudo             | sudo
lint   | have_command clang            | clang
lint   | have_command clang-tidy       | clang-tidy
lint   | have_command cppcheck         | cppcheck
lint   | have_command shellcheck       | shellcheck
more   | have_command chromium         | chromium
more   | have_command prometheus       | prometheus
more   | have_command prometheus-node-exporter | prometheus-node-exporter
'

what_for()
{
	case $1 in
		build) echo 'building citusctl' ;;
		server) echo 'running the servers of a local cluster' ;;
		test) echo 'the tests' ;;
		lint) echo 'lint' ;;
		more) echo 'tests that are skipped without them' ;;
		lab) echo 'the laboratory of hosts' ;;
	esac
}

# Sets missing (packages) and reasons ("a b for building citusctl, c for lint").
find_missing()
{
	local group wanted look package here
	missing=
	reasons=
	for group in "$@"; do
		here=
		while IFS='|' read -r wanted look package; do
			wanted=${wanted// /}
			package=${package// /}
			[ "$wanted" = "$group" ] || continue
			eval "$look" && continue
			here="$here $package"
		done <<<"$table"
		[ -z "$here" ] && continue
		missing="$missing$here"
		reasons="${reasons:+$reasons,}$here for $(what_for "$group")"
	done
}

say_missing()
{
	echo "Missing:$reasons." >&2
	if have_command apt-get; then
		echo "Install with:  apt-get install --no-install-recommends$missing" >&2
	else
		echo "These are the names of Debian's packages; install what corresponds to them here." >&2
	fi
}

for group in "$@"; do
	if [ -z "$(what_for "$group")" ]; then
		echo "packages.sh: no group \"$group\"; there are build, server, test, lint, lab" >&2
		exit 1
	fi
done

find_missing "$@"
[ -z "$missing" ] && exit 0

if [ -n "$check_only" ]; then
	say_missing
	echo "\"make deps\" installs everything that building and testing need." >&2
	exit 1
fi
if ! have_command apt-get; then
	say_missing
	exit 1
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
	if ! have_command sudo; then
		say_missing
		echo "That needs root, and there is no sudo here." >&2
		exit 1
	fi
	as_root=(sudo)
	[ -t 0 ] || as_root=(sudo -n)
fi

echo "Installing$reasons."
echo "(apt-get install --no-install-recommends$missing${as_root:+, by sudo})"
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
# Words of $missing are package names from the table above.
# shellcheck disable=SC2086
if ! "${as_root[@]}" apt-get -q update >"$log" 2>&1 ||
	! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
		apt-get -q -y install --no-install-recommends $missing >>"$log" 2>&1 </dev/null; then
	tail -n 20 "$log" >&2
	say_missing
	exit 1
fi

find_missing "$@"
if [ -n "$missing" ]; then
	echo "Installed, and still not found:$reasons." >&2
	exit 1
fi
