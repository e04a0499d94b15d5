#!/usr/bin/env bash
# shellcheck disable=SC2154 # lib.sh sets out, err, status and took_ms
# shellcheck disable=SC2016 # jq's variables, not the shell's
# The demo through PgBouncer: more clients than connections to the server, and nothing goes past it.
set -u
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

if ! PATH=$PATH:/usr/sbin command -v pgbouncer >/dev/null; then
	skip 'demo --pooler' 'pgbouncer is not installed'
	finish
fi
run citusctl demo --pooler --via any
is "$status" 2 "a pooler and connections to all nodes exclude each other"
run citusctl demo --pooler --duration 0
is "$status" 2 "a pooler without a workload is a wrong usage"

command_lines() { cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' ' '; }
checks_failed() { json '[.checks[] | select(.passed | not) | .name] | join(" ")'; }

# own ENGINE SECONDS: a demo through a pooler of its own, which is looked at meanwhile; false when that was too late, or there was little.
own()
{
	local pid
	rm -f own.err own.out password # of the run before
	"$CITUSCTL" demo --engine "$1" --workers 2 --users 500 --duration "$2" --clients 24 --pooler -o json --junit own.xml --report own.html \
		>own.out 2>own.err </dev/null &
	pid=$!
	wait_until 120 grep -q '^working' own.err
	dir=$(echo "$CITUSCTL_HOME"/demo-*/pooler)
	modes=$(stat -c %a "$dir" "$dir/users" "$dir/pgbouncer.ini" | tr '\n' ' ')
	users=$(cat "$dir/users")
	command_lines >lines
	cp "$dir/../password" password
	cat "$dir"/* >>lines
	grep -q '^checking' own.err
	late=$?
	wait "$pid"
	[ "$late" -ne 0 ] && ! did_little own.out
}

test_own()
{
	local dir modes users late seconds
	for seconds in 4 20 60; do
		own "$1" "$seconds" && break
	done
	like "$(cat own.err)" '^working' "$1: a demo through a pooler gets to work"
	is "$modes" "700 600 600 " "$1: its files are its user's only"
	like "$users" '^"demo-[0-9]+" "SCRAM-SHA-256\$' "$1: it holds a SCRAM verifier"
	like "$(cat password)" '^[A-Za-z0-9_-]{20,}$' "$1: the role has a password"
	is "$(grep -c -a -F -f password lines)" 0 "$1: and nowhere is it"
	out=$(cat own.out) err=$(cat own.err)
	is "$(json .passed)" true "$1: it passes"
	is "$(checks_failed)" "" "$1: every check does"
	ok "$1: many clients share few connections" jq -e '.pooler | .clients >= 24 and .pool_size == 6 and .server_connections <= 6 and
		.server_connections >= 2' own.out
	ok "$1: every operation went through it" jq -e '.pooler.transactions >= ([.operations[].count] | add)' own.out
	ok "$1: of every kind" jq -e '[.operations[].count] | min > 0' own.out
	ok "$1: clients waited for each other" jq -e '.pooler | .clients_waiting > 0 and .wait_mean_ms > 0' own.out
	like "$err" 'PgBouncer at 127\.0\.0\.1:[0-9]+' "$1: it says through what"
	like "$(cat own.xml)" 'name="pooler_server_connections" value="[0-9]+"' "$1: JUnit's properties tell the connections"
	command_lines >lines
	is "$(grep -c -F -e "$dir" lines)" 0 "$1: the pooler is gone afterwards"
	not_ok "$1: with its directory" [ -e "$dir" ]
}

# In the schema of its own, which a session behind a pooler does not have in its search path; and with the cache.
test_described()
{
	write_description "pooled-$1" '"workers": 2, "engine": "'"$1"'"'
	run citusctl init
	is "$status" 0 "$1: init succeeds"
	run citusctl -y demo --users 300 --duration 3 --clients 8 --pooler --keep ${cache:+"$cache"} -o json
	is "$status" 0 "$1: a demo through a pooler on a described cluster succeeds"
	is "$(checks_failed)" "" "$1: every check passes"
	run citusctl metrics
	like "$out" '^citusctl_demo_pooler_server_connections\{.*\} [12]$' "$1: metrics tell the connections"
}

# A server that answers in the pooler's place: what is not counted was not pooled.
test_no_pooler()
{
	local state=$CITUSCTL_HOME/pooled-$1/state.json
	jq -n --slurpfile state "$state" --arg name "pooled-$1" --arg file "$CITUSCTL_HOME/pooled-$1/password" '$state[0].nodes as $n |
		{name: $name, deploy: "none", engine: "'"$1"'", postgres: {password: {file: $file}}, pooler: {port: $n.coordinator.port},
		coordinator: {host: "127.0.0.1", port: $n.coordinator.port},
		workers: [{host: "127.0.0.1", port: $n.worker1.port}, {host: "127.0.0.1", port: $n.worker2.port}]}' >none.json
	jq '.pooler.port = 1' none.json >closed.json
	run citusctl -c closed.json -y demo --users 100 --duration 2 --pooler -o json
	is "$status" 4 "$1: a described pooler that does not run is named"
	jq 'del(.pooler)' none.json >without.json
	run citusctl -c without.json -y demo --users 100 --duration 2 --pooler
	is "$status" 2 "$1: so is a description without one"
	like "$err" 'Add "pooler"' "$1: with the remedy"
}

test_pooler()
{
	test_own "$1"
	cache=
	command -v redis-server >/dev/null && cache=--cache
	test_described "$1"
	test_no_pooler "$1"
	run citusctl -y destroy
	is "$status" 0 "$1: destroy succeeds"
	rm cluster.json
}

for_each_engine test_pooler
finish
