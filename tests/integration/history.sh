#!/usr/bin/env bash
# The journal of operations and the lock: one operation at a time, from wherever, and
# what was done can be read afterwards, killed runs included.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

# operation N FIELD: of the journal's JSON in $out, N counted from the end.
operation() { json ".operations[-$1].$2"; }

# Another operator: holds the lock the way a run elsewhere does, until its standard input ends.
hold_lock()
{
	PGPASSWORD=$(cat "$CITUSCTL_HOME/$1/password") psql -X -q -A -t -h 127.0.0.1 \
		-p "$(jq -r .nodes.coordinator.port "$CITUSCTL_HOME/$1/state.json")" -U "$1" -d "$1" "${@:2}"
}

test_history()
{
	local engine=$1 name=history_$1 holder
	write_description "$name" '"workers": 1, "engine": "'"$engine"'"'
	runs "$engine: history of a cluster that is not there" 2 citusctl history
	like "$err" 'citusctl init' "$engine: names the remedy"
	runs "$engine: init" 0 citusctl init
	run citusctl -o json history
	is "$status" 0 "$engine: history in JSON"
	is "$(json '.operations | length')" 1 "$engine: holds the first init"
	is "$(operation 1 command)" init "$engine: says what was done"
	is "$(operation 1 operator)" "$(id -un)@$(hostname)" "$engine: and by whom"
	is "$(operation 1 outcome)" 'done' "$engine: and that it ended well"
	like "$(operation 1 details)" '^[0-9]+ changes$' "$engine: and what it changed"
	like "$(operation 1 started_at)" '^20[0-9]{2}-[0-9]{2}-[0-9]{2}T.*Z$' "$engine: and when"
	is "$(json '.operations[-1] | .seconds > 0 and .finished_at >= .started_at')" true "$engine: and how long it took"

	run env SUDO_USER=ada "$CITUSCTL" init
	run citusctl history
	like "$out" '^Started +Operator +Command +Took +Outcome' "$engine: as a table it has a header"
	like "$out" "ada@$(hostname) +init +.* done +nothing was changed" "$engine: behind sudo it is the person that counts"

	# A failed run and one that is killed.
	write_description "$name" '"workers": 1, "engine": "'"$engine"'", "schema": ["slow.sql"]'
	echo 'SELECT no_such_function()' >slow.sql
	runs "$engine: init with a schema file that fails" 1 citusctl init
	run citusctl -o json history
	is "$(operation 1 outcome)" failed "$engine: is recorded as failed"
	like "$(operation 1 details)" 'no_such_function' "$engine: with the reason"
	echo 'SELECT pg_sleep(300)' >slow.sql
	"$CITUSCTL" init >"$TMP/killed" 2>&1 &
	holder=$!
	ok "$engine: a long operation runs" wait_until 60 is_running "$name" pg_sleep
	run citusctl -o json history
	is "$(operation 1 outcome)" running "$engine: and is seen to run"

	# The second operator: on this machine the lock file tells, elsewhere the coordinator.
	runs "$engine: a second operation is refused" 5 citusctl init
	like "$err" "\"init\" by .*@.* \\(process $holder\\), since 20" "$engine: naming what, who and since when"
	mv "$CITUSCTL_HOME/$name/lock" "$CITUSCTL_HOME/$name/lock.away"
	for verb in 'init' 'node restart' '-y destroy'; do
		# shellcheck disable=SC2086
		runs "$engine: so is $verb from another machine" 5 citusctl $verb
		like "$err" "\"init\" by .*@.* \\(process $holder\\), since 20[0-9-]+ [0-9:]+ \\(" "$engine: $verb names what, who and since when"
	done
	runs "$engine: as JSON" 5 citusctl -o json init
	is "$(json .error.status)" 5 "$engine: its status is in the document"
	mv "$CITUSCTL_HOME/$name/lock.away" "$CITUSCTL_HOME/$name/lock"

	kill -KILL "$holder"
	wait "$holder" 2>/dev/null
	echo 'SELECT 1' >slow.sql
	echo "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()" |
		node_sql "$name" coordinator >/dev/null
	ok "$engine: the lock goes with the run that was killed" wait_until 30 "$CITUSCTL" init
	run citusctl -o json history
	is "$(operation 2 outcome)" 'did not finish' "$engine: the killed run did not finish"
	is "$(operation 2 finished_at)" null "$engine: it has no end"
	is "$(operation 1 outcome)" 'done' "$engine: the one after it is done"

	# Somebody who is no citusctl.
	mkfifo "$TMP/session"
	rm -f "$TMP/held" # of the engine before
	hold_lock "$name" -f - <"$TMP/session" >"$TMP/held" 2>&1 &
	holder=$!
	exec 7>"$TMP/session"
	cat "$REPO/sql/query/operation_lock.sql" >&7 && echo ';' >&7
	ok "$engine: a session of somebody else takes the lock" wait_until 30 grep -qx t "$TMP/held"
	runs "$engine: an operation is refused then" 5 citusctl init
	like "$err" 'another session holds the lock .*: server process [0-9]+' "$engine: and names the server process"
	exec 7>&-
	wait "$holder"
	rm "$TMP/session"

	# One that lets go when it sees another ask, as the server does of a run that has ended or was killed.
	{
		cat "$REPO/sql/query/operation_lock.sql"
		echo "; DO 'BEGIN WHILE NOT EXISTS (SELECT FROM pg_stat_activity WHERE query LIKE ''%operation%'' AND pid <> pg_backend_pid()) LOOP
			PERFORM pg_sleep(0.01), pg_stat_clear_snapshot(); END LOOP; END'"
	} >"$TMP/until_asked.sql"
	rm "$TMP/held"
	hold_lock "$name" -f "$TMP/until_asked.sql" >"$TMP/held" 2>&1 &
	holder=$!
	ok "$engine: a session takes the lock for as long as nobody asks" wait_until 30 grep -qx t "$TMP/held"
	runs "$engine: an operation that asks gets it" 0 citusctl init
	wait "$holder"

	# Ctrl-C.
	echo 'SELECT pg_sleep(301)' >slow.sql
	# A job in the background ignores the interrupt unless it is set back.
	(trap - INT; exec env --default-signal=INT "$CITUSCTL" init) >"$TMP/killed" 2>&1 &
	holder=$!
	ok "$engine: another long operation runs" wait_until 60 is_running "$name" pg_sleep
	kill -INT "$holder"
	wait "$holder"
	is "$?" 130 "$engine: Ctrl-C ends it"
	run citusctl -o json history
	is "$(operation 1 outcome)" interrupted "$engine: and is recorded"
	run citusctl -o json history --limit 1
	is "$(json '.operations | length')" 1 "$engine: --limit limits"

	# Servers that come and go.
	echo 'SELECT 1' >slow.sql
	runs "$engine: node stop" 0 citusctl node stop
	runs "$engine: node start" 0 citusctl node start
	runs "$engine: node restart" 0 citusctl node restart
	run citusctl -o json history
	is "$(operation 3 command),$(operation 3 outcome)" 'node stop,done' "$engine: a stop is recorded before it stops the journal"
	is "$(operation 2 command),$(operation 2 outcome)" 'node start,done' "$engine: a start afterwards"
	is "$(operation 1 command),$(operation 1 outcome)" 'node restart,done' "$engine: a restart around it"

	runs "$engine: destroy" 0 citusctl -y destroy
}

is_running() { [ "$(echo "SELECT count(*) > 0 FROM pg_stat_activity WHERE query LIKE '%$2(%' AND state = 'active' AND pid <> pg_backend_pid()" | node_sql "$1" coordinator)" = t ]; }

for_each_engine test_history
finish
