#!/usr/bin/env bash
# citusctl is killed in the middle of every step of init on hosts, one after the other;
# the next run finishes the job, and the result equals that of a run that nobody disturbed.
# Then by Ctrl-C in every step, each run going on where the one before was stopped.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/lab/lib.sh
. "$REPO/tests/lab/lib.sh"

# Runs init and sends it the signal as soon as it says that the step has begun on some node;
# fails when it was over before, or ends otherwise than so.
stop_in()
{
	local signal=$1 wanted=$2 step=$3 pid
	rm -f said # of the run before
	"$CITUSCTL" -v init >said 2>&1 &
	pid=$!
	until grep -qs "^\[ *[0-9.]*\] [a-z0-9]*: $step\$" said || ! kill -0 "$pid" 2>/dev/null; do
		sleep 0.005
	done
	kill "-$signal" "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	status=$?
	[ "$status" -eq "$wanted" ]
}

# stopped_in SIGNAL STATUS STEP COMMAND...: where the signal came when all was over, on a machine that
# has other things to do, it does not count: COMMAND, and once more.
stopped_in()
{
	local try
	for try in 1 2 3 4 5; do
		stop_in "$1" "$2" "$3" && return
		[ "$status" -eq 0 ] || break
		diag "try $try: init was over before"
		"${@:4}"
	done
	cat said
	return 1
}

undo() { citusctl -q -y destroy >/dev/null; }

# What init has made: nodes, tables, roles; settings and who may log in; servers.
# Passwords and certificates are new ones each time; so are numbers of a sequence, such as that
# of a group, when what took one is rolled back.
what_there_is()
{
	local i
	citusctl -o json status | jq -c '[.nodes[] | [.name, .state]], [.tables[] | [.name, .type, .shard_count]]'
	for i in 0 1; do
		# shellcheck disable=SC2016 # for the shell there
		on "$i" sh -c 'pg_lsclusters -h | awk "{ print \$1, \$2, \$3, \$4 }"; ls /var/lib/citusctl/lab
			find /etc/postgresql/15/lab | sort; cat /etc/postgresql/15/lab/conf.d/citusctl.conf /etc/postgresql/15/lab/pg_hba.conf'
		on_sql "$i" <<<"SELECT rolname FROM pg_roles WHERE rolname !~ '^pg_' ORDER BY 1;
			SELECT extname, extversion FROM pg_extension ORDER BY 1;
			SELECT groupid > 0, nodename, nodeport, isactive, hasmetadata, metadatasynced FROM pg_dist_node ORDER BY 1;
			SELECT rolename FROM pg_dist_authinfo ORDER BY 1"
	done
}

lab_or_skip 'init killed at every step'
lab_up 2 || exit 1
# Without PgBouncer there is nothing to interrupt in its step.
pooler=''
PATH=$PATH:/usr/sbin command -v pgbouncer >/dev/null && pooler=', "pooler": {"port": 6432}'
echo 'CREATE TABLE IF NOT EXISTS items (id bigint PRIMARY KEY);' >schema.sql
describe_lab '"schema": ["schema.sql"], "shard_count": 4, "tables": [{"name": "items", "distribution_column": "id"}]'"$pooler"
runs 'init that nobody disturbs' 0 citusctl init
what_there_is >wanted
steps=$(citusctl -o json init --dry-run | jq -r '.steps[].step' | awk -v pooler="$pooler" '!seen[$0]++ && (pooler != "" || $0 != "run the pooler")')
isnt "$steps" '' 'its steps'
while read -r step; do
	undo
	ok "killed in \"$step\"" stopped_in KILL 137 "$step" undo
	runs "  the next run" 0 citusctl init
	what_there_is >got
	ok "  makes the same" diff wanted got
	runs "  and nothing is left to do" 0 citusctl init --dry-run --exit-code
done <<<"$steps"

undo
while read -r step; do
	ok "Ctrl-C in \"$step\"" stopped_in INT 130 "$step" true
	like "$(tail -n 20 said)" 'run the same command again to finish the job' '  says that the next run goes on'
done <<<"$steps"
runs 'the run after all that' 0 citusctl init
what_there_is >got
ok 'makes the same' diff wanted got
runs 'and nothing is left to do' 0 citusctl init --dry-run --exit-code
finish
