#!/usr/bin/env bash
# shellcheck disable=SC2154 # lib.sh sets out, err, status and took_ms
# shellcheck disable=SC2317 # functions are called by name
# What a demo leaves behind, however it ends: nothing of its own, everything of others, and a cluster that is as it was.
set -u
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

# begin FILE OPTION...: a demo in the background on the cluster described here; its words go to FILE.out and FILE.err.
begin()
{
	rm -f "$1.out" "$1.err"
	"$CITUSCTL" -y demo --users 300 --clients 4 "${@:2}" >"$1.out" 2>"$1.err" </dev/null &
	pid=$!
}

# has_said FILE REGEX: of a demo that was begun.
has_said() { grep -Eq -- "$2" "$1.err"; }

# end FILE: as run, of the demo begun last.
end()
{
	last_run="demo, see $1"
	wait "$pid"
	status=$?
	out=$(cat "$1.out")
	err=$(cat "$1.err")
}

sql() { node_sql "left-$engine" coordinator -c "SET client_min_messages TO warning" -c "$1"; }
schemas() { sql "SELECT count(*) FROM pg_namespace WHERE nspname = 'citusctl_demo'"; }
users() { sql "SELECT count(*) FROM citusctl_demo.users"; }
states() { citusctl node list -o json | jq -r '[.nodes[] | .state] | unique | join(" ")'; }

# Rows that no demo made are nobody's to drop.
test_foreign()
{
	run citusctl demo --keep --users 300 --duration 0 -q
	is "$status" 0 "$engine: a demo whose tables are kept succeeds"
	sql "DROP TABLE citusctl_demo.demo_run"
	echo '<testsuites/>' >old.xml
	touch old.html
	run citusctl demo --users 300 --duration 0 --junit old.xml --report old.html
	is "$status" 5 "$engine: a demo refuses rows that it did not make"
	is "$(users)" 300 "$engine: and leaves them"
	like "$(tr '\n' ' ' <old.xml)" 'tests="1" failures="0" errors="1".*<error message="[^"]*rows that the demo did not make' \
		"$engine: JUnit's file has the error, and not what an earlier run found"
	not_ok "$engine: the page of an earlier run is gone" test -e old.html
	sql "DROP SCHEMA citusctl_demo CASCADE; DELETE FROM citusctl.schema_files WHERE path LIKE 'citusctl\_demo:%'"
}

# Cut off while its foreign keys are set aside, a demo leaves nothing of them for the next, nor for init.
test_unmade()
{
	if [ "$engine" = embedded ]; then
		skip "embedded: foreign keys set aside" "this engine distributes tables with their foreign keys"
		return
	fi
	sql "SET citus.enable_ddl_propagation TO off; CREATE FUNCTION public.nap() RETURNS trigger LANGUAGE plpgsql AS
			'BEGIN IF current_query() LIKE ''%WHERE id%'' THEN PERFORM pg_sleep(30); END IF; RETURN OLD; END';
		CREATE TRIGGER nap BEFORE DELETE ON citusctl.pending_foreign_keys FOR EACH ROW EXECUTE FUNCTION public.nap()"
	begin unmade --duration 600
	ok "$engine: a demo is stopped while it makes its tables" wait_until 60 is_napping
	kill -INT "$pid"
	end unmade
	is "$status" 130 "$engine: and interrupted"
	sql "DROP TRIGGER nap ON citusctl.pending_foreign_keys"
	is "$(schemas) $(sql 'SELECT count(*) FROM citusctl.pending_foreign_keys')" "0 0" "$engine: nothing of its tables is left"
	run citusctl demo --users 300 --duration 0 -q
	is "$status" 0 "$engine: the next demo makes them"
}
is_napping() { [ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")" -gt 0 ]; }

# A second demo does not touch the first one's tables; after Ctrl-C they are dropped.
test_second()
{
	begin first --duration 600
	ok "$engine: a demo comes to its workload" wait_until 60 has_said first '^working'
	run citusctl demo --users 300 --duration 1
	is "$status" 5 "$engine: a second demo is refused"
	like "$err" 'another demo is working on this cluster: .+@.+, since 20' "$engine: it says who works there since when"
	is "$(users)" 300 "$engine: the first one's tables are there"
	run citusctl demo --verify-only
	is "$status" 5 "$engine: they can't be verified meanwhile"
	run citusctl -y rebalance
	is "$status" 0 "$engine: but a rebalance may run beside a demo"
	kill -INT "$pid"
	end first
	is "$status" 130 "$engine: Ctrl-C ends the first"
	like "$err" "The demo's tables were dropped" "$engine: it says what became of its tables"
	unlike "$err" 'finish the job' "$engine: and does not promise to go on"
	is "$(schemas)" 0 "$engine: they are dropped"
}

# What a run knew when it was interrupted is kept with its tables.
test_kept()
{
	begin kept --keep --duration 600
	ok "$engine: a demo with --keep comes to its workload" wait_until 60 has_said kept '^working'
	sleep 1
	kill -INT "$pid"
	end kept
	is "$status" 130 "$engine: Ctrl-C ends it"
	run citusctl demo --verify-only -q -o json
	is "$status: $(json '[.checks[] | select(.passed | not) | .name] | join(" ")')" "0: " \
		"$engine: what it had acknowledged is there, as a later look finds"
	is "$(json '[(.node_names | length), (.placements.after | length > 0), (.started_at | length)] | tojson')" '[3,true,20]' \
		"$engine: which names the nodes, the shards and the time"
	ok "$engine: and the processors that it may use" \
		test "$(taskset -c 0 "$CITUSCTL" demo --verify-only -q -o json | jq .machine.cpus)" = 1
}

# shards NODE TABLE: of the demo's table there.
shards()
{
	node_sql "left-$engine" "$1" -c "SET citus.override_table_visibility TO off" \
		-c "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname ~ '^$2_[0-9]{4,}\$'
			AND relnamespace = 'citusctl_demo'::regnamespace"
}

# on_worker1 TABLE SQL: for each shard of the table there, as %s.
on_worker1()
{
	local shard
	shards worker1 "$1" | while read -r shard; do echo "${2//%s/citusctl_demo.$shard};"; done |
		cat <(echo 'SET citus.enable_manual_changes_to_shards TO on; SET citus.enable_ddl_propagation TO off;
			SET session_replication_role TO replica;') - | node_sql "left-$engine" worker1
}

# Acknowledged, and nothing was done: worker1 eats what is deleted.
test_unheeded()
{
	node_sql "left-$engine" worker1 -c "SET citus.enable_ddl_propagation TO off" \
		-c "CREATE FUNCTION public.eat() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'"
	ok "$engine: a worker can be made to ignore deletions" on_worker1 subscriptions \
		'CREATE TRIGGER eat BEFORE DELETE ON %s FOR EACH ROW EXECUTE FUNCTION public.eat()'
	run citusctl demo --users 300 --duration 2 --mix follow=1,unfollow=1 -q -o json
	is "$status: $(json '[.checks[] | select(.passed | not) | .name] | join(" ")')" "3: acknowledged writes" \
		"$engine: acknowledged writes that did nothing are found"
	like "$(json '.checks[] | select(.passed | not) | .detail')" 'acknowledged with an effect that can.t be; the first: user' \
		"$engine: and one is named"
}

# Sessions that change followers, and are at it.
break_sessions()
{
	sql "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
		WHERE usename = 'left-$engine' AND state = 'active' AND query LIKE '%subscriptions%'"
}

# A change of followers that was acknowledged at a second try is known: what became of it is held against the cluster.
test_retried()
{
	local broken=0 try change
	begin retried --keep --clients 8 --duration 12 --mix follow=9,unfollow=1 --during restart -o json
	ok "$engine: a demo that changes followers comes to its workload" wait_until 60 has_said retried '^working'
	for try in {1..100}; do
		broken=$((broken + $(break_sessions || echo 0))) # 0: the coordinator is restarted already
		if [ "$broken" -ge 8 ] || has_said retried 'worker1 stops'; then break; fi
	done
	diag "$broken sessions were ended at try $try"
	end retried
	is "$status: $(json '[.errors, .unknown_outcomes] | tojson')" "0: [0,0]" "$engine: what is cut off in the middle is tried again, and known"
	change=$(sql "SELECT DISTINCT l.about, l.other FROM citusctl_demo.demo_ledger l WHERE kind = 's' LIMIT 1")
	like "$change" '^[0-9]+[|][0-9]+$' "$engine: the ledger has what was acknowledged at a later try"
	sql "DELETE FROM citusctl_demo.subscriptions WHERE followee_id = ${change%|*} AND follower_id = ${change#*|}"
	run citusctl demo --verify-only -q -o json
	is "$status: $(json '[.checks[] | select(.passed | not) | .name] | join(" ")')" "3: acknowledged writes" \
		"$engine: when it is lost later, that is found"
}

# clash SECONDS RATE: a demo in which worker1 refuses every change for one third of the followers, and every other try for the rest; false
# when that came so late that there was little left of it.
clash()
{
	local began
	begin clash --duration "$1" --warmup 0 --rate "$2" --mix follow=1,read_feed=1 -o json
	wait_until 60 has_said clash '^working'
	began=$SECONDS
	node_sql "left-$engine" worker1 -c "SET citus.enable_ddl_propagation TO off" -c "SET client_min_messages TO warning" \
		-c "CREATE SEQUENCE IF NOT EXISTS public.clashes" -c "GRANT USAGE ON SEQUENCE public.clashes TO public" \
		-c "CREATE OR REPLACE FUNCTION public.clash() RETURNS trigger LANGUAGE plpgsql AS
			'BEGIN IF NEW.follower_id % 3 = 0 OR nextval(''public.clashes'') % 2 = 0 THEN RAISE SQLSTATE ''40001''; END IF; RETURN NEW; END'"
	on_worker1 subscriptions 'CREATE TRIGGER clash BEFORE INSERT ON %s FOR EACH ROW EXECUTE FUNCTION public.clash()'
	can_clash=$?
	[ $((SECONDS - began)) -lt $(($1 / 2)) ]
	late=$?
	end clash
	[ "$late" -eq 0 ]
}

# Collisions are tried again, but not for ever.
test_collisions()
{
	local can_clash late
	# At fifty errors a demo ends: with more time there is less of it in a second.
	clash 8 40 || clash 24 13
	is "$can_clash" 0 "$engine: a worker can be made to collide"
	is "$status" 0 "$engine: a demo that collides succeeds"
	ok "$engine: what collides is tried up to ten times, and counted" jq -e '.operations[] | select(.name == "follow") |
		.count > 0 and .errors > 0 and .retries > .errors * 9' clash.out
	like "$(jq -r .first_error clash.out)" '^follow: ' "$engine: the first of what was given up is told"
}

# An answer can be wrong without an error.
test_empty_reads()
{
	local seconds
	# At fifty errors it ends; for longer, and with fewer a second, where the rows were taken too late.
	for seconds in 5 20; do
		begin empty --mix read_profile=1 -o json --duration "$seconds" --rate $((40 / seconds))
		ok "$engine: a demo that reads comes to its workload" wait_until 60 has_said empty '^working'
		ok "$engine: rows can be taken away under it" on_worker1 users 'DELETE FROM %s'
		end empty
		[ "$status" -eq 0 ] || break
	done
	is "$status" 3 "$engine: reads that find nothing make the status 3"
	like "$(json '.checks[] | select(.passed | not) | .name')" '^reads$' "$engine: by a check of their own"
	ok "$engine: and are counted" jq -e '.wrong_answers > 0 and .errors >= .wrong_answers' empty.out
}

# interrupt EVENT MARK: Ctrl-C at that mark of the event.
interrupt()
{
	begin "$1" --duration 4 --during "$1"
	ok "$engine: a demo comes to $1" wait_until 120 has_said "$1" "$2"
	kill -INT "$pid"
	end "$1"
	is "$status" 130 "$engine: Ctrl-C in $1 ends the demo"
	is "$(states)" active "$engine: all servers are up after Ctrl-C in $1"
	is "$(schemas)" 0 "$engine: and the demo's tables dropped"
}

test_events()
{
	interrupt restart 'worker1 stops'
	interrupt kill-worker 'worker2 was killed'
	interrupt drain 'drain of worker2: [0-9]+ of'
	is "$(sql "SELECT bool_and(shouldhaveshards) FROM pg_dist_node WHERE groupid > 0")" t "$engine: all workers take shards"
}

# What can't be dropped is named, with the remedy.
test_dead()
{
	begin dead --duration 600 --clients 12 --mix post_tweet=1
	ok "$engine: a demo comes to its workload, once more" wait_until 60 has_said dead '^working'
	run citusctl -y node stop worker2
	is "$status" 0 "$engine: a worker can be stopped beside it"
	end dead
	is "$status" 4 "$engine: that ends the demo"
	like "$err" 'node "worker2" does not answer' "$engine: it names the worker"
	like "$err" 'Schema citusctl_demo is still there: start the nodes that are down' "$engine: and says what is left, and the remedy"
	run citusctl node start worker2
	run citusctl demo --users 300 --duration 1 -q
	is "$status: $(schemas)" "0: 0" "$engine: which helps"
}

# With tweets under way nobody can tell whether they were posted: then nothing is claimed later.
test_lost()
{
	begin lost --keep --duration 600 --clients 12 --mix post_tweet=1
	ok "$engine: a demo that posts comes to its workload" wait_until 60 has_said lost '^working'
	sleep 1
	kill -QUIT "$(head -n 1 "$CITUSCTL_HOME/left-$engine/worker2/postmaster.pid")"
	end lost
	is "$status" 4 "$engine: a worker that dies ends it"
	run citusctl node start worker2
	is "$status" 0 "$engine: it starts again"
	if [ "$engine" = citus ]; then
		node_sql left-citus coordinator -o /dev/null -c "SELECT recover_prepared_transactions()"
	fi
	run citusctl demo --verify-only
	like "$status" '^(0|5)$' "$engine: what was lost is not held against the cluster"
	run citusctl demo --users 300 --duration 1 -q
	is "$status: $(schemas)" "0: 0" "$engine: and the next demo works"
}

test_left()
{
	engine=$1
	write_description "left-$1" '"workers": 2, "engine": "'"$1"'"'
	run citusctl init
	is "$status" 0 "$1: init succeeds"
	test_foreign
	test_unmade
	test_second
	test_kept
	test_retried
	test_unheeded
	test_collisions
	test_empty_reads
	test_events
	test_dead
	test_lost
	run citusctl destroy -y
	is "$status" 0 "$1: destroy succeeds"
	rm cluster.json
}

# ---- throw-away clusters --------------------------------------------------------

# Whoever is impatient presses Ctrl-C twice.
test_twice()
{
	begin twice --duration 600
	ok "a throw-away cluster comes to its workload" wait_until 60 has_said twice '^working'
	kill -INT "$pid"
	sleep 0.1
	kill -INT "$pid"
	end twice
	is "$status" 130 "two Ctrl-C end it"
	is "$(ls "$CITUSCTL_HOME")" "" "nothing of the cluster is left"
	like "$err" 'The throw-away cluster was taken down' "and that is said"
}

# In a container process ids come again.
test_same_name()
{
	local name
	if ! unshare --pid --fork --mount-proc true 2>/dev/null; then
		skip "a cluster of the same name" "this user can't make a namespace of process ids"
		return
	fi
	name=demo-$(unshare --pid --fork --mount-proc sh -c 'echo $$')
	mkdir "$CITUSCTL_HOME/$name"
	touch "$CITUSCTL_HOME/$name/lock" "$CITUSCTL_HOME/$name/precious"
	run unshare --pid --fork --mount-proc "$CITUSCTL" demo --users 100 --workers 1 --duration 0 -q
	is "$status" 0 "a demo where a cluster of its name is kept succeeds"
	is "$(cd "$CITUSCTL_HOME" && find . -type f ! -name .ports.lock | sort | tr '\n' ' ')" "./$name/lock ./$name/precious " \
		"and leaves that one alone"
	rm -r "${CITUSCTL_HOME:?}/$name"
}

# Two homes that know nothing of each other, from both of which free ports are looked for from the same one on: their names have the
# same sum (31 * "A" + "a" is 31 * "B" + "B").
test_same_ports()
{
	local pids=() home
	for home in Aa BB; do
		mkdir "$home"
		CITUSCTL_HOME=$TMP/$home "$CITUSCTL" demo --engine embedded --users 100 --workers 1 --duration 0 -q >"$home.out" 2>"$home.err" </dev/null &
		pids+=($!)
	done
	for home in Aa BB; do
		wait "${pids[0]}"
		is "$? $(cat "$home.err")" '0 ' "a demo succeeds that begins at the same moment as another one, in $home"
		pids=("${pids[@]:1}")
	done
}

# On a machine that stands still it takes seconds until a server has written its first file.
test_slow_start()
{
	mkdir slow && cp "$BINDIR"/* slow/ && rm slow/postgres
	cat >slow/postgres <<-END
		#!/bin/sh
		case "\$*" in *worker1*) sleep 4 ;; esac
		exec '$BINDIR/postgres' "\$@"
	END
	chmod 755 slow slow/postgres
	run env CITUSCTL_BINDIR="$TMP/slow" "$CITUSCTL" demo --engine embedded --users 100 --workers 1 --duration 0 -q
	is "$status$err" 0 "a server that takes its time to start is waited for"
	rm -r slow
}

test_impossible()
{
	local event
	for event in rebalance drain; do
		run citusctl demo --workers 1 --during "$event"
		is "$status" 2 "$event with a single worker is a wrong usage"
		unlike "$err" '^(Starting|loading)' "which is said before anything is made"
	done
	mkdir adir
	run citusctl demo --report adir
	is "$status" 2 "a report that is a directory is a wrong usage"
	is "$(ls "$CITUSCTL_HOME")" "" "nothing was made"
}

test_impossible
test_twice
test_same_name
test_same_ports
test_slow_start
for_each_engine test_left
finish
