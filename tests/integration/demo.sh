#!/usr/bin/env bash
# shellcheck disable=SC2317 # functions are called by name
# shellcheck disable=SC2154 # lib.sh sets out, err, status and took_ms
# shellcheck disable=SC2016 # jq's variables, not the shell's
# citusctl demo. Each of its checks has to find what it is there for: the cluster is broken in one place at a time, just
# that check fails, and after the repair none does.
set -u
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

checks="nodes tables colocation reference_tables single-shard colocated_joins acknowledged_writes feeds aggregates"

# on NODE SQL...: as the superuser on a node of the kept cluster, where shards are to be seen and changed; on Citus the
# settings say so, on the embedded engine nobody reads them.
on()
{
	local node=$1
	shift
	{
		echo "SET citus.override_table_visibility TO off; SET citus.enable_manual_changes_to_shards TO on;"
		[ "$engine" = embedded ] || echo "SET citus.enable_ddl_propagation TO off;"
		printf '%s\n' "$@"
	} | node_sql "$cluster" "$node"
}

# shard_on NODE TABLE: the first shard of the table there.
shard_on()
{
	on "$1" "SELECT min(relname) FROM pg_class WHERE relkind = 'r' AND relname ~ '^$2_[0-9]{4,}\$'"
}

# Rows taken out of a shard, for their return.
take_row() { on "$1" "COPY (DELETE FROM $2 WHERE ctid = (SELECT min(ctid) FROM $2) RETURNING *) TO STDOUT" >"$TMP/row"; }
return_row() { on "$1" "COPY $2 FROM STDIN;" "$(cat "$TMP/row")" '\.'; }

# ---- one break for each check, and its repair ---------------------------------

# Citus doesn't read from a worker that is not active, and most checks would fail: there it is the coordinator.
break_nodes() { on coordinator "UPDATE $node_table SET isactive = false WHERE groupid = $quiet_group"; }
repair_nodes() { on coordinator "UPDATE $node_table SET isactive = true WHERE groupid = $quiet_group"; }

break_tables()
{
	old_group=$(on coordinator "SELECT colocationid FROM pg_dist_partition WHERE logicalrelid = 'feed_items'::regclass")
	on coordinator "INSERT INTO ${own}colocation (colocationid, shardcount, replicationfactor, distributioncolumntype,
			distributioncolumncollation)
		VALUES (4711, 32, 1, 'bigint'::regtype, 0)" \
		"; UPDATE $partition_table SET colocationid = 4711 WHERE logicalrelid = 'feed_items'::regclass"
}
repair_tables()
{
	on coordinator "UPDATE $partition_table SET colocationid = $old_group WHERE logicalrelid = 'feed_items'::regclass" \
		"; DELETE FROM ${own}colocation WHERE colocationid = 4711"
}

# On Citus the data goes where the catalog says: one shard really moves alone. The embedded engine finds it by the
# foreign table, so that the catalog alone is wrong.
break_colocation()
{
	moved=$(shard_on worker1 feed_items)
	if [ "$engine" = citus ]; then
		on worker1 "COPY $moved TO STDOUT" >"$TMP/shard" &&
			on worker2 "CREATE TABLE $moved (user_id bigint, tweet_id bigint, author_id bigint, created_at timestamptz)" \
				"; ALTER TABLE $moved OWNER TO \"$cluster\"" &&
			{
				echo "SET citus.enable_manual_changes_to_shards TO on;"
				echo "COPY $moved FROM STDIN;"
				cat "$TMP/shard"
				echo '\.'
			} | node_sql "$cluster" worker2 && on worker1 "ALTER TABLE $moved RENAME TO gone" || return 1
	fi
	on coordinator "UPDATE ${own}placement SET groupid = $other_group WHERE shardid = ${moved##*_}"
}
repair_colocation()
{
	on coordinator "UPDATE ${own}placement SET groupid = $group WHERE shardid = ${moved##*_}" || return 1
	[ "$engine" = embedded ] ||
		{ on worker1 "ALTER TABLE gone RENAME TO $moved" && on worker2 "DROP TABLE $moved"; }
}

reference_copy()
{
	on coordinator "SELECT shard_name FROM citus_shards WHERE table_name = 'languages'::regclass LIMIT 1"
}
break_reference_tables() { on worker2 "UPDATE $(reference_copy) SET native_name = 'Tysk' WHERE code = 'de'"; }
repair_reference_tables() { on worker2 "UPDATE $(reference_copy) SET native_name = 'Deutsch' WHERE code = 'de'"; }

# What the planner may do is a setting of the role, as somebody may have left it.
single_setting()
{
	if [ "$engine" = embedded ]; then
		echo enable_partition_pruning
	else
		echo citus.enable_router_execution
	fi
}
break_single-shard() { on coordinator "ALTER ROLE \"$cluster\" SET $(single_setting) TO off"; }
repair_single-shard() { on coordinator "ALTER ROLE \"$cluster\" RESET $(single_setting)"; }

activity_view()
{
	on coordinator "CREATE OR REPLACE VIEW author_activity AS SELECT u.id, u.handle, t.id AS tweet_id, t.created_at
		FROM users u JOIN $1 t ON t.author_id = u.id"
}
break_colocated_joins()
{
	if [ "$engine" = embedded ]; then
		on coordinator "ALTER ROLE \"$cluster\" SET enable_partitionwise_join TO off"
	else
		activity_view '(SELECT * FROM tweets OFFSET 0)'
	fi
}
repair_colocated_joins()
{
	if [ "$engine" = embedded ]; then
		on coordinator "ALTER ROLE \"$cluster\" RESET enable_partitionwise_join"
	else
		activity_view tweets
	fi
}

break_acknowledged_writes() { take_row worker1 "$(shard_on worker1 tweets)"; }
repair_acknowledged_writes() { return_row worker1 "$(shard_on worker1 tweets)"; }
break_feeds() { take_row worker3 "$(shard_on worker3 feed_items)"; }
repair_feeds() { return_row worker3 "$(shard_on worker3 feed_items)"; }

# A shard that no catalog knows, as a move that broke off leaves it.
break_aggregates() { on worker2 "CREATE TABLE tweets_999999 AS SELECT * FROM $(shard_on worker2 tweets) LIMIT 1"; }
repair_aggregates() { on worker2 "DROP TABLE tweets_999999"; }

# The names of the checks that failed in $out, with spaces as in a list.
failed_checks() { json '[.checks[] | select(.passed | not) | .name | gsub(" "; "_")] | join(" ")'; }

verify() { run citusctl -c "$file" demo --verify-only -q -o json; }

test_checks()
{
	local check
	for check in ${CHECKS:-$checks}; do
		ok "$engine: the cluster can be broken for the check \"$check\"" "break_$check"
		verify
		is "$status: $(failed_checks)" "3: $check" "$engine: just \"$check\" finds it, and the status is 3"
		isnt "$(json ".checks[] | select(.passed | not) | .detail")" "" "$engine: \"$check\" says what it found"
		[ -z "${VERBOSE-}" ] || diag "$(json ".checks[] | select(.passed | not) | .detail")"
		ok "$engine: the break for \"$check\" can be repaired" "repair_$check"
		verify
		is "$status: $(failed_checks)" "0: " "$engine: all checks pass after the repair of \"$check\""
	done
}

# ---- throw-away clusters ------------------------------------------------------

test_report()
{
	is "$(json '.engine')" "$engine" "$engine: the report names the engine"
	is "$(json '[.nodes, .users, .passed] | join(" ")')" "4 1000 true" "$engine: it has nodes, users and the verdict"
	is "$(json '.rows | keys | join(" ")')" "countries feed_items languages subscriptions tweets users" \
		"$engine: it counts the rows of every table"
	is "$(json '.rows | map(select(type != "number" or . < 1)) | length')" 0 "$engine: there are some in each"
	is "$(json '[.operations[] | select((.name | type == "string") and all(.count, .errors, .p50_ms, .p95_ms, .p99_ms;
			type == "number") and .p50_ms <= .p95_ms and .p95_ms <= .p99_ms)] | length')" \
		"$(json '.operations | length')" "$engine: each operation has name, count, errors and percentiles"
	is "$(json '[.operations[].errors] | add')" 0 "$engine: no operation failed"
	ok "$engine: it has operations a second" jq -e '.tps > 0' "$TMP/.out"
	is "$(json '[.checks[] | select(.passed == true and (.detail | length) > 0) | .name | gsub(" "; "_")] | join(" ")')" \
		"$checks" "$engine: nine named checks passed, each with a detail"
}

# begin NAME: a demo in the background, in a directory of its own.
begin()
{
	mkdir -p "$TMP/$1"
	rm -f "$TMP/$1.err" # of the run before
	CITUSCTL_HOME=$TMP/$1 "$CITUSCTL" demo --engine "$engine" --workers 2 --users 1000 --duration 600 --clients 1 \
		>"$TMP/$1.out" 2>"$TMP/$1.err" </dev/null &
}

# end NAME PID: as run, for a demo that was begun.
end()
{
	last_run="demo in $1"
	wait "$2"
	status=$?
	out=$(cat "$TMP/$1.out")
	err=$(cat "$TMP/$1.err")
}

is_working() { grep -q '^working' "$TMP/$1.err"; }

# left_of NAME: what is still there of a throw-away cluster: directories and processes.
left_of()
{
	find "$TMP/$1" -mindepth 1 -maxdepth 1 ! -name .ports.lock
	find /proc -maxdepth 2 -name cwd -lname "$TMP/$1/*" 2>/dev/null
}
nothing_is_left_of() { [ -z "$(left_of "$1")" ]; }

test_killed_worker()
{
	local began
	ok "$engine: a demo comes to its workload" wait_until 60 is_working killed
	sleep 1
	kill -KILL "$(head -n 1 "$TMP"/killed/demo-*/worker1/postmaster.pid)"
	began=$SECONDS
	end killed "$1"
	is "$status" 4 "$engine: a worker that is killed ends the demo with status 4"
	ok "$engine: long before its time is over" test $((SECONDS - began)) -le 120
	like "$err" 'node "worker1" does not answer' "$engine: the error names the worker"
	wait_until 20 nothing_is_left_of killed # whose postmaster was killed ends by itself
	is "$(left_of killed)" "" "$engine: and nothing is left of the cluster"
}

test_interrupt()
{
	ok "$engine: another demo comes to its workload" wait_until 60 is_working interrupted
	kill -INT "$1"
	end interrupted "$1"
	is "$status" 130 "$engine: Ctrl-C ends the demo with status 130"
	is "$(left_of interrupted)" "" "$engine: Ctrl-C takes the cluster down"
}

# ---- a cluster of the user's --------------------------------------------------

test_described()
{
	local rows=() i
	cp "$file" "$TMP/mine.json"
	for i in 1 2; do
		run citusctl -c "$TMP/mine.json" demo --users 1000 --duration 1 --seed 7 -q -o json
		is "$status: $(failed_checks)" "0: " "$engine: demo $i on a cluster with tables of its own"
		rows[i]=$(json '.rows | tojson')
		is "$(on coordinator "SELECT count(*) FROM pg_namespace WHERE nspname = 'citusctl_demo'")" 0 \
			"$engine: demo $i drops its schema"
	done
	is "${rows[2]}" "${rows[1]}" "$engine: the same seed gives the same rows"
	like "${rows[1]}" '"tweets":[0-9]' "$engine: and there are some"
	verify
	is "$status: $(failed_checks)" "0: " "$engine: the cluster's own tables are as they were"
}

test_demo()
{
	local killed interrupted own node_table partition_table group quiet_group other_group moved old_group
	engine=$1
	begin killed
	killed=$!
	begin interrupted
	interrupted=$!
	run citusctl demo --engine "$engine" --keep --users 1000 --duration 2 -o json
	is "$status" 0 "$engine: the demo succeeds"
	test_report
	file=$(find "$CITUSCTL_HOME" -path "*/demo-*/cluster.json" -newer "$TMP/.started")
	touch "$TMP/.started"
	cluster=$(basename "$(dirname "$file")")
	if [ "$engine" = embedded ]; then
		own=citus_embedded. node_table=citus_embedded.node partition_table=citus_embedded.dist_table
	else
		own=pg_dist_ node_table=pg_dist_node partition_table=pg_dist_partition
	fi
	group=$(group_of worker1)
	quiet_group=$group
	[ "$engine" = embedded ] || quiet_group=0
	other_group=$(group_of worker2)
	test_killed_worker "$killed"
	test_interrupt "$interrupted"
	test_checks
	test_described
	run citusctl -c "$file" destroy --yes
	is "$status" 0 "$engine: a kept cluster is destroyed as any other"
	rm -rf "$TMP/killed" "$TMP/interrupted"
}

group_of()
{
	on coordinator "SELECT groupid FROM pg_dist_node
		WHERE nodeport = $(jq -r --arg node "$1" '.nodes[$node].port' "$CITUSCTL_HOME/$cluster/state.json")"
}

touch "$TMP/.started"
for_each_engine test_demo
finish
