#!/usr/bin/env bash
# psql, exec and logs: ways to a node, for people.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

test_psql()
{
	local engine=$1 name=$2
	run citusctl psql -- -X -A -t -c 'SELECT current_user, current_database()'
	is "$status,$out" "0,$name|$name" "$engine: psql on the coordinator, as the role of the description"
	run citusctl psql w1 -- -X -A -t -c 'SHOW port'
	is "$out" "$(jq .nodes.w1.port "$CITUSCTL_HOME/$name/state.json")" "$engine: psql on a node that is named"
	run citusctl psql --superuser w1 -- -X -A -t -c 'SELECT rolsuper FROM pg_roles WHERE rolname = current_user'
	is "$out" t "$engine: as the superuser"
	is "$(echo 'SELECT 6 * 7' | citusctl psql -- -X -A -t)" 42 "$engine: standard input is psql's"
	run citusctl psql -- -X -A -t -v word="it's one" -c "\\echo :word"
	is "$out" "it's one" "$engine: words arrive as they are"
	# shellcheck disable=SC2016 # for the shell of psql
	run citusctl psql -- -X -c '\! tr "\0" "\n" </proc/$PPID/environ; tr "\0" "\n" </proc/$PPID/cmdline'
	unlike "$out" "$(cat "$CITUSCTL_HOME/$name/password")" "$engine: the password is in no environment and no command line"
	like "$out" '^PGPASSFILE=/proc/self/fd/' "$engine: but in a file without a name"
	run citusctl psql -- -X -c 'SELECT no_such_column'
	is "$status" 1 "$engine: what psql can't do makes the status 1"
	like "$err" 'no_such_column' "$engine: and is said by psql"
	runs "$engine: psql has no JSON" 2 citusctl -o json psql -- -c 'SELECT 1'
	is "$(json .error.status)" 2 "$engine: which is said in JSON"
	runs "$engine: psql on two nodes" 2 citusctl psql w1 w2
	runs "$engine: psql on a node that is not described" 2 citusctl psql w11
	like "$err" 'Did you mean "w1"' "$engine: names the nearest"
}

test_exec()
{
	local engine=$1 name=$2
	# shellcheck disable=SC2016 # for the shells there
	run citusctl exec -- sh -c 'echo "$CITUSCTL_NODE $PGPORT $PGDATABASE $PGDATA"'
	is "$status" 0 "$engine: exec on all nodes"
	is "$(grep -c . <<<"$out")" 3 "$engine: a line of each"
	like "$out" "^w1: w1 $(jq .nodes.w1.port "$CITUSCTL_HOME/$name/state.json") $name .*/$name/w1\$" "$engine: with the node in front, and where it is"
	run citusctl exec w2 -- printf '%s\n' "a 'word' \$HOME"
	is "$out" "a 'word' \$HOME" "$engine: on one node nothing is in front, and words arrive as they are"
	# shellcheck disable=SC2046 # words
	is "$(citusctl exec w1 -- echo $(seq 300) | tail -n 1)" "$(seq 300 | tr '\n' ' ' | sed 's/ $//')" "$engine: all words of a long command arrive"
	# shellcheck disable=SC2016
	run citusctl exec w1 w2 -- sh -c '[ "$CITUSCTL_NODE" = w1 ] || { echo "no good" >&2; exit 3; }'
	is "$status" 1 "$engine: a command that fails somewhere"
	like "$err" '^w2: no good$' "$engine: its words"
	like "$err" 'the command failed on w2 \(status 3\)' "$engine: where, and with which status"
	# shellcheck disable=SC2016
	run citusctl -o json exec w1 w2 -- sh -c '[ "$CITUSCTL_NODE" = w1 ] && echo yes'
	is "$status,$(json '[.nodes[] | .name, .status, .stdout] | map(tostring) | join("|")')" $'1,w1|0|yes\n|w2|1|' "$engine: in JSON"
	runs "$engine: a program that is not there" 1 citusctl exec w1 -- no-such-program
	runs "$engine: without a command" 2 citusctl exec w1
	like "$err" 'behind "--"' "$engine: says how"
	is "$(citusctl exec --root w1 -- id -un)" "$(id -un)" "$engine: --root on a local cluster is whoever runs citusctl"
}

test_logs()
{
	local engine=$1 name=$2 pid
	citusctl -q psql -- -X -c 'SELECT no_such_thing_1' 2>/dev/null
	citusctl -q psql w1 -- -X -c 'SELECT no_such_thing_2' 2>/dev/null
	run citusctl logs
	is "$status" 0 "$engine: logs"
	like "$out" '^coordinator: .*ERROR: .*no_such_thing_1' "$engine: of all nodes"
	like "$out" '^w1: .*ERROR: .*no_such_thing_2' "$engine: with the node in front"
	run citusctl logs w1 --lines 1
	is "$(grep -c . <<<"$out")" 1 "$engine: as many lines as wanted, of one node"
	unlike "$out" '^w1: ' "$engine: without its name"
	run citusctl -o json logs w1 -n 3
	is "$(json '[.nodes[0].name, (.nodes[0].lines | length)] | map(tostring) | join(",")')" 'w1,3' "$engine: in JSON"
	is "$(json '.nodes[0].file')" "$CITUSCTL_HOME/$name/w1.log" "$engine: with the file"
	(trap - INT; exec env --default-signal=INT "$CITUSCTL" logs --follow -n 0) >followed 2>&1 &
	pid=$!
	ok "$engine: a log is followed" wait_until 60 follows no_such_thing_3
	is "$(grep -c 'ERROR.*no_such_thing_2' followed)" 0 "$engine: from then on"
	kill -INT "$pid"
	wait "$pid"
	is "$?" 130 "$engine: until Ctrl-C"
}

# A line with a number of its own until the follower has shown one.
follows()
{
	citusctl -q psql w2 -- -X -c "SELECT $1" 2>/dev/null
	grep -q "^w2: .*ERROR.*$1" followed
}

test_reach()
{
	local engine=$1 name=reach_$1
	write_description "$name" '"engine": "'"$engine"'", "workers": [{"name": "w1"}, {"name": "w2"}]'
	runs "$engine: psql before init" 2 citusctl psql
	runs "$engine: init" 0 citusctl init
	test_psql "$engine" "$name"
	test_exec "$engine" "$name"
	test_logs "$engine" "$name"
	runs "$engine: a node is stopped" 0 citusctl node stop w2
	runs "$engine: psql on a node that is down" 4 citusctl psql w2 -- -c 'SELECT 1'
	runs "$engine: its log is there" 0 citusctl logs w2
	like "$out" 'database system is shut down' "$engine: and says so"
	runs "$engine: destroy" 0 citusctl -y destroy
}

for_each_engine test_reach
finish
