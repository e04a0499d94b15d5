#!/usr/bin/env bash
# Clusters on hosts, in the laboratory (tests/lab/): how long "init" takes, as a ratio to a
# local cluster of as many nodes and to its own second run, on hosts that have the server
# which Debian's package makes and is taken over, and on hosts without; the round trips of a
# second run; and 8 hosts to 2, each as far away as the others.  All measured in this run,
# each time the smallest of RUNS (default 3).
#
# The hosts share this machine's processors, so where servers are made there is a floor: what
# the distribution takes for that on all hosts, which a local cluster does once and copies;
# and "ssh HOST true" on all at once.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/../integration/lib.sh"
# shellcheck source=tests/lab/lib.sh
. "$REPO/tests/lab/lib.sh"

RUNS=${RUNS:-3}
DELAY_MS=${DELAY_MS:-100}

seconds()
{
	local from=$EPOCHREALTIME
	"$@" >"$TMP/out" 2>"$TMP/err" || echo "bench: failed: $*: $(tail -n 3 "$TMP/err")" >&2
	echo "$EPOCHREALTIME $from" | awk '{ printf "%.3f\n", $1 - $2 }'
}

smallest() { sort -n "$1" | head -n 1; }

if why=$(lab check) && have_citus; then
	:
else
	echo "init on hosts: not measured: ${why:-Citus is not installed for PostgreSQL $PG_MAJOR here}"
	exit 0
fi

# On all hosts of the laboratory at once.
on_all()
{
	local i
	for ((i = 0; i < lab_hosts; i++)); do "$@" "$i" & done
	wait
}

plain_ssh() { ssh -n -F "$TMP/lab/ssh_config" "$(sed -n "$(($1 + 1))s/.* //p" "$TMP/lab/hosts")" true; }
# shellcheck disable=SC2016 # for the shell there
plain_server() { on "$1" sh -c 'cd / && pg_createcluster "$0" plain --port 5999 --encoding UTF8 --locale C.UTF-8 -- --no-sync >/dev/null' "$PG_MAJOR"; }
no_server() { on "$1" pg_dropcluster "$PG_MAJOR" plain; }

# ---- hosts against as many local servers ----------------------------------------
# The server that Debian's package makes when it is installed.
# shellcheck disable=SC2016 # for the shell there
installed() { on "$1" sh -c 'cd / && pg_createcluster "$0" main --port 5432 --locale C.UTF-8 -- --no-sync >/dev/null && pg_ctlcluster "$0" main start' "$PG_MAJOR"; }
not_installed() { on "$1" pg_dropcluster --stop "$PG_MAJOR" main; }

# against_local N
against_local()
{
	local n=$1
	lab_up "$n" || exit 1
	echo '{"name": "here", "engine": "citus", "workers": '$((n - 1))'}' >local.json
	describe_lab ''
	rm -f ssh servers local taken first second requests
	for _ in $(seq "$RUNS"); do
		seconds on_all plain_ssh >>ssh
		seconds on_all plain_server >>servers
		on_all no_server
		seconds citusctl -c local.json init >>local
		citusctl -q -y -c local.json destroy >/dev/null
		on_all installed
		seconds citusctl init >>taken
		citusctl -q -y destroy >/dev/null
		on_all not_installed
		seconds citusctl init >>first
		seconds citusctl -v init >>second
		sed -n 's/.*: \([0-9]*\) requests over SSH.*/\1/p' "$TMP/err" >>requests
		citusctl -q -y destroy >/dev/null
	done
	awk -v n="$n" -v l="$(smallest local)" -v t="$(smallest taken)" -v f="$(smallest first)" -v s="$(smallest second)" \
		-v r="$(sort -n requests | tail -n 1)" -v ssh="$(smallest ssh)" -v servers="$(smallest servers)" 'BEGIN {
		printf "init, %d hosts    local %.2f s; hosts with a server each %.2f s (%.2f times local), without %.2f s (%.2f times)\n",
			n, l, t, t / l, f, f / l
		printf "                 second %.2f s (%.2f times the first), at most %d round trips a host\n", s, s / f, r
		printf "                 floor: pg_createcluster alone on all of them %.2f s (%.2f times local), ssh HOST true %.2f s\n", servers, servers / l, ssh }'
	lab down "$TMP/lab"
}

against_local 4
echo "                 wanted: at most 1.5 times local with a server each, second 0.15 times the first, 10 round trips"
# As many hosts as processors: each has one, as hosts that are machines have.
case $(nproc) in 2 | 3) against_local "$(nproc)" ;; esac

# ---- 2 and 8 hosts that are far away --------------------------------------------
"${CC:-cc}" -O2 -o "$TMP/delay" "$REPO/tests/bench/delay.c" || exit 1
lab_up 8 || exit 1
mkdir -p "$HOME/.ssh"
for hosts in 2 8; do
	rm -f "$HOME/.ssh/config"
	HOSTS=$hosts describe_lab ''
	citusctl -q init >/dev/null
	printf 'Host *\n\tProxyCommand %s %s %%h %%p\n' "$TMP/delay" "$DELAY_MS" >"$HOME/.ssh/config"
	for _ in $(seq "$RUNS"); do
		seconds citusctl init >>"far$hosts"
	done
	rm "$HOME/.ssh/config"
	citusctl -q -y destroy >/dev/null
done
awk -v a="$(smallest far2)" -v b="$(smallest far8)" -v d="$DELAY_MS" 'BEGIN {
	printf "second init, hosts %d ms away    2 hosts %.2f s, 8 hosts %.2f s (%.2f times)\n", d, a, b, b / a }'
