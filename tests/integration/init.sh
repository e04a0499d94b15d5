#!/usr/bin/env bash
# init, status, node and destroy on real servers: what is done once and not twice,
# what is refused, what interruptions leave, and what nobody gets to see.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

state_of() { json ".nodes[] | select(.name == \"$1\") | .state"; }

# describe ENGINE NAME COLUMN SHARDS [MORE-TABLES]
describe()
{
	write_description "$2" '"engine": "'"$1"'", "workers": 1, "shard_count": '"$4"',
		"postgres": {"settings": {"log_min_duration_statement": "0"}}, "schema": ["a.sql"'"${5:+, \"b.sql\"}"'],
		"tables": [{"name": "kinds", "reference": true}, {"name": "items", "distribution_column": "'"$3"'"}'"${5:+, $5}"']'
}

# The least that one engine needs: a coordinator and a worker without tables.
small() { write_description "$2" '"engine": "'"$1"'", "workers": 1'"${3:+, $3}"; }

write_schema()
{
	cat >a.sql <<-'SQL'
		CREATE TABLE IF NOT EXISTS kinds (id int PRIMARY KEY);
		CREATE TABLE IF NOT EXISTS items (id bigint PRIMARY KEY, owner bigint, kind int REFERENCES kinds (id));
	SQL
	cat >b.sql <<-'SQL'
		CREATE TABLE IF NOT EXISTS "we;ird ""table" (id bigint PRIMARY KEY, "an id" bigint);
	SQL
}
weird='{"name": "\"we;ird \"\"table\"", "distribution_column": "id", "colocate_with": "items"}'

# Looks for the passwords of cluster $1 where other users of the machine can look, until
# the file $2 goes away.  grep reads them from their files: they are in no line of its own.
watch_processes()
{
	local file
	while [ -e "$2" ]; do
		for file in password superuser-password; do
			[ -s "$CITUSCTL_HOME/$1/$file" ] && grep -lsaF -f "$CITUSCTL_HOME/$1/$file" /proc/[0-9]*/cmdline /proc/[0-9]*/environ
		done
		sleep 0.02
	done >"$2.seen"
}

test_init_twice()
{
	local engine=$1 name=twice_$1 password file
	write_schema
	describe "$engine" "$name" id 4

	runs "$engine: a dry run on nothing succeeds" 0 citusctl init --dry-run
	ok "$engine: and leaves nothing" test ! -e "$CITUSCTL_HOME/$name"
	runs "$engine: with --exit-code it tells that there is something to do" 3 citusctl init --dry-run --exit-code

	: >"$TMP/watched"
	watch_processes "$name" "$TMP/watched" &
	runs "$engine: init succeeds" 0 citusctl -v init
	rm "$TMP/watched"
	wait
	like "$out" 'citusctl status' "$engine: init names the next command"
	printf '%s\n%s\n' "$out" "$err" >"$TMP/said"

	runs "$engine: a second init succeeds" 0 citusctl init
	like "$out" 'nothing was changed' "$engine: and says that nothing was changed"
	runs "$engine: a third one in JSON" 0 citusctl -o json init
	is "$(json '[.. | objects | select(.outcome? == "changed" or .result? == "changed")] | length')" 0 "$engine: no step has changed anything"
	is "$(json .changed)" 0 "$engine: the count of changes is 0"
	runs "$engine: a dry run has nothing to do" 0 citusctl init --dry-run --exit-code

	run citusctl -o json status
	is "$(json '[has("cluster","engine","nodes","tables","balance")] | all')" true "$engine: status has its members"
	is "$(json .engine)" "$engine" "$engine: status names the engine"
	is "$(json '[.nodes[] | [has("name","role","host","port","state","shards","bytes")] | all] == [true, true]')" true \
		"$engine: so have its nodes"
	is "$(json '[.tables[] | [has("name","type","distribution_column","colocation_id","shard_count","bytes")] | all] == [true, true]')" true \
		"$engine: so have its tables"
	is "$(json '.balance | has("max_over_mean")')" true "$engine: so has the balance"
	is "$(json '[.nodes[].state] | unique | join(" ")')" active "$engine: all nodes are active"

	for file in password superuser-password; do
		password=$(cat "$CITUSCTL_HOME/$name/$file")
		is "$(stat -c %a "$CITUSCTL_HOME/$name/$file")" 600 "$engine: $file is its owner's alone"
		ok "$engine: $file is long" test "${#password}" -ge 20
		not_ok "$engine: $file is not in what init -v said" grep -qF -- "$password" "$TMP/said"
		not_ok "$engine: $file is in no log" grep -qF -- "$password" "$CITUSCTL_HOME/$name"/*.log
		not_ok "$engine: $file is in no file of settings" grep -rqF --include='*.conf' -- "$password" "$CITUSCTL_HOME/$name"
	done
	is "$(cat "$TMP/watched.seen")" '' "$engine: passwords are in no command line and no environment"

	echo "INSERT INTO kinds VALUES (1); INSERT INTO items SELECT i, i, 1 FROM generate_series(1, 50) i" |
		node_sql "$name" coordinator >/dev/null
	describe "$engine" "$name" id 4 "$weird"
	runs "$engine: a table added later is made by init" 0 citusctl init
	is "$(echo "INSERT INTO \"we;ird \"\"table\" SELECT i, i FROM generate_series(1, 9) i; SELECT count(*) FROM \"we;ird \"\"table\"" |
		node_sql "$name" coordinator)" 9 "$engine: a table whose name needs quotes takes rows"
	run citusctl -o json status
	is "$(json '.tables | length')" 3 "$engine: and is a table of the cluster"
	runs "$engine: init after that" 0 citusctl -o json init
	is "$(json .changed)" 0 "$engine: changes nothing"

	describe "$engine" "$name" owner 4 "$weird"
	runs "$engine: another distribution column is refused" 5 citusctl init
	like "$err" 'distributed by "id".*"owner"' "$engine: with the reason"
	describe "$engine" "$name" id 8 "$weird"
	runs "$engine: another number of shards is refused" 5 citusctl init
	like "$err" 'has 4 shards.*8' "$engine: with the reason"
	describe "$engine" "$name" id 4 '{"name": "\"we;ird \"\"table\"", "reference": true}'
	runs "$engine: a distributed table as a reference table is refused" 5 citusctl init
	is "$(echo "SELECT count(*) FROM items" | node_sql "$name" coordinator)" 50 "$engine: after all that the rows are there"

	test_nodes "$engine" "$name"
	test_destroy "$engine" "$name"
}

# The engine that has no columnar storage says so, in words and to programs.
test_columnar()
{
	local engine=$1 name=columnar_$1
	echo 'CREATE TABLE IF NOT EXISTS events (id bigint, what text);' >events.sql
	write_description "$name" '"engine": "'"$engine"'", "workers": 1, "shard_count": 2, "schema": ["events.sql"],
		"tables": [{"name": "events", "distribution_column": "id", "storage": "columnar"}]'
	runs "$engine: init with a columnar table" 0 citusctl init
	if [ "$engine" = embedded ]; then
		like "$out" 'Note: .*columnar.*kept as heap.*: events' "$engine: says what it keeps otherwise than described"
		run citusctl -o json status
		like "$(json .note)" 'columnar.*events' "$engine: so does status"
		is "$(json '.tables[0].storage')" heap "$engine: and tells the storage"
	else
		unlike "$out" 'Note:' "$engine: has nothing to note"
		run citusctl -o json status
		is "$(json '.tables[0].storage')" columnar "$engine: status tells the storage"
	fi
	runs "$engine: destroy" 0 citusctl -y destroy
}

test_nodes()
{
	local engine=$1 name=$2 worker=$CITUSCTL_HOME/$2/worker1 pid socket
	describe "$engine" "$name" id 4 "$weird"
	pid=$(head -n 1 "$worker/postmaster.pid")
	kill -KILL "$pid"
	wait_until 30 is_dead "$pid"
	runs "$engine: status with a dead worker" 0 citusctl -o json status
	is "$(state_of worker1)" down "$engine: says that it is down"
	is "$(state_of coordinator)" active "$engine: and that the other is not"
	is "$(json '[.nodes[] | select(.name == "worker1") | .bytes, .shards]' | tr -d ' \n')" '[null,8]' \
		"$engine: the size of what lies there is not known, the number of shards is"
	is "$(json '[.tables[].bytes] | unique | tojson')" '[null]' "$engine: nor are the sizes of tables"
	is "$(json '.balance.max_over_mean')" null "$engine: nor is the balance"
	run citusctl status
	like "$out" 'worker1 .* down +8 +unknown' "$engine: people read unknown too"
	# As after kill -9 where nobody collects the process, or after a reboot: there is one
	# of this number, and it is not the server.
	pid=$(head -n 1 "$CITUSCTL_HOME/$name/coordinator/postmaster.pid")
	sed -i "1s/.*/$pid/" "$worker/postmaster.pid" "$CITUSCTL_HOME/$name/run"/.s.PGSQL.*.lock
	runs "$engine: node start brings it back" 0 citusctl node start
	is "$(head -n 1 "$CITUSCTL_HOME/$name/coordinator/postmaster.pid")" "$pid" "$engine: and leaves the other alone"
	run citusctl -o json status
	is "$(json '[.nodes[].bytes, .tables[].bytes] | map(type) | unique | tojson')" '["number"]' "$engine: sizes are known again"
	is "$(state_of worker1)" active "$engine: it is active again"
	runs "$engine: node start again" 0 citusctl node start
	like "$out" 'run already' "$engine: has nothing to do"

	# Started by a run that was killed, a server is there before anybody can reach it.
	socket=$(sed -n 5p "$worker/postmaster.pid")/.s.PGSQL.$(sed -n 4p "$worker/postmaster.pid")
	mv "$socket" "$socket.aside"
	rm -f late
	"$CITUSCTL" -v init >late 2>&1 </dev/null &
	pid=$!
	ok "$engine: init comes to a server that nobody can reach yet" wait_until 60 grep -q 'worker1: start the server$' late
	sleep 0.5
	mv "$socket.aside" "$socket"
	wait "$pid"
	is "$?" 0 "$engine: and waits for it"

	runs "$engine: node stop" 0 citusctl node stop
	is "$(servers_below "$CITUSCTL_HOME/$name" | wc -l)" 0 "$engine: leaves no server running"
	run citusctl status
	isnt "$status" 0 "$engine: status of stopped servers fails"
	like "$err" 'coordinator' "$engine: and names the node"
	runs "$engine: init starts them" 0 citusctl init
	is "$(echo "SELECT count(*) FROM items" | node_sql "$name" coordinator)" 50 "$engine: the rows are there"
}

test_destroy()
{
	local engine=$1 name=$2
	runs "$engine: destroy without a terminal is refused" 5 citusctl destroy
	like "$err" 'not confirmed' "$engine: with the reason"
	runs "$engine: JSON means no yes" 5 citusctl -o json destroy
	is "$(servers_below "$CITUSCTL_HOME/$name" | wc -l)" 2 "$engine: the servers run"
	runs "$engine: destroy -y" 0 citusctl -y destroy
	ok "$engine: leaves no file" test ! -e "$CITUSCTL_HOME/$name"
	ok "$engine: and no process" wait_until 20 no_process_named "$CITUSCTL_HOME/$name/"
	runs "$engine: destroy again has nothing to do" 0 citusctl -y destroy
}

# A column that is not there, and a table that no file makes.
test_wrong_tables()
{
	local engine=$1 name=wrong_$1
	write_schema
	describe "$engine" "$name" onwer 4
	runs "$engine: a distribution column that is not there" 2 citusctl init
	like "$err" 'no column "onwer"' "$engine: is named"
	like "$err" 'id.*owner.*kind' "$engine: and so are the columns"
	describe "$engine" "$name" id 4 '{"name": "nowhere", "distribution_column": "id"}'
	runs "$engine: a table that no file makes" 2 citusctl init
	like "$err" '"nowhere" does not exist' "$engine: is named"
	describe "$engine" "$name" id 4
	runs "$engine: the corrected description is completed" 0 citusctl init

	test_ports "$engine" "$name"
	runs "$engine: destroy" 0 citusctl -y -c "$TMP/cluster.json" destroy
}

# The ports of a cluster that runs, wanted by another: of the same home, and not.
test_ports()
{
	local engine=$1 name=$2 port
	port=$(jq .nodes.coordinator.port "$CITUSCTL_HOME/$name/state.json")
	mkdir -p other && cd other || return
	small "$engine" "late_$engine" '"coordinator": {"port": '"$port"'}'
	runs "$engine: a port of another cluster" 1 citusctl init
	like "$err" "port $port of node \"coordinator\" belongs to another cluster" "$engine: is refused by name"
	run citusctl -y destroy
	run env CITUSCTL_HOME="$TMP/elsewhere" "$CITUSCTL" init
	is "$status" 1 "$engine: a port that is taken"
	like "$err" "port $port is taken" "$engine: is named"
	run env CITUSCTL_HOME="$TMP/elsewhere" "$CITUSCTL" -y destroy
	is "$(servers_below "$TMP/elsewhere" | wc -l)" 0 "$engine: nothing of it is left"
	cd "$TMP" || return
}

# kill -9 again and again, later each time, then Ctrl-C, then two at once.
test_interrupted()
{
	local engine=$1 name=broken_$1 after first second
	write_schema
	describe "$engine" "$name" id 4 "$weird"
	mkdir "$CITUSCTL_HOME/$name" # what is there when it was killed in its first moment
	for after in 0.01 0.1 0.3 0.6 1 "0.$((RANDOM % 90 + 10))" "1.$((RANDOM % 90 + 10))"; do
		diag "kill -9 after $after s"
		timeout -s KILL "$after" "$CITUSCTL" -q init >>"$TMP/killed" 2>&1 </dev/null
	done 2>/dev/null
	runs "$engine: after several kill -9 init completes" 0 citusctl init
	runs "$engine: and then" 0 citusctl -o json init
	is "$(json .changed)" 0 "$engine: nothing is left to do"
	run citusctl -o json status
	is "$(json '[.tables[].name] | length')" 3 "$engine: all tables are there"
	runs "$engine: destroy" 0 citusctl -y destroy

	interrupt_preparations "$name"
	is "$status" 130 "$engine: Ctrl-C makes exit status 130"
	ok "$engine: no server of the preparations is left" wait_until 20 no_process_named "$CITUSCTL_HOME/$name/[.]seed"

	# The first is not done before the second has asked.
	cp a.sql kept.sql
	echo "DO 'BEGIN WHILE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = ''go_on'') LOOP PERFORM pg_sleep(0.02); END LOOP; END';" >>a.sql
	"$CITUSCTL" init >"$TMP/first" 2>&1 </dev/null &
	first=$!
	wait_until 30 grep -qx -- "$first" "$CITUSCTL_HOME/$name/lock"
	run citusctl init
	second=$status
	like "$err" 'another citusctl is working on cluster .*\(process [0-9]+\)' "$engine: of two at once the second is told so"
	is "$second" 5 "$engine: and is refused"
	runs "$engine: so is destroy" 5 citusctl -y destroy
	wait_until 60 go_on "$name"
	wait "$first"
	is $? 0 "$engine: the first, which was after Ctrl-C, completes"
	runs "$engine: destroy" 0 citusctl -y destroy
	ok "$engine: it is gone" test ! -e "$CITUSCTL_HOME/$name"
}

# Sends Ctrl-C while a process of the data directory that is copied runs; $status is what comes of
# it.  An init that was over before does not count.
interrupt_preparations()
{
	local pid try
	for try in 1 2 3 4 5; do
		diag "Ctrl-C, try $try"
		(trap - INT; exec env --default-signal=INT "$CITUSCTL" init) >"$TMP/interrupted" 2>&1 </dev/null &
		pid=$!
		while no_process_named "$CITUSCTL_HOME/$1/[.]seed" && kill -0 "$pid" 2>/dev/null; do
			sleep 0.01
		done
		kill -INT "$pid" 2>/dev/null
		wait "$pid"
		status=$?
		[ "$status" -eq 0 ] || return
		citusctl -q -y destroy
	done
}

go_on() { echo 'CREATE ROLE go_on' | node_sql "$1" coordinator; }

no_process_named() { ! pgrep -f "$1"; }

is_sleeping()
{
	[ "$(echo "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'" | node_sql "$1" coordinator)" = 1 ]
}

# A worker that dies in the middle of init; then all servers at once, as in a reboot.
test_dead_servers()
{
	local engine=$1 name=dies_$1 init pid orphan
	echo 'CREATE TABLE IF NOT EXISTS items (id bigint PRIMARY KEY); SELECT pg_sleep(3600);' >items.sql
	write_description "$name" '"engine": "'"$engine"'", "workers": 2, "shard_count": 4, "schema": ["items.sql"],
		"tables": [{"name": "items", "distribution_column": "id"}]'
	"$CITUSCTL" -q init >"$TMP/dies.out" 2>"$TMP/dies.err" </dev/null &
	init=$!
	ok "$engine: init comes to its schema files" wait_until 60 is_sleeping "$name"
	pid=$(head -n 1 "$CITUSCTL_HOME/$name/worker2/postmaster.pid")
	kill -KILL "$pid"
	wait_until 30 is_dead "$pid"
	echo "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'" | node_sql "$name" coordinator >/dev/null
	wait "$init"
	is $? 4 "$engine: a worker that dies during init ends it with status 4"
	like "$(cat "$TMP/dies.err")" 'node "worker2" does not answer' "$engine: the error names the worker"
	like "$(cat "$TMP/dies.err")" 'citusctl init' "$engine: and what to do"

	echo 'CREATE TABLE IF NOT EXISTS items (id bigint PRIMARY KEY);' >items.sql
	runs "$engine: the next init brings it back and finishes" 0 citusctl init
	echo "INSERT INTO items SELECT generate_series(1, 20)" | node_sql "$name" coordinator
	# A session that a server leaves behind ends in its own time.
	orphan=$(pgrep -P "$(head -n 1 "$CITUSCTL_HOME/$name/worker1/postmaster.pid")" | tail -n 1)
	kill -STOP "$orphan"
	for pid in $(servers_below "$CITUSCTL_HOME/$name"); do
		kill -KILL "$pid"
		wait_until 30 is_dead "$pid"
	done
	{
		sleep 1
		kill -CONT "$orphan"
	} &
	runs "$engine: with all servers killed node start" 0 citusctl node start
	is "$(servers_below "$CITUSCTL_HOME/$name" | wc -l)" 3 "$engine: brings all of them up"
	is "$(echo "SELECT count(*) FROM items" | node_sql "$name" coordinator)" 20 "$engine: no row is lost"
	runs "$engine: destroy" 0 citusctl -y destroy
}

for_each_engine test_init_twice
for_each_engine test_dead_servers
for_each_engine test_columnar
for_each_engine test_wrong_tables
for_each_engine test_interrupted

# ---- the same on every engine --------------------------------------------------

test_foreign_directory()
{
	small embedded foreign
	mkdir "$CITUSCTL_HOME/foreign" && echo precious >"$CITUSCTL_HOME/foreign/file"
	runs 'a directory that citusctl did not make is refused by init' 5 citusctl init
	runs 'and by destroy' 5 citusctl -y destroy
	is "$(cat "$CITUSCTL_HOME/foreign/file")" precious 'it is untouched'
	is "$(ls "$CITUSCTL_HOME/foreign")" file 'and nothing is in it that was not'
	rm -r "$CITUSCTL_HOME/foreign"
}

test_no_postgres()
{
	local program
	small embedded bare
	mkdir -p "$TMP/old" "$TMP/none"
	for program in initdb pg_ctl postgres; do
		printf '#!/bin/sh\necho "%s (PostgreSQL) 12.1"\n' "$program" >"$TMP/old/$program"
		chmod +x "$TMP/old/$program"
	done
	run env CITUSCTL_BINDIR="$TMP/old" "$CITUSCTL" init
	is "$status" 1 'a PostgreSQL that is too old'
	like "$err" 'PostgreSQL 12 is too old, version 15 or newer' 'is told by its version'
	run env CITUSCTL_BINDIR="$TMP/none" "$CITUSCTL" init
	is "$status" 1 'a directory without PostgreSQL'
	like "$err" 'PostgreSQL is not installed' 'is told'
	like "$err" 'CITUSCTL_BINDIR' 'with the remedy'
	runs 'destroy removes what that left' 0 citusctl -y destroy
	ok 'all of it' test ! -e "$CITUSCTL_HOME/bare"
}

disk=''
test_disk_full()
{
	disk=$TMP/disk
	mkdir "$disk"
	if [ "$(id -u)" -ne 0 ] || ! mount -t tmpfs -o size=24m,mode=755 tmpfs "$disk" 2>/dev/null; then
		disk=''
		skip 'a full disk' 'takes root and a mount'
		return
	fi
	small embedded full
	run env CITUSCTL_HOME="$disk" "$CITUSCTL" init
	is "$status" 1 'a full disk fails init'
	like "$err" 'No space left|full' 'and is named'
	mount -o remount,size=600m "$disk"
	run env CITUSCTL_HOME="$disk" "$CITUSCTL" init
	is "$status" 0 'with space init completes'
	run env CITUSCTL_HOME="$disk" "$CITUSCTL" -y destroy
	is "$status" 0 'destroy on that disk'
	remove_disk
}

remove_disk()
{
	local pid
	[ -n "$disk" ] || return
	for pid in $(servers_below "$disk"); do
		kill -QUIT "$pid"
	done
	wait_until 5 umount "$disk" || umount -l "$disk"
	disk=''
}
trap 'remove_disk; clean_up' EXIT

# Where the user of the servers may not write.
test_no_permission()
{
	local as=()
	small embedded closed
	mkdir -m 555 "$TMP/closed"
	[ "$(id -u)" -ne 0 ] || as=(setpriv --reuid postgres --regid postgres --init-groups --)
	cp "$CITUSCTL" "$TMP/citusctl" # that user may not get to where it was built
	run "${as[@]}" env CITUSCTL_HOME="$TMP/closed" "$TMP/citusctl" -c "$TMP/cluster.json" init
	is "$status" 1 'a directory without permission to write fails init'
	like "$err" "\"$TMP/closed/closed\".*Permission denied" 'it is named'
	like "$err" 'owner and the permissions' 'with the remedy'
	rm -r "$TMP/closed" "$TMP/citusctl"
}

test_foreign_directory
test_no_permission
test_no_postgres
test_disk_full
finish
