# shellcheck shell=bash
# What every integration test starts with:
#
#   set -u
#   . "$(dirname "$0")/lib.sh"
#
#   test_init()                               # gets the engine
#   {
#       write_description chirp '"workers": 2, "engine": "'"$1"'"'
#       run citusctl init
#       is "$status" 0 "$1: init succeeds"
#       like "$out" 'citusctl status' "$1: init names the next command"
#   }
#   for_each_engine test_init
#   finish
#
# Each test script works in a directory of its own ($TMP, the current directory),
# with its own HOME and CITUSCTL_HOME, and leaves nothing behind: when it ends, however
# it ends, servers whose data lies below $TMP are stopped and $TMP is removed.
# KEEP_TMP=1 keeps the files.

REPO=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
CITUSCTL=${CITUSCTL:-$REPO/citusctl/citusctl}
TMP=$(mktemp -d "${TMPDIR:-/tmp}/citusctl-test.XXXXXX") && TMP=$(cd "$TMP" && pwd -P) || exit 1
BUILD=${BUILD:-build}
export REPO CITUSCTL TMP BUILD
export HOME=$TMP/home CITUSCTL_HOME=$TMP/clusters XDG_RUNTIME_DIR=$TMP/runtime
export NO_COLOR=1 LC_ALL=C.UTF-8
unset PGHOST PGPORT PGUSER PGDATABASE PGPASSWORD PGPASSFILE PGSERVICE PGOPTIONS PGSSLMODE

# Started by root, citusctl runs servers as another user, who has to get there.
chmod 755 "$TMP"
mkdir -p "$HOME" "$CITUSCTL_HOME" && mkdir -m 700 "$XDG_RUNTIME_DIR"
cd "$TMP" || exit 1

# ---- TAP ----------------------------------------------------------------------

tap_count=0
tap_failed=0

# Explanations are comments of TAP; a word "ok" at the start of one counts nothing.
diag() { printf '%s\n' "$*" | sed 's/^/# /'; }

pass()
{
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1"
}

fail()
{
	tap_count=$((tap_count + 1))
	tap_failed=$((tap_failed + 1))
	echo "not ok $tap_count - $1"
}

# skip NAME REASON: counts one test that this machine cannot run.
skip()
{
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1 # SKIP $2"
}

# ok NAME COMMAND...: the command's status is the verdict.
ok()
{
	local name=$1
	shift
	if "$@" >"$TMP/.ok" 2>&1; then
		pass "$name"
	else
		fail "$name"
		diag "failed: $*"
		diag "$(tail -n 20 "$TMP/.ok")"
	fi
}

# not_ok NAME COMMAND...: the command has to fail.
not_ok()
{
	local name=$1
	shift
	if "$@" >"$TMP/.ok" 2>&1; then
		fail "$name"
		diag "should have failed: $*"
		diag "$(tail -n 20 "$TMP/.ok")"
	else
		pass "$name"
	fi
}

# is GOT WANTED NAME
is()
{
	if [ "$1" = "$2" ]; then
		pass "$3"
	else
		fail "$3"
		diag "got:    $1"
		diag "wanted: $2"
		show_run
	fi
}

# isnt GOT UNWANTED NAME
isnt()
{
	if [ "$1" != "$2" ]; then
		pass "$3"
	else
		fail "$3"
		diag "got just that: $1"
		show_run
	fi
}

# like TEXT REGEX NAME: extended regular expression, any line.
like()
{
	if grep -Eq -- "$2" <<<"$1"; then
		pass "$3"
	else
		fail "$3"
		diag "nothing matches: $2"
		diag "in: $1"
		show_run
	fi
}

# unlike TEXT REGEX NAME
unlike()
{
	if grep -Eq -- "$2" <<<"$1"; then
		fail "$3"
		diag "matches, and should not: $2"
		diag "$(grep -E -- "$2" <<<"$1" | head -n 5)"
		show_run
	else
		pass "$3"
	fi
}

# run COMMAND...: sets $out, $err, $status and $took_ms; never ends the script.
# "citusctl" as the command is the program under test.
# shellcheck disable=SC2034 # the test scripts read them
out='' err='' status=0 took_ms=0 last_run=''
run()
{
	local started=$EPOCHREALTIME
	last_run="$*"
	"$@" >"$TMP/.out" 2>"$TMP/.err" </dev/null
	status=$?
	# shellcheck disable=SC2034
	took_ms=$(((${EPOCHREALTIME/[.,]/} - ${started/[.,]/}) / 1000))
	out=$(cat "$TMP/.out")
	err=$(cat "$TMP/.err")
}

citusctl() { "$CITUSCTL" "$@"; }

# What the last run said, for whoever has to find out why a test failed.
show_run()
{
	[ -z "$last_run" ] && return
	diag "the last run was: $last_run  (exit status $status)"
	[ -n "$out" ] && diag "$(printf '%s\n' "$out" | tail -n 40 | sed 's/^/  stdout: /')"
	[ -n "$err" ] && diag "$(printf '%s\n' "$err" | tail -n 40 | sed 's/^/  stderr: /')"
}

# runs NAME STATUS COMMAND...: run, and its exit status is as wanted.
runs()
{
	local name=$1 wanted=$2
	shift 2
	run "$@"
	is "$status" "$wanted" "$name"
}

# Every test script ends with this: the plan, and the exit status.
finish()
{
	echo "1..$tap_count"
	[ "$tap_failed" -eq 0 ]
	exit
}

# ---- clusters -----------------------------------------------------------------

# The directory of the servers' programs that citusctl takes: the newest of the
# usual places (citusctl/run/find.c).
find_bindir()
{
	local dir version
	if [ -n "${CITUSCTL_BINDIR-}" ]; then
		echo "$CITUSCTL_BINDIR"
		return
	fi
	for dir in /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /usr/local/pgsql/bin /usr/local/bin /usr/bin; do
		if [ -x "$dir/initdb" ] && [ -x "$dir/pg_ctl" ] && [ -x "$dir/postgres" ]; then
			version=$("$dir/postgres" --version | grep -Eo '[0-9]+' | head -n 1)
			echo "$version $dir"
		fi
	done | sort -s -k 1,1nr | head -n 1 | cut -d ' ' -f 2-
}

BINDIR=$(find_bindir)
PG_MAJOR=$("$BINDIR/postgres" --version 2>/dev/null | grep -Eo '[0-9]+' | head -n 1)
export BINDIR PG_MAJOR

# Debian's psql is a script that looks for the right one first; this one is right.
[ -x "$BINDIR/psql" ] && PATH=$BINDIR:$PATH

have_citus()
{
	local share
	for share in "/usr/share/postgresql/$PG_MAJOR" "/usr/pgsql-$PG_MAJOR/share" \
		"$BINDIR/../share" "$BINDIR/../share/postgresql"; do
		[ -r "$share/extension/citus.control" ] && return 0
	done
	return 1
}

# The engines to test on; TEST_ENGINES=embedded in the environment limits them.
TEST_ENGINES=${TEST_ENGINES:-embedded citus}

# for_each_engine FUNCTION: calls it with "embedded", then with "citus" where
# this machine has it.
for_each_engine()
{
	local engine
	for engine in $TEST_ENGINES; do
		if [ "$engine" = citus ] && ! have_citus; then
			skip "$1 on citus" "Citus is not installed for PostgreSQL $PG_MAJOR here"
		else
			"$1" "$engine"
		fi
	done
}

# write_description NAME [MEMBERS]: ./cluster.json of a local cluster; MEMBERS is
# JSON such as '"workers": 2, "shard_count": 8' (left out: two workers).
write_description()
{
	printf '{"name": "%s", "deploy": "local", %s}\n' "$1" "${2:-\"workers\": 2}" >cluster.json
}

# node_sql CLUSTER NODE [PSQL-OPTION...]: what standard input says, run on that node
# by the superuser over its socket; rows bare, columns with "|" between them.
node_sql()
{
	local dir=$CITUSCTL_HOME/$1 node=$2
	shift 2
	PGPASSWORD=$(cat "$dir/superuser-password") psql -X -q -A -t -v ON_ERROR_STOP=1 \
		-h "$(jq -r .sockets "$dir/state.json")" \
		-p "$(jq -r --arg node "$node" '.nodes[$node].port' "$dir/state.json")" \
		-U postgres -d "${DATABASE:-$(basename "$dir")}" "$@"
}

# json FILTER [TEXT]: what jq makes of a JSON text ($out unless given):
# is "$(json '.nodes | length')" 3 "three nodes"
json() { jq -r "$1" <<<"${2-$out}" 2>&1; }

# wait_until SECONDS COMMAND...: until it succeeds; fails when the time is over.
wait_until()
{
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -ge "$end" ] && return 1
		sleep 0.1
	done
}

# The process ids of the servers whose data directory is below $1.
servers_below()
{
	local pid_file pid
	find "$1" -name postmaster.pid -size +0 2>/dev/null | while read -r pid_file; do
		pid=$(head -n 1 "$pid_file")
		[ "$(readlink "/proc/$pid/cwd")" = "$(dirname "$pid_file")" ] && echo "$pid"
	done
}

# did_little FILE: by its report there a demo that succeeded has done so few operations that chance decides what there is in
# its report, as on a machine that stood still meanwhile.  A test runs it again then, for longer:
#   for seconds in 4 20 60; do run citusctl demo --duration "$seconds" -o json; did_little "$TMP/.out" || break; done
did_little() { jq -e '.passed and ([.operations[].count] | add) < 200' "$1" >/dev/null 2>&1; }

# is_dead PID: it has ended, though its parent may not have collected it.
is_dead() { ! grep -q '^State:[[:space:]]*[^ZX]' "/proc/$1/status" 2>/dev/null; }

# free_port: one that nobody listens on now; above those that citusctl chooses, and others for tests that run beside.
free_port()
{
	local port
	for port in $(seq $((30000 + $$ % 31 * 64)) 32000); do
		if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
			echo "$port"
			return
		fi
	done
}

clean_up()
{
	local pid
	cd / || return
	for pid in $(servers_below "$TMP"); do
		kill -INT "$pid" 2>/dev/null
	done
	wait_until 20 no_server_left || for pid in $(servers_below "$TMP"); do
		kill -QUIT "$pid" 2>/dev/null
	done
	[ -n "${KEEP_TMP-}" ] && echo "# kept: $TMP" && return
	rm -rf "$TMP"
}

no_server_left() { [ -z "$(servers_below "$TMP")" ]; }

trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
