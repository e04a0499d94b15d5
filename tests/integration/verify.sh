#!/usr/bin/env bash
# "citusctl verify" finds what is broken on purpose, one thing at a time and nothing else,
# and passes when it is mended, by --fix where that is safe.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

cat >shop.sql <<-'SQL'
	CREATE TABLE IF NOT EXISTS kinds (id int PRIMARY KEY, name text);
	CREATE TABLE IF NOT EXISTS codes (code text PRIMARY KEY);
	CREATE TABLE IF NOT EXISTS items (id bigint PRIMARY KEY, kind int CONSTRAINT items_kind REFERENCES kinds (id), name text NOT NULL,
		price numeric(10,2) CHECK (price >= 0), added timestamptz DEFAULT now());
	CREATE INDEX IF NOT EXISTS items_name ON items (name);
	CREATE TABLE IF NOT EXISTS parts (item bigint REFERENCES items (id) ON DELETE CASCADE, part int, PRIMARY KEY (item, part));
	CREATE TABLE IF NOT EXISTS notes (item bigint, note text, PRIMARY KEY (item, note));
SQL

# describe NAME [PLACEMENT [SHARD_COUNT]]
describe()
{
	local settings=''
	# What Citus would mend by itself within a minute is to stay until the test has seen it.
	[ "$engine" = citus ] && settings='"postgres": {"settings": {"citus.defer_shard_delete_interval": "-1", "citus.recover_2pc_interval": "-1",
		"citus.metadata_sync_interval": "1h"}},'
	write_description "$1" "$settings"'"engine": "'"$engine"'", "workers": [{"name": "w1", "labels": {"region": "eu"}}, {"name": "w2"}],
		"shard_count": '"${3:-4}"', "schema": ["shop.sql"], "tables": [{"name": "kinds", "reference": true}, {"name": "codes", "reference": true},
		{"name": "items", "distribution_column": "id"'"${2:+, \"placement\": $2}"'},
		{"name": "parts", "distribution_column": "item", "colocate_with": "items"},
		{"name": "notes", "distribution_column": "item", "colocate_with": "items"}]'
}

# What the engines themselves would refuse, or do on all nodes.
by_hand()
{
	{
		echo 'SET citus.enable_ddl_propagation = off; SET citus.enable_manual_changes_to_shards = on; SET citus.enable_metadata_sync = off;'
		echo 'SET citus.override_table_visibility = off; SET citus_embedded.busy = on; SET search_path = public;'
		echo "$2"
	} | node_sql "$name" "$1"
}

sql() { by_hand coordinator "$1"; }

# look [OPTION...]: runs verify; the names of the checks that failed are in $failing.
look()
{
	run citusctl -o json verify "$@"
	failing=$(json '[.checks[] | select(.result == "fail") | .check] | unique | join(" ")')
	said=$(json '.checks[] | select(.result != "pass") | .node + ": " + .message')
}

# finds CHECKS REGEX NAME [OPTION...]: these checks fail and no others.
finds()
{
	local checks=$1 regex=$2 what=$3
	shift 3
	look "$@"
	is "$status $failing" "3 $checks" "$engine: $what: only $checks fails"
	like "$said" "$regex" "$engine: $what: and says what"
}

# passes NAME [OPTION...]
passes()
{
	local what=$1
	shift
	look "$@"
	is "$status $failing" '0 ' "$engine: $what: passes"
}

# fixes REGEX NAME [OPTION...]
fixes()
{
	local regex=$1 what=$2
	shift 2
	look --fix "$@"
	is "$status $failing" '0 ' "$engine: $what: --fix mends it"
	like "$(json '.fixed[] | .node + ": " + .what')" "$regex" "$engine: $what: and says how"
}

# The first shard of table $1 on node $2: its number.
shard_on()
{
	sql "SELECT min(s.shardid) FROM pg_dist_shard s JOIN pg_dist_placement p ON p.shardid = s.shardid JOIN pg_dist_node n ON n.groupid = p.groupid
		WHERE s.logicalrelid = '$1'::regclass AND n.nodeport = $(port_of "$2")"
}

port_of() { jq -r --arg node "$1" '.nodes[$node].port' "$CITUSCTL_HOME/$name/state.json"; }

break_nodes()
{
	local group
	if [ "$engine" = citus ]; then
		group=$(by_hand w2 'SELECT groupid FROM pg_dist_local_group')
		by_hand w2 'UPDATE pg_dist_local_group SET groupid = 0'
		finds nodes '^w2: takes itself for group 0' 'a worker with another group'
		refuses_others
		by_hand w2 "UPDATE pg_dist_local_group SET groupid = $group"
		sql "UPDATE pg_dist_node SET metadatasynced = false WHERE nodeport = $(port_of w1)"
		finds nodes '^w1: has no complete copy of the catalog' 'a worker without metadata'
		fixes '^w1: sent the catalog again' 'a worker without metadata'
	else
		group=$(by_hand w2 'SELECT groupid FROM citus_embedded.this_node')
		by_hand w2 'UPDATE citus_embedded.this_node SET groupid = 77'
		finds nodes '^w2: takes itself for group 77' 'a worker with another group'
		refuses_others
		by_hand w2 "UPDATE citus_embedded.this_node SET groupid = $group"
	fi
	passes 'a worker with its group again'

	local shard reader asked='shards,definitions,indexes,reference,leftovers,rows'
	if [ "$engine" = citus ]; then
		asked=catalog,$asked
		shard=$(shard_on items w1)
		by_hand w1 "DELETE FROM pg_dist_placement WHERE shardid = $shard"
	fi
	runs "$engine: a worker is stopped" 0 citusctl node stop w2
	look --deep --fix
	is "$status ${failing#catalog }" '4 nodes' "$engine: a worker that is down makes the status 4"
	like "$said" '^w2: does not answer: .*citusctl node start w2' "$engine: and is named with the remedy"
	is "$(json '[.checks[] | select(.result == "warn" and .node == "w2" and (.message | startswith("not looked at"))) | .check] | join(",")')" "$asked" \
		"$engine: no check has seen it"
	is "$(json '[.checks[] | select(.result == "pass") | .check] - ["catalog"] | join(" ")')" 'tables colocation' "$engine: nor passes without it"
	is "$(json '.fixed | length')" 0 "$engine: --fix does nothing"
	[ "$engine" = citus ] && like "$said" '^w1: its catalog differs .*not before all nodes answer' 'citus: nor is any catalog sent, which it might contradict'
	runs "$engine: it is started" 0 citusctl node start w2
	[ "$engine" = citus ] && fixes '^w1: sent the catalog again' 'when it answers'

	# It goes away while its rows are read.
	shard=$(shard_on notes w2)
	lock_notes "$shard"
	for _ in 1 2 3 4 5; do
		"$CITUSCTL" verify --deep >"$TMP/.out" 2>"$TMP/.said" &
		reader=$!
		wait_until 60 waited_for_or_over "$shard" "$reader"
		kill -INT "$reader" 2>/dev/null
		wait "$reader"
		status=$?
		was_locked_out "$TMP/.out" || break
	done
	is "$status $(grep hint "$TMP/.said")" '130 hint:   Nothing was changed.' "$engine: Ctrl-C changes nothing, and says so"
	for _ in 1 2 3 4 5; do
		wait_until 60 not_waited_for "$shard"
		{
			wait_until 60 waited_for "$shard"
			"$CITUSCTL" node stop w2 >/dev/null 2>&1
		} &
		look --deep
		wait
		was_locked_out "$TMP/.out" || break
		citusctl -q node start w2
		lock_notes "$shard"
	done
	is "$status $failing" '4 nodes' "$engine: a worker that goes away makes the status 4"
	is "$(json '.checks[] | select(.check == "rows") | .node + " " + .result')" 'w2 warn' "$engine: and its rows have not passed"
	runs "$engine: it is started again" 0 citusctl node start w2
	passes 'a worker that is back'
}

# Verify waits three seconds for a lock.  Where the test took longer than that to go on, on a machine
# that has other things to do, its look does not count and is made once more.
was_locked_out() { grep -q 'tables are locked' "$1"; }

# lock_notes SHARD: until w2 is stopped.
lock_notes()
{
	by_hand w2 "BEGIN; LOCK TABLE notes_$1; SELECT pg_sleep(600)" >/dev/null 2>&1 &
	wait_until 60 locked "$1"
}

locked() { [ "$(by_hand w2 "SELECT count(*) FROM pg_locks WHERE relation = 'notes_$1'::regclass AND mode = 'AccessExclusiveLock' AND granted")" = 1 ]; }

waited_for() { [ "$(by_hand w2 "SELECT count(*) FROM pg_locks WHERE relation = 'notes_$1'::regclass AND NOT granted")" = 1 ]; }

# waited_for_or_over SHARD PID
waited_for_or_over() { ! kill -0 "$2" 2>/dev/null || waited_for "$1"; }

not_waited_for() { ! waited_for "$1"; }

# While w2 is of another group: its transactions would be taken for those of others.
refuses_others()
{
	by_hand coordinator "INSERT INTO citusctl.pending_foreign_keys (table_name, name, definition) VALUES ('items', 'other', 'FOREIGN KEY (kind) REFERENCES kinds (id)')"
	[ "$engine" = citus ] && by_hand w1 "BEGIN; CREATE TABLE half (a int); PREPARE TRANSACTION 'citus_0_4190000_1_0'"
	runs "$engine: --fix refuses while it is" 5 citusctl verify --fix --grace 0
	like "$err" 'node "w2" does not take itself for the group' "$engine: and says why"
	is "$(sql 'DELETE FROM citusctl.pending_foreign_keys RETURNING name')" other "$engine: it put back no foreign key"
	[ "$engine" = citus ] || return
	is "$(by_hand w1 'SELECT gid FROM pg_prepared_xacts')" citus_0_4190000_1_0 'citus: and decided nothing'
	by_hand w1 "ROLLBACK PREPARED 'citus_0_4190000_1_0'"
}

break_description()
{
	describe "$name" '' 8
	finds tables '^cluster: table items has 4 shards, the description says 8' 'another shard count'
	describe "$name" '{"region": "eu"}'
	run citusctl verify --fix
	like "$out" '^Nothing of it can be mended safely' "$engine: which --fix leaves, and says so"
	like "$out" '^[0-9]+ checks: 1 failed \(1 problem\)' "$engine: as text too"
	finds placement '^w2: 2 shard groups of items on it, which is not labelled region=eu' 'shards where a rule forbids them'
	describe "$name"
	passes 'a description that fits'
}

break_catalog()
{
	local shard other note
	shard=$(shard_on items w1)
	other=$(shard_on items w2)
	note=$(shard_on notes w1)
	if [ "$engine" = citus ]; then
		by_hand w2 "DELETE FROM pg_dist_placement WHERE shardid = $shard"
		finds catalog "^w2: its catalog differs from the coordinator's in 1 line: it lacks \"shard $shard lies on group" 'a placement that a worker does not know'
		fixes '^w2: sent the catalog again' 'a placement that a worker does not know'
		like "$(citusctl history)" 'verify --fix .* done +1 thing mended, 0 problems left' "$engine: which the journal has"
		sql "UPDATE pg_dist_placement SET groupid = (SELECT groupid FROM pg_dist_node WHERE nodeport = $(port_of w2)) WHERE shardid = $note"
		finds 'catalog colocation shards' '^cluster: shards of .*notes.* for 1 hash range \(such as .*\) lie on different nodes' 'a placement that is wrong on the coordinator'
		finds 'catalog colocation shards' '^w1: its catalog differs .*may be older than its workers' 'a wrong catalog is not sent to workers' --fix
		is "$(json '.fixed | length')" 0 "$engine: nothing was touched"
		drops_nothing "$note"
		sql "UPDATE pg_dist_placement SET groupid = (SELECT groupid FROM pg_dist_placement WHERE shardid = $shard) WHERE shardid = $note"
	else
		sql "ALTER FOREIGN TABLE citus_embedded.items_$shard OPTIONS (SET table_name 'items_$other')"
		finds catalog "^coordinator: statements do not go where the catalog says, in 2 lines: it says \"shard items_$shard" 'a foreign table that leads elsewhere'
		sql "ALTER FOREIGN TABLE citus_embedded.items_$shard OPTIONS (SET table_name 'items_$shard')"
		sql "UPDATE citus_embedded.placement SET groupid = (SELECT groupid FROM pg_dist_node WHERE nodeport = $(port_of w2)) WHERE shardid = $note"
		finds 'catalog colocation shards' '^cluster: shards of .*notes.* for 1 hash range \(such as .*\) lie on different nodes' 'a placement that is wrong'
		drops_nothing "$note"
		sql "UPDATE citus_embedded.placement SET groupid = (SELECT groupid FROM citus_embedded.placement WHERE shardid = $shard) WHERE shardid = $note"
	fi
	passes 'a catalog that is whole'
}

# What is said when shard $1 of notes is on w1, and by the catalog on w2.
drops_nothing()
{
	like "$said" "^cluster: .* to -?[0-9]+: shard $1 of public.notes on [0-9.]+:$(port_of w2), others on [0-9.]+:$(port_of w1)\\)" "$engine: the shard that is apart is named"
	like "$said" "^w2: lacks 1 shard of public.notes .*public.notes_$1: w1 has a table of that name.*do not drop it" "$engine: it is said where the shard is"
	like "$said" "^w1: public.notes_$1 .*it is the shard that w2 lacks.*do not drop it" "$engine: and that it is to be kept"
	unlike "$said" 'DROP TABLE|restore from a backup' "$engine: nobody is told to drop the only copy"
}

# The coordinator is put back to an older copy, so that only the workers know a table made since.
break_coordinator()
{
	[ "$engine" = citus ] || return 0
	local data=$CITUSCTL_HOME/$name/coordinator
	citusctl node stop coordinator >/dev/null 2>&1
	cp -a "$data" "$TMP/older"
	citusctl node start coordinator >/dev/null 2>&1
	node_sql "$name" coordinator <<-'SQL' >/dev/null
		CREATE TABLE orders (id bigint PRIMARY KEY, what text);
		SELECT create_distributed_table('orders', 'id', colocate_with => 'none');
		INSERT INTO orders SELECT i, 'order' FROM generate_series(1, 100) i;
	SQL
	citusctl node stop coordinator >/dev/null 2>&1
	mv "$data" "$TMP/newer" && mv "$TMP/older" "$data"
	citusctl node start coordinator >/dev/null 2>&1
	finds catalog '^w1: its catalog differs .*public.orders.*was it restored' 'a coordinator that is older than its workers'
	unlike "$said" 'verify --fix' "$engine: which --fix is not offered for"
	by_hand w2 "DELETE FROM pg_dist_placement; DELETE FROM pg_dist_shard; DELETE FROM pg_dist_partition WHERE logicalrelid = 'orders'::regclass"
	by_hand w2 "DELETE FROM pg_dist_colocation WHERE colocationid = (SELECT max(colocationid) FROM pg_dist_colocation)"
	finds catalog '^w2: .*--fix sends it again, but not while w1 knows what the coordinator does not' 'a worker that lacks what another knows' --fix
	is "$(json '.fixed | length')" 0 "$engine: no catalog is sent"
	is "$(echo 'SELECT count(*) FROM orders' | node_sql "$name" w1)" 100 "$engine: the worker still has the table and its rows"
	citusctl node stop coordinator >/dev/null 2>&1
	rm -r "$data"
	mv "$TMP/newer" "$data"
	citusctl node start coordinator >/dev/null 2>&1
	fixes '^w2: sent the catalog again' 'the newer coordinator again'
	echo 'DROP TABLE orders' | node_sql "$name" coordinator
}

break_shards()
{
	local shard other
	shard=$(shard_on parts w1)
	other=$(shard_on parts w2)
	by_hand w1 "ALTER TABLE parts_$shard RENAME TO parts_gone"
	finds shards "^w1: lacks 1 shard of public.parts that the catalog has here, such as public.parts_$shard" 'a shard that is gone'
	by_hand w1 "ALTER TABLE parts_gone RENAME TO parts_$shard"
	by_hand w1 "CREATE TABLE parts_$other (item bigint, part int)"
	finds shards "^w1: public.parts_$other \\(.*\\) looks like a shard .* DROP TABLE public.parts_$other" 'a shard that the catalog has elsewhere'
	by_hand w1 "ALTER TABLE parts_$other RENAME TO parts_20240101"
	passes 'a table of somebody else'
	by_hand w1 'DROP TABLE parts_20240101'
}

break_definitions()
{
	local shard
	shard=$(shard_on items w2)
	if [ "$engine" = citus ]; then
		by_hand w2 "DROP INDEX items_name_$shard; ALTER TABLE items_$shard ADD COLUMN extra int"
		finds definitions "^w2: 1 shard of public.items \\($shard\\) without .*: INDEX USING btree \\(name\\)" 'a shard without an index'
		like "$said" "^w2: 1 shard of public.items \\($shard\\) with .*: column extra integer" "$engine: and with a column more"
		by_hand w2 "CREATE INDEX items_name_$shard ON items_$shard (name); ALTER TABLE items_$shard DROP COLUMN extra"
		by_hand w2 "ALTER TABLE items_$shard DROP CONSTRAINT items_kind_$shard"
		finds definitions ': FOREIGN KEY \(kind\) REFERENCES public.kinds\(id\)' 'a shard without a foreign key'
		by_hand w2 "ALTER TABLE items_$shard ADD CONSTRAINT items_kind_$shard FOREIGN KEY (kind) REFERENCES kinds_$(shard_on kinds w2) (id)"
	else
		by_hand w2 'DROP INDEX items_name; ALTER TABLE items ADD COLUMN extra int'
		finds definitions '^w2: 2 shards of public.items \(from [0-9]+\) without .*: INDEX USING btree \(name\)' 'shards without an index'
		like "$said" '^w2: 2 shards of public.items .* with .*: column extra integer' "$engine: and with a column more"
		by_hand w2 'CREATE INDEX items_name ON items (name); ALTER TABLE items DROP COLUMN extra'
	fi
	passes 'shards like their table'
	by_hand w2 "UPDATE pg_index SET indisvalid = false WHERE indrelid = 'items_$shard'::regclass AND NOT indisunique"
	finds indexes '^w2: 1 index of shards of public.items not valid.*REINDEX INDEX CONCURRENTLY ' 'an invalid index'
	by_hand w2 "$(grep -o 'REINDEX INDEX CONCURRENTLY [^ ]*' <<<"$said")"
	passes 'an index made anew'
}

break_reference()
{
	local copy=kinds
	[ "$engine" = citus ] && copy=kinds_$(shard_on kinds w2)
	by_hand w2 "SET session_replication_role = replica; UPDATE $copy SET name = 'other' WHERE id = 1"
	finds reference '^w2: its copy of reference table public.kinds is not as that on coordinator: 3 rows, digest [0-9]+, there 3 rows' 'a copy with another row'
	by_hand w2 "SET session_replication_role = replica; UPDATE $copy SET name = 'kind 1' WHERE id = 1"
	passes 'a copy like the others'

	[ "$engine" = citus ] || return
	drop_copy codes w2
	finds reference '^w2: has no copy of reference table public.codes: Citus copies all .*undistribute_table' 'one copy that is missing'
	echo "SELECT undistribute_table('public.codes', true); SELECT create_reference_table('public.codes')" | node_sql "$name" coordinator >/dev/null
	passes 'a table made a reference table again'
	# The foreign key is put back in break_foreign_keys.
	echo 'ALTER TABLE items DROP CONSTRAINT items_kind' | node_sql "$name" coordinator
	drop_copy codes w2
	drop_copy kinds w2
	finds reference '^w2: has no copy of reference table public.codes: citusctl verify --fix' 'a node without copies'
	fixes '^cluster: made 2 copies of reference tables' 'a node without copies'
}

# drop_copy TABLE NODE: of a reference table of Citus, from the catalogs too.
drop_copy()
{
	local copy at
	copy=$(shard_on "$1" "$2")
	for at in coordinator w1 w2; do
		by_hand "$at" "DELETE FROM pg_dist_placement WHERE shardid = $copy AND groupid = (SELECT groupid FROM pg_dist_node WHERE nodeport = $(port_of "$2"))"
	done
	by_hand "$2" "DROP TABLE $1_$copy"
}

break_leftovers()
{
	by_hand w1 'CREATE PUBLICATION citus_shard_move_publication_1_2_3'
	finds leftovers '^w1: publication citus_shard_move_publication_1_2_3 is left of a move' 'a publication'
	by_hand w1 'DROP PUBLICATION citus_shard_move_publication_1_2_3'
	by_hand w1 "SELECT pg_create_logical_replication_slot('citus_shard_move_slot_1_2_3', 'pgoutput')" >/dev/null
	finds leftovers '^w1: replication slot citus_shard_move_slot_1_2_3 is left .* keeps WAL' 'a slot'
	by_hand w1 "SELECT pg_drop_replication_slot('citus_shard_move_slot_1_2_3')" >/dev/null

	# An old copy of a moved shard is no defect; what a failed move left is one.
	local catalog=pg_dist_cleanup ids='nextval('"'pg_dist_cleanup_recordid_seq'"'), 1' other
	other=$(shard_on parts w2)
	[ "$engine" = embedded ] && catalog='citus_embedded.cleanup' ids='1000, 1'
	by_hand w1 "CREATE TABLE parts_$other (item bigint, part int)"
	sql "INSERT INTO $catalog (record_id, operation_id, object_type, object_name, node_group_id, policy_type)
		SELECT $ids, 1, 'public.parts_$other', groupid, 1 FROM pg_dist_node WHERE nodeport = $(port_of w1)"
	finds leftovers "^w1: 1 thing that a move which failed left, such as table public.parts_$other" 'a table that a failed move left'
	fixes '^cluster: cleaned up 1 thing' 'a table that a failed move left'
	is "$(by_hand w1 "SELECT to_regclass('parts_$other') IS NULL")" t "$engine: it is gone"
}

break_foreign_keys()
{
	[ "$engine" = citus ] || echo 'ALTER TABLE items DROP CONSTRAINT items_kind' | node_sql "$name" coordinator
	sql "INSERT INTO citusctl.pending_foreign_keys (table_name, name, definition) VALUES ('items', 'items_kind', 'FOREIGN KEY (kind) REFERENCES kinds (id)')"
	finds leftovers '^cluster: foreign key items_kind of table items was taken off' 'a foreign key that waits'
	fixes '^cluster: put back 1 foreign key' 'a foreign key that waits'
	# One whose table is gone is not waited for; with Citus nor one that somebody put back by hand.
	sql "INSERT INTO citusctl.pending_foreign_keys (table_name, name, definition) VALUES ('public.gone', 'gone_kind', 'FOREIGN KEY (kind) REFERENCES kinds (id)')"
	fixes '^cluster: struck off 1 waiting foreign key' 'a foreign key whose table is gone'
	[ "$engine" = citus ] &&
		sql "INSERT INTO citusctl.pending_foreign_keys (table_name, name, definition) VALUES ('public.items', 'items_kind', 'FOREIGN KEY (kind) REFERENCES kinds (id)')" &&
		fixes '^cluster: struck off 1 waiting foreign key' 'a foreign key that holds already'
	half_mended
	not_ok "$engine: it holds again" sql 'INSERT INTO items (id, kind, name) SELECT -1, 99, name FROM kinds LIMIT 1'
}

# A foreign key that can't be put back fails --fix, which says what it mended before, there and in the journal.
half_mended()
{
	sql "INSERT INTO citusctl.pending_foreign_keys (table_name, name, definition) VALUES ('public.items', 'none', 'FOREIGN KEY (kind) REFERENCES public.missing (id)')"
	runs "$engine: a foreign key that can't be put back fails --fix" 1 citusctl verify --fix
	like "$err" 'hint: .*DELETE FROM citusctl.pending_foreign_keys WHERE id = ' "$engine: which says how to give it up"
	if [ "$engine" = citus ]; then
		by_hand w2 "DELETE FROM pg_dist_placement WHERE shardid = $(shard_on items w1)"
		runs "$engine: a catalog is to be sent too" 1 citusctl verify --fix
		like "$err" 'Mended before that, w2: sent the catalog again' "$engine: which is told though the rest fails"
		like "$(citusctl history)" 'verify --fix .* failed +1 thing mended, then' "$engine: in the journal too"
	fi
	sql "DELETE FROM citusctl.pending_foreign_keys"
	passes 'nothing that waits'
}

break_prepared()
{
	[ "$engine" = citus ] || return
	by_hand w1 "BEGIN; CREATE TABLE half (a int); PREPARE TRANSACTION 'citus_0_4190000_1_0'"
	passes 'a prepared transaction that is young'
	finds leftovers '^w1: transaction citus_0_4190000_1_0 is prepared since .* citusctl verify --fix' 'a prepared transaction without an owner' --grace 0
	fixes '^coordinator: decided 1 prepared transaction' 'a prepared transaction without an owner' --grace 0
	by_hand w1 "BEGIN; CREATE TABLE half (a int); PREPARE TRANSACTION 'citus_0_$(sql 'SELECT pid FROM pg_stat_activity ORDER BY backend_start LIMIT 1')_1_0'"
	passes 'a prepared transaction whose process is there' --grace 0
	by_hand w1 "SELECT format('ROLLBACK PREPARED %L', gid) FROM pg_prepared_xacts \\gexec"
}

break_rows()
{
	local shard other key
	shard=$(shard_on notes w1)
	other=$(shard_on notes w2)
	key=$(sql "SELECT i FROM generate_series(1, 100) i WHERE get_shard_id_for_distribution_column('notes', i) = $other LIMIT 1")
	if [ "$engine" = citus ]; then
		by_hand w1 "INSERT INTO notes_$shard VALUES ($key, 'astray')"
	else
		# Past what PostgreSQL checks when a partition is attached: a constraint that claims to hold.
		local bound
		bound=$(by_hand w1 "SELECT pg_get_partition_constraintdef('notes_$shard'::regclass)")
		by_hand w1 "BEGIN; ALTER TABLE notes DETACH PARTITION notes_$shard; INSERT INTO notes_$shard VALUES ($key, 'astray');
			ALTER TABLE notes_$shard ADD CONSTRAINT claims CHECK ($bound) NOT VALID;
			UPDATE pg_constraint SET convalidated = true WHERE conname = 'claims';
			ALTER TABLE notes ATTACH PARTITION notes_$shard FOR VALUES WITH (MODULUS 4, REMAINDER $(grep -oE '4, [0-9]+' <<<"$bound" | grep -oE '[0-9]+$'));
			ALTER TABLE notes_$shard DROP CONSTRAINT claims; COMMIT"
	fi
	passes 'a row in the wrong shard, which only --deep sees'
	finds rows "^w1: 1 row in shard public.notes_$shard that should lie in another shard of public.notes" 'a row in the wrong shard' --deep
	by_hand w1 "DELETE FROM notes_$shard WHERE note = 'astray'"
	passes 'every row in its shard' --deep
	like "$(json '.checks[] | select(.check == "rows") | .message')" 'every row of 12 shards' "$engine: which --deep says"
	[ "$engine" = citus ] || return 0
	# Each node has other numbers for an enum's values, and Citus hashes these.
	node_sql "$name" coordinator <<-'SQL' >/dev/null
		CREATE TYPE mood AS ENUM ('fine', 'tired', 'glad', 'cross', 'calm', 'keen');
		CREATE TABLE moods (mood mood, note text);
		SELECT create_distributed_table('moods', 'mood', colocate_with => 'none');
		INSERT INTO moods SELECT m, 'note' FROM unnest(enum_range(NULL::mood)) m;
	SQL
	passes 'a table distributed by an enum' --deep
	node_sql "$name" coordinator -c 'DROP TABLE moods' -c 'DROP TYPE mood'
}

# What is odd and no defect: names that look like SQL, a constraint that a move makes valid.
odd_tables()
{
	local shard
	node_sql "$name" coordinator <<-'SQL' >/dev/null
		CREATE SCHEMA "odd (s)";
		CREATE TABLE "odd (s)"."kinds (k)" (id int PRIMARY KEY);
		SELECT create_reference_table('"odd (s)"."kinds (k)"');
		CREATE TABLE "odd (s)"."things (t)" (id bigint PRIMARY KEY, kind int REFERENCES "odd (s)"."kinds (k)" (id) ON DELETE CASCADE, price int);
		CREATE INDEX "by USING price" ON "odd (s)"."things (t)" (price);
		SELECT create_distributed_table('"odd (s)"."things (t)"', 'id', colocate_with => 'none');
		ALTER TABLE "odd (s)"."things (t)" ADD CONSTRAINT positive CHECK (price > 0) NOT VALID;
	SQL
	passes 'names that look like SQL'
	shard=$(shard_on '"odd (s)"."things (t)"' w1)
	runs "$engine: a shard with a constraint that is not valid moves" 0 citusctl -q shard move "$shard" w2
	passes 'a constraint that a move made valid'
	node_sql "$name" coordinator -c 'DROP TABLE "odd (s)"."things (t)", "odd (s)"."kinds (k)"' -c 'DROP SCHEMA "odd (s)"'
}

# hold NODE SQL: a session of its own that goes on to hold what this takes, until let_go.
hold()
{
	holds=$1
	coproc holder { by_hand_open "$1"; }
	tell_holder "$2"
	wait_until 20 holder_is_idle
}

by_hand_open() { { echo 'SET application_name = holder; SET citus.enable_ddl_propagation = off; SET search_path = public;'; cat; } | node_sql "$name" "$1" >/dev/null; }
tell_holder() { echo "$1" >&"${holder[1]}"; }
holder_is_idle() { [ "$(by_hand "$holds" "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'holder' AND state LIKE 'idle%' AND query ~* 'lock'")" = 1 ]; }

let_go()
{
	# shellcheck disable=SC2154 # coproc sets it
	local pid=$holder_PID
	eval "exec ${holder[1]}>&-"
	wait "$pid"
}

# What somebody else is at is told, and is no defect.
others_at_work()
{
	local shard
	sed -i 's/{"name": "w2"}/&, {"name": "w3"}/' cluster.json
	finds nodes '^w3: is described and not registered: citusctl node add w3' 'a node that nobody adds'
	hold coordinator "SELECT pg_advisory_lock(hashtext('citusctl'), hashtext('operation'));"
	passes 'a node that somebody is adding'
	like "$said" '^w3: is described and not registered, while session [0-9]+ is at work' "$engine: and says who"
	let_go
	describe "$name"

	shard=kinds
	[ "$engine" = citus ] && shard=kinds_$(shard_on kinds w2)
	hold w2 "BEGIN; LOCK TABLE $shard;"
	passes 'a table that somebody changes for long'
	like "$said" '^w2: cannot look: tables are locked, by session [0-9]+ of "holder" for 00:' "$engine: and says who"
	let_go

	[ "$engine" = citus ] || return
	shard=$(shard_on items w2)
	hold w2 "BEGIN; LOCK TABLE items_$shard IN SHARE UPDATE EXCLUSIVE MODE;"
	echo 'CREATE INDEX CONCURRENTLY items_added ON items (added)' | node_sql "$name" coordinator &
	wait_until 30 waits_for_lock w2 ShareUpdateExclusiveLock
	passes 'an index that is made shard by shard'
	like "$said" "^w2: [12] shards? of public.items .* without what the table has: INDEX USING btree \(added\); session [0-9]+ " "$engine: and says who"
	let_go
	wait $!
	passes 'the index when it is made'
	like "$(json '.checks[] | select(.check == "definitions") | .result')" '^pass$' "$engine: on all shards"
	echo 'DROP INDEX items_added' | node_sql "$name" coordinator
}

waits_for_lock() { [ "$(by_hand "$1" "SELECT count(*) FROM pg_locks WHERE NOT granted AND mode = '$2'")" -gt 0 ]; }
# waits_or_over PID NODE MARK: it waits for the lock that the holder took by the statement with that mark, or has ended.
waits_or_over()
{
	! kill -0 "$1" 2>/dev/null ||
		[ "$(by_hand "$2" "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND mode = 'AccessShareLock') AND EXISTS (SELECT FROM pg_stat_activity
			WHERE application_name = 'holder' AND state = 'idle in transaction' AND query LIKE '%/* $3 */%')")" = t ]
}

# A worker's catalog that differs in each look, each time in another line.
changing_catalog()
{
	[ "$engine" = citus ] || return 0
	local shards lasting wanted
	mapfile -t shards < <(sql "SELECT shardid FROM pg_dist_shard WHERE logicalrelid = 'items'::regclass ORDER BY shardid")
	for lasting in 0 "${shards[3]}"; do
		for _ in 1 2 3; do
			change_catalog "$lasting" "${shards[@]:0:3}"
			was_locked_out "$TMP/changing.json" || break
		done
		wanted='0 '
		[ "$lasting" = 0 ] || wanted="3 its catalog differs from the coordinator's in 1 line: it lacks \"shard $lasting lies on group"
		is "$status $(json '[.checks[] | select(.result == "fail") | .message] | join(" ")' "$(cat "$TMP/changing.json")" | grep -o '.*lies on group')" "$wanted" \
			"$engine: differences that come and go, and a lasting one in shard $lasting (0: none)"
	done
	passes 'a catalog that is itself again'
}

# change_catalog LASTING SHARD...: verify looks, into changing.json and $status, at a catalog that lacks the first always, and
# in each look another one of the others; in the end it is as before.
change_catalog()
{
	local lasting=$1 verifier shard mark=0 again='BEGIN; LOCK TABLE pg_dist_colocation'
	hold w2 "CREATE TEMP TABLE kept AS SELECT * FROM pg_dist_placement; $again /* $mark */;"
	"$CITUSCTL" -o json verify >"$TMP/changing.json" &
	verifier=$!
	for shard in "${@:2}"; do
		wait_until 60 waits_or_over "$verifier" w2 "$mark"
		mark=$((mark + 1))
		tell_holder "DELETE FROM pg_dist_placement; INSERT INTO pg_dist_placement SELECT * FROM kept WHERE shardid NOT IN ($shard, $lasting); COMMIT; $again /* $mark */;"
		kill -0 "$verifier" 2>/dev/null || break
	done
	tell_holder 'COMMIT;'
	wait "$verifier"
	status=$?
	tell_holder 'DELETE FROM pg_dist_placement; INSERT INTO pg_dist_placement SELECT * FROM kept;'
	let_go
}

# Not by citusctl, which would wait for the lock of the holder to read sizes.
move_away()
{
	local cleanup='SELECT 1'
	[ "$engine" = citus ] && cleanup='SET client_min_messages = warning; CALL citus_cleanup_orphaned_resources()'
	{
		echo "SELECT citus_move_shard_placement($1, s.nodeid, t.nodeid, 'block_writes') FROM pg_dist_node s, pg_dist_node t
			WHERE s.nodeport = $(port_of w1) AND t.nodeport = $(port_of w2);"
		echo "$cleanup"
	} | node_sql "$name" coordinator >/dev/null
}

# Shards that move while --deep is between its list and them, in each of its looks.
follows_moves()
{
	for _ in 1 2 3; do
		follow_moves
		was_locked_out "$TMP/deep.json" || break
	done
	is "$status $(json '[.checks[] | select(.result == "fail") | .message] | join(" ")' "$(cat "$TMP/deep.json")")" '0 ' "$engine: which is no defect"
	like "$(cat "$TMP/deep.json")" 'every row of 18 shards' "$engine: and is followed"
}

follow_moves()
{
	local verifier lock mark
	node_sql "$name" coordinator <<-'SQL' >/dev/null
		CREATE TABLE wander (id int, note text);
		SELECT create_distributed_table('wander', 'id', colocate_with => 'none', shard_count => 6);
		INSERT INTO wander SELECT i, 'note' FROM generate_series(1, 100) i;
	SQL
	lock="BEGIN; LOCK TABLE parts_$(shard_on parts w1)"
	hold w1 "$lock /* 0 */;"
	"$CITUSCTL" -o json verify --deep >"$TMP/deep.json" &
	verifier=$!
	for mark in 0 1 2; do
		wait_until 60 waits_or_over "$verifier" w1 "$mark"
		kill -0 "$verifier" 2>/dev/null || break
		move_away "$(shard_on wander w1)" 2>"$TMP/.moved"
		is "$? $(cat "$TMP/.moved")" '0 ' "$engine: a shard moves while --deep looks"
		tell_holder "COMMIT; $lock /* $((mark + 1)) */;"
	done
	let_go
	wait "$verifier"
	status=$?
	node_sql "$name" coordinator -c 'DROP TABLE wander'
}

# While shards move, and rows are written, nothing of that is a defect.
during_moves()
{
	local shard looks=0 bad=''
	shard=$(shard_on items w1)
	{
		for target in w2 w1 w2 w1; do
			"$CITUSCTL" -q shard move "$shard" "$target" >/dev/null 2>"$TMP/.moved" || break
		done
		echo over >"$TMP/moves_over"
	} &
	while [ ! -f "$TMP/moves_over" ]; do
		echo "UPDATE kinds SET name = 'kind ' || id; INSERT INTO notes VALUES ($looks, 'written')" | node_sql "$name" coordinator
		look --deep
		[ "$status" -eq 0 ] || bad+="$said "
		looks=$((looks + 1))
	done
	wait
	isnt "$looks" 0 "$engine: it looks while shards move"
	is "$bad" '' "$engine: $looks looks during moves find nothing"
	is "$(cat "$TMP/.moved")" '' "$engine: nor do the moves fail"
	rm "$TMP/moves_over"
}

test_verify()
{
	engine=$1 name=sound_$1
	describe "$name"
	runs "$engine: init succeeds" 0 citusctl init
	sql "INSERT INTO kinds SELECT i, 'kind ' || i FROM generate_series(1, 3) i; INSERT INTO codes VALUES ('a'), ('b');
		INSERT INTO items (id, kind, name) SELECT i, 1 + i % 3, 'item ' || i FROM generate_series(1, 100) i;
		INSERT INTO parts SELECT i, 1 FROM generate_series(1, 100) i; INSERT INTO notes SELECT i, 'note' FROM generate_series(1, 100) i"
	passes 'a new cluster' --deep
	run citusctl verify
	like "$out" '^cluster +definitions +Pass ' "$engine: as text too"
	like "$out" '3 distributed tables and 2 reference tables' "$engine: with the tables"

	break_nodes
	break_description
	break_catalog
	break_coordinator
	break_shards
	break_definitions
	break_reference
	break_leftovers
	break_foreign_keys
	break_prepared
	break_rows
	odd_tables
	others_at_work
	changing_catalog
	follows_moves
	during_moves
	passes 'the same cluster at the end' --deep
	runs "$engine: --fix has nothing to do then" 0 citusctl verify --fix
	like "$out" 'There was nothing to mend' "$engine: and says so"
	runs "$engine: destroy" 0 citusctl -y destroy
}

for_each_engine test_verify
finish
