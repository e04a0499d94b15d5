#!/usr/bin/env bash
# shellcheck disable=SC2016 # the $1 in single quotes are PostgreSQL's
# shellcheck disable=SC2317 # "ok" calls functions by name
# shellcheck disable=SC2154 # lib.sh sets out, err, status and took_ms
# The embedded engine's SQL (sql/embedded) on servers of its own: one coordinator, three workers and a server that joins
# later. It needs no citusctl. Most of it runs as an ordinary role that owns the database, as applications do.
set -u
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

NODES=4 # 0: the coordinator; the last one joins later
app_password="s3'c r\\et"
authinfo="password='s3\\'c r\\\\et'"

as_postgres()
{
	if [ "$(id -u)" -eq 0 ]; then
		setpriv --reuid=postgres --regid=postgres --clear-groups "$@"
	else
		"$@"
	fi
}

start_servers()
{
	local i
	mkdir "$TMP/pg" && printf 'adm in' >"$TMP/pg/password"
	[ "$(id -u)" -ne 0 ] || chown -R postgres "$TMP/pg"
	as_postgres "$BINDIR/initdb" --no-sync -D "$TMP/pg/0" -U postgres --auth-local=trust --auth-host=scram-sha-256 \
		--pwfile="$TMP/pg/password" >"$TMP/initdb.log" 2>&1 || return 1
	for i in $(seq 1 "$NODES"); do
		cp -a "$TMP/pg/0" "$TMP/pg/$i"
	done
	for i in $(seq 0 "$NODES"); do
		port[i]=$(free_port)
		cat >>"$TMP/pg/$i/postgresql.conf" <<-END
			port = ${port[i]}
			listen_addresses = '127.0.0.1'
			unix_socket_directories = '$TMP/pg'
			fsync = off
			shared_buffers = 32MB
			max_connections = 40
		END
		as_postgres "$BINDIR/pg_ctl" -w -D "$TMP/pg/$i" -l "$TMP/pg/log$i" start >>"$TMP/initdb.log" 2>&1 || return 1
		super_on "$i" -d postgres -c "CREATE ROLE chirp LOGIN PASSWORD '${app_password//\'/\'\'}'" \
			-c "CREATE ROLE other LOGIN PASSWORD 'other'" -c "CREATE DATABASE chirp OWNER chirp" || return 1
	done
}

# super_on NODE PSQL-ARGUMENTS...
super_on()
{
	local node=$1
	shift
	"$BINDIR/psql" -qAtX -v ON_ERROR_STOP=1 -h "$TMP/pg" -p "${port[node]}" -U postgres -d chirp "$@"
}
super() { super_on 0 -c "$1"; }
# app SQL...: each in turn, one session, as the application's role with its password.
app()
{
	local words=() sql
	for sql in "$@"; do
		words+=(-c "$sql")
	done
	PGPASSWORD=$app_password PGOPTIONS='-c client_min_messages=warning' "$BINDIR/psql" -qAtX -v ON_ERROR_STOP=1 \
		-v VERBOSITY=verbose -h 127.0.0.1 -p "${port[0]}" -U chirp -d chirp "${words[@]}"
}
# gives WANTED NAME SQL...: the output of the statements.
gives()
{
	local wanted=$1 name=$2
	shift 2
	run app "$@"
	is "$out$([ "$status" = 0 ] || echo " and it failed: $err")" "$wanted" "$name"
}
# refused REGEX NAME SQL...: the statements fail, with this error.
refused()
{
	local regex=$1 name=$2
	shift 2
	run app "$@"
	like "status $status ${err//$'\n'/ }" "status [1-9].*$regex" "$name"
}
# On workers: how many tables of the pattern are there, in all.
worker_tables()
{
	local i n=0
	for i in 1 2 3; do
		n=$((n + $(super_on "$i" -c "SELECT count(*) FROM pg_class c JOIN pg_namespace s ON s.oid = relnamespace
			WHERE relkind IN ('r', 'p') AND nspname NOT IN ('pg_catalog', 'information_schema', 'citus_embedded') AND relname ~ '$1'")))
	done
	echo "$n"
}

# As citusctl does it: one transaction.
install_on()
{
	local file commands=()
	for file in "$REPO"/sql/embedded/*.sql; do
		commands+=(-c "$(cat "$file")")
	done
	super_on "$1" --single-transaction "${commands[@]}"
}

test_install()
{
	local i
	for i in $(seq 0 "$NODES"); do
		ok "installs on node $i" install_on "$i"
		super_on "$i" -c "INSERT INTO pg_dist_authinfo VALUES (0, 'postgres', 'password=''adm in''')" || fail "authinfo on $i"
	done
	super_on 4 -c "CREATE OR REPLACE FUNCTION citus_embedded.layout() RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 7'"
	run install_on 4
	like "$err" 'database chirp has the embedded engine of another version of citusctl .layout 7, not 3' 'one of another layout stays as it is'
	like "$err" 'HINT:.*undistribute_all' 'and the way out is named'
	super_on 4 -c 'DROP FUNCTION citus_embedded.layout()'
	run install_on 4
	like "$err" 'layout 1, not 3' 'also the first, which did not say its number'
	super_on 4 -c "CREATE OR REPLACE FUNCTION citus_embedded.layout() RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 3'"
	ok 'and over the same layout it installs' install_on 4
	# When this fails, count up the layout (00_catalog.sql) and take the new sum, unless what is installed needs no change.
	is "$(super "SELECT md5(string_agg(x, ' ' ORDER BY x)) FROM (SELECT attrelid::regclass::text || attname || format_type(atttypid, atttypmod) FROM pg_attribute
		JOIN pg_class c ON c.oid = attrelid WHERE relnamespace = 'citus_embedded'::regnamespace AND relkind IN ('r', 'p') AND attnum > 0
		UNION ALL SELECT prosrc FROM pg_proc WHERE pronamespace = 'citus_embedded'::regnamespace AND proname IN ('describe', 'create_server', 'add_trigger')) s (x)")" \
		'949380dfb59eaf7d215f0b86127110e4' 'the layout is the one of this number'
	is "$(super "SELECT substring(citus_version() FROM '^.*PostgreSQL')")" 'citusctl embedded engine 1.0 on PostgreSQL' 'the version says embedded'
	is "$(super 'SHOW enable_partitionwise_join')" on 'the database has partitionwise joins'
	super "INSERT INTO pg_dist_authinfo VALUES (0, 'chirp', '${authinfo//\'/\'\'}')"
	super "SELECT citus_set_coordinator_host('127.0.0.1', ${port[0]})" >/dev/null
	refused "couldn't find any worker" 'no table is distributed without workers' 'CREATE TABLE early (id int)' \
		"SELECT create_distributed_table('early', 'id')"
	app 'DROP TABLE early'
	for i in 1 2 3; do
		is "$(super "SELECT citus_add_node('127.0.0.1', ${port[i]})")" $((i + 1)) "adds worker $i"
	done
	is "$(super "SELECT pg_catalog.citus_add_node('127.0.0.1', ${port[2]})")" 3 'adding it again gives its id'
	run super "SELECT citus_add_node('127.0.0.1', 1)"
	like "$err" 'connection to the remote node postgres@127.0.0.1:1 failed' 'a node that is not there is named'
	run super "SELECT citus_add_node('localhost', ${port[0]})"
	like "$err" 'is the coordinator itself' 'the coordinator is no worker'
	run super "SELECT citus_add_node('localhost', ${port[1]})"
	like "$err" 'already, under another name' 'one worker is not two'
	is "$(super 'SELECT count(*) FROM pg_dist_node')" 4 'and failures leave no node'
	is "$(super_on 1 -c 'SELECT citus_is_coordinator()')$(super 'SELECT citus_is_coordinator()')" ft 'each node knows what it is'
	gives 3 'workers are listed' 'SELECT count(*) FROM citus_get_active_worker_nodes()'
	refused 'permission denied' 'an application adds no nodes' "SELECT citus_add_node('x', 1)"
	refused 'permission denied' 'nor reads passwords' 'SELECT * FROM pg_dist_authinfo'
	run super "INSERT INTO pg_dist_authinfo VALUES (0, 'other', 'passwort')"
	like "$err" 'invalid authinfo' 'authinfo is checked'
	is "$(super 'SELECT count(*), bool_and(result) FROM citus_check_cluster_node_health() WHERE from_nodeport = '"${port[0]}")" '4|t' 'health: the coordinator reaches all'
	is "$(super "SELECT citus_check_connection_to_node('127.0.0.1', 1)")" f 'and a node that is not there is not reached'
}

test_demo_schema()
{
	gives '' 'the demo schema is made with all its foreign keys' \
		'CREATE TABLE languages (code text PRIMARY KEY, name text)' \
		'CREATE TABLE countries (code text PRIMARY KEY, name text)' \
		"CREATE TABLE users (id bigint PRIMARY KEY, name text NOT NULL CHECK (name <> ''), lang text REFERENCES languages)" \
		'CREATE TABLE tweets (author_id bigint REFERENCES users, id bigint, body text, PRIMARY KEY (author_id, id))' \
		'CREATE TABLE subscriptions (follower_id bigint REFERENCES users, followee_id bigint, PRIMARY KEY (follower_id, followee_id))' \
		'CREATE INDEX followers ON subscriptions (followee_id)' \
		'CREATE TABLE feed_items (user_id bigint REFERENCES users, tweet_id bigint, author_id bigint, created_at timestamptz, PRIMARY KEY (user_id, tweet_id))' \
		"INSERT INTO languages VALUES ('en', 'English'), ('de', 'Deutsch')" "INSERT INTO users VALUES (1, 'ann', 'en'), (2, 'bob', 'de')" \
		"INSERT INTO tweets VALUES (1, 1, 'hello')"
	refused '42P16: referenced table "languages" must be' 'a key to a local table is refused as Citus does' "SELECT create_distributed_table('users', 'id')"
	run app "SELECT create_reference_table('languages'), create_reference_table('countries')" "SELECT create_distributed_table('users', 'id')" \
		"SELECT create_distributed_table('tweets', 'author_id', colocate_with => 'users')" \
		"SELECT create_distributed_table('subscriptions', 'follower_id', 'hash', 'users')" "SELECT create_distributed_table('feed_items', 'user_id')"
	is "$status$err" 0 "all tables are distributed"
	diag "creating them took $took_ms ms"
	gives $'1|ann|en\n2|bob|de' 'rows came along' 'SELECT * FROM users ORDER BY id'
	gives 'feed_items|distributed|user_id|32|chirp' 'citus_tables' "SELECT table_name, citus_table_type, distribution_column, shard_count, table_owner FROM citus_tables WHERE table_name = 'feed_items'::regclass"
	gives '1|128|44|40' 'shards are spread, and colocated' "SELECT count(DISTINCT colocationid), count(*), max(n), min(n) FROM (SELECT colocationid, count(*) OVER (PARTITION BY groupid) n FROM pg_dist_shard JOIN pg_dist_partition USING (logicalrelid) JOIN pg_dist_placement USING (shardid) WHERE partmethod = 'h') s"
	is "$(super_on 1 -c "SELECT count(*) > 10 FROM pg_index WHERE indrelid IN (SELECT oid FROM pg_class WHERE relname ~ '^subscriptions_[0-9]+$') AND NOT indisunique")" t 'and their indexes'
	is "$(worker_tables '^(users|tweets)_[0-9]+$')" 64 'shards are tables on the workers'
	refused '23503.*tweets_author_id_fkey' 'a foreign key to a colocated table holds' "INSERT INTO tweets VALUES (77, 1, 'x')"
	refused '23503.*users_lang_fkey' 'one to a reference table too' "INSERT INTO users VALUES (3, 'c', 'xx')"
	refused '23505.*users_pkey_[0-9]*' 'a primary key holds' "INSERT INTO users VALUES (1, 'again', 'en')"
	refused '23514.*users_name_check' 'a check holds' "INSERT INTO users VALUES (3, '', 'en')"
	refused 'violates partition constraint' 'a row does not leave its shard' 'UPDATE users SET id = 4711 WHERE id = 2'
	app "INSERT INTO users SELECT i, 'u' || i, 'en' FROM generate_series(3, 200) i" "INSERT INTO subscriptions SELECT i, 2 FROM generate_series(3, 102) i"
	gives 100 'the fan-out' 'INSERT INTO feed_items SELECT follower_id, 1, 2, now() FROM subscriptions WHERE followee_id = 2 ON CONFLICT DO NOTHING' \
		'INSERT INTO feed_items SELECT follower_id, 1, 2, now() FROM subscriptions WHERE followee_id = 2 ON CONFLICT DO NOTHING' 'SELECT count(*) FROM feed_items'
	gives $'de|1\nen|199' 'a join with a reference table' 'SELECT l.code, count(*) FROM users JOIN languages l ON code = lang GROUP BY 1 ORDER BY 1'
	gives '1|hello' 'a prepared statement' 'PREPARE q(bigint) AS SELECT u.id, t.body FROM users u JOIN tweets t ON author_id = u.id WHERE u.id = $1' 'EXECUTE q(1)'
	gives 1 'reaches one shard' "DO \$\$ DECLARE l text; n int := 0; BEGIN FOR l IN EXECUTE 'EXPLAIN SELECT * FROM users WHERE id = 1' LOOP n := n + (l ~ 'Foreign Scan')::int; END LOOP; PERFORM set_config('x.n', n::text, false); END \$\$" "SELECT current_setting('x.n')"
	gives 32 'a colocated join is done by the workers' 'ANALYZE users' "DO \$\$ DECLARE l text; n int := 0; BEGIN FOR l IN EXECUTE 'EXPLAIN SELECT u.id, count(*) FROM users u JOIN subscriptions s ON follower_id = u.id GROUP BY u.id' LOOP n := n + (l ~ 'Foreign Scan')::int; END LOOP; PERFORM set_config('x.n', n::text, false); END \$\$" "SELECT current_setting('x.n')"
	gives 't|t' 'a key is on the shard that is said' "SELECT get_shard_id_for_distribution_column('users', 2) = s, get_shard_id_for_distribution_column('users', '2') = s FROM (SELECT shardid s FROM run_command_on_shards('users', 'SELECT count(*) FROM %s WHERE id = 2') WHERE result = '1') x"
	gives '200|32' 'run_command_on_shards' "SELECT sum(result::int), count(*) FROM run_command_on_shards('users', 'SELECT count(*) FROM %s')"
	gives '3|f|ERROR:  relation "nothing" does not exist' 'run_command_on_workers: errors are results' "SELECT count(*), bool_or(success), min(result) FROM run_command_on_workers('SELECT * FROM nothing')"
	gives '1 t 4,2 t 4,3 t 4,4 t 4' 'run_command_on_all_nodes' "SELECT string_agg(concat_ws(' ', nodeid, success, result), ',' ORDER BY nodeid) FROM run_command_on_all_nodes('SELECT 2 + 2')"
	gives 'chirp' 'commands run as the caller' "SELECT DISTINCT result FROM run_command_on_workers('SELECT current_user')"
	gives t 'sizes add up' "SELECT citus_total_relation_size('users') = (SELECT sum(shard_size) FROM citus_shards WHERE table_name = 'users'::regclass) AND citus_relation_size('users') > 0"
	gives 136 'citus_shard_sizes lists the placements' "SELECT count(*) FROM citus_shard_sizes()"
	gives '0|1' 'TRUNCATE reaches the shards' 'TRUNCATE feed_items' 'SELECT (SELECT count(*) FROM feed_items), (SELECT count(*) FROM tweets)'
}

test_reference_tables()
{
	local same="SELECT count(*), count(DISTINCT result), min(result) FROM run_command_on_all_nodes('SELECT coalesce(string_agg(c::text, '','' ORDER BY c::text), ''none'') FROM public.countries c')"
	gives '4|1|(at,A),(de,D)' 'INSERT reaches all copies' "INSERT INTO countries VALUES ('de', 'D'), ('at', 'A')" "$same"
	gives '4|1|(at,),(de,G),(fr,F)' 'UPDATE and INSERT ON CONFLICT too' "INSERT INTO countries VALUES ('de', 'G'), ('fr', 'F') ON CONFLICT (code) DO UPDATE SET name = excluded.name" "UPDATE countries SET name = NULL WHERE code = 'at'" "$same"
	gives '4|1|(at,),(de,G)' 'DELETE too' "DELETE FROM countries WHERE code = 'fr'" "$same"
	gives '4|1|(at,),(de,G)' 'and ROLLBACK' 'BEGIN' 'DELETE FROM countries' 'ROLLBACK' "$same"
	super "SET session_replication_role = replica; INSERT INTO countries VALUES ('it', 'I')"
	gives '4|1|(at,),(de,G),(it,I)' 'and what a session that is a replica writes' "$same"
	gives '4|1|none' 'TRUNCATE too' 'TRUNCATE countries' "$same"
	gives '201' 'a new row can be referred to in its transaction' 'BEGIN' "INSERT INTO languages VALUES ('fr', 'F')" "INSERT INTO users VALUES (999, 'x', 'fr')" 'COMMIT' 'SELECT count(*) FROM users'
	refused '23503' 'a row that shards refer to stays' "DELETE FROM languages WHERE code = 'fr'"
	gives $'\n4|1|2' 'without a primary key, equal rows are counted' 'CREATE TABLE nokey (a int, b json)' "INSERT INTO nokey VALUES (1, '{}'), (1, '{}'), (1, '{}')" "SELECT create_reference_table('nokey')" 'DELETE FROM nokey WHERE ctid = (SELECT min(ctid) FROM nokey)' "SELECT count(*), count(DISTINCT result), min(result) FROM run_command_on_all_nodes('SELECT count(*) FROM public.nokey')"
}

test_names_and_types()
{
	local weird='"we;ird ""table"' long=a_table_that_has_a_name_of_as_many_bytes_as_postgresql_lets_it type value sql
	gives '2|ü' 'odd names and schemas' 'CREATE SCHEMA "o d""d"' "CREATE TABLE \"o d\"\"d\".$weird (\"k ey\" text PRIMARY KEY, \"v'\" int, \"%s\" int GENERATED ALWAYS AS (\"v'\" * 2) STORED)" \
		"INSERT INTO \"o d\"\"d\".$weird VALUES ('ü', 1)" 'SET search_path = "o d""d"' "DO \$\$ BEGIN PERFORM create_distributed_table('\"we;ird \"\"table\"', 'k ey', shard_count => 3); END \$\$" "SELECT \"%s\", \"k ey\" FROM $weird"
	gives 3 'and what is said of them' "SELECT count(*) FROM run_command_on_shards('\"o d\"\"d\".\"we;ird \"\"table\"', 'SELECT count(*) FROM %s') WHERE success"
	for type in int uuid text 'varchar(9)' date; do
		case $type in int) value=7 ;; uuid) value=11111111-1111-1111-1111-111111111111 ;; date) value=2024-01-02 ;; *) value=k ;; esac
		gives "1|1" "a key of type $type" "CREATE TABLE t_${type%(*} (k $type PRIMARY KEY, serial serial, n int GENERATED ALWAYS AS IDENTITY (START 5))" "INSERT INTO t_${type%(*} (k) VALUES ('$value')" \
			"SET client_min_messages = error" "DO \$\$ BEGIN PERFORM create_distributed_table('t_${type%(*}', 'k', colocate_with => 'none', shard_count => 4); END \$\$" \
			"SELECT count(*), (SELECT count(*) FROM run_command_on_shards('t_${type%(*}', 'SELECT count(*) FROM %s') WHERE result = '1' AND shardid = get_shard_id_for_distribution_column('t_${type%(*}', '$value'::$type)) FROM t_${type%(*} WHERE k = '$value'"
	done
	gives '2|6' 'serial and identity columns go on' 'INSERT INTO t_int (k) VALUES (8) RETURNING serial, n'
	app 'DROP TABLE t_int, t_uuid, t_text, t_varchar, t_date' 'DROP SCHEMA "o d""d" CASCADE'
	# Citus distributes such a table only without rows, and ends in a deadlock with itself otherwise.
	gives $'\n9' 'a name as long as names can be, with rows and keys that are cut alike' "CREATE TABLE $long (id bigint PRIMARY KEY, n int, UNIQUE (id, n))" "CREATE UNIQUE INDEX ${long/table/index} ON $long (id, (n + 1))" \
		"INSERT INTO $long SELECT i, i FROM generate_series(1, 9) i" "SELECT create_distributed_table('$long', 'id', colocate_with => 'none')" "SELECT count(*) FROM $long"
	refused '23505.*a_table_that' 'and each key holds' "INSERT INTO $long VALUES (1, 5)"
	gives '3|0' 'indexes of a shard are told apart by a hash' "SELECT min(result::int), count(*) FILTER (WHERE NOT success) FROM run_command_on_shards('$long', \$\$SELECT count(DISTINCT substring(relname FROM '_[0-9a-f]{8}_\d+\$'))
		FROM pg_index JOIN pg_class c ON c.oid = indexrelid WHERE indrelid = '%s'::regclass\$\$)" "DROP TABLE $long"
	app "CREATE TYPE e AS ENUM ('a')" 'CREATE DOMAIN de AS e' 'CREATE DOMAIN dde AS de[]' 'CREATE TYPE pair AS (a int, b int)' 'CREATE DOMAIN dp AS pair' 'CREATE DOMAIN ddp AS dp' \
		'CREATE TABLE by_enum (k dde)' 'CREATE TABLE pairs (id int, p ddp[])' 'CREATE TABLE has_enum (id int, e dde)'
	refused '0A000.*is an enum' 'an enum in a domain is no distribution column' "SELECT create_distributed_table('by_enum', 'k')"
	refused '0A000.*needs type public.pair, which is composite' 'a composite type in a domain' "SELECT create_distributed_table('pairs', 'id')"
	refused '0A000.*needs type public.pair, which is composite' 'also in a reference table' "SELECT create_reference_table('pairs')"
	gives '' 'a domain of a domain of an enum' "SELECT create_distributed_table('has_enum', 'id')"
	refused '0A000.*ALTER DOMAIN.*has_enum cannot be changed' 'which is what it was' "ALTER DOMAIN de SET DEFAULT 'a'"
	app 'DROP TABLE by_enum, pairs, has_enum' 'DROP DOMAIN ddp, dp, dde, de' 'DROP TYPE pair, e'
	gives '' 'a function whose text calls another' "CREATE FUNCTION called(i int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT i'" "CREATE FUNCTION calls(i int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN public.called(i); END'" \
		'CREATE TABLE checked (id int CHECK (calls(id) > 0))' "SELECT create_distributed_table('checked', 'id')"
	refused '42883.*public.called.integer. does not exist' 'comes without that one' 'INSERT INTO checked VALUES (1)'
	gives $'3\n1' 'which can be made by hand' "SELECT count(*) FILTER (WHERE success) FROM run_command_on_workers((SELECT pg_get_functiondef('called'::regproc)))" 'INSERT INTO checked VALUES (1) RETURNING id'
	app 'DROP TABLE checked' 'DROP FUNCTION calls, called'
	is "$(worker_tables '^t_|ird')" 0 'dropped tables leave the workers, also with their schema'
}

test_refusals()
{
	local shard sql
	refused '42703.*column "nope"' 'a column that is not there' "CREATE TABLE a (id bigint, x int)" "SELECT create_distributed_table('a', 'nope')"
	refused 'already distributed' 'twice' "SELECT create_distributed_table('users', 'id')"
	refused 'cannot create constraint on "b"' 'a key without the distribution column' 'CREATE TABLE b (id bigint, x int PRIMARY KEY)' "SELECT create_distributed_table('b', 'id')"
	refused '0A000.*distribution column is an enum' 'a key of an enum type' "CREATE TYPE color AS ENUM ('r', 'g')" 'CREATE TABLE e (id color)' "SELECT create_distributed_table('e', 'id')"
	like "$err" 'Citus may' 'naming Citus'
	refused '0A000.*distribution column is an enum' 'or of a domain of one' 'CREATE DOMAIN colored AS color' 'ALTER TABLE e ALTER id TYPE colored' "SELECT create_distributed_table('e', 'id')"
	app 'DROP TABLE e' 'DROP DOMAIN colored' 'DROP TYPE color'
	refused 'cannot colocate tables users and a' 'colocation of other types' "SELECT create_distributed_table('a', 'x', colocate_with => 'users')"
	refused 'at the same time' 'colocation and a shard count' "SELECT create_distributed_table('a', 'id', colocate_with => 'users', shard_count => 4)"
	refused 'outside the valid range' 'a shard count of 0' "SELECT create_distributed_table('a', 'id', shard_count => 0)"
	refused 'relation b is not distributed' 'colocation with a local table' "SELECT create_distributed_table('a', 'id', colocate_with => 'b')"
	refused 'view public.av depends.*' 'a table with a materialized view' 'CREATE MATERIALIZED VIEW av AS SELECT * FROM a' "SELECT create_distributed_table('a', 'id')"
	like "$err" 'Citus may' 'naming Citus'
	refused 'cannot distribute a temporary table' 'a temporary table' 'CREATE TEMP TABLE tt (id int)' "SELECT create_distributed_table('tt', 'id')"
	refused 'relations are not colocated' 'a foreign key to a table elsewhere' 'DROP TABLE b' 'DROP MATERIALIZED VIEW av' 'CREATE TABLE p (id bigint PRIMARY KEY)' 'CREATE TABLE c (id bigint REFERENCES p)' "SELECT create_distributed_table('p', 'id', colocate_with => 'none')" "SELECT create_distributed_table('c', 'id')"
	run env PGPASSWORD=other "$BINDIR/psql" -qAtX -h 127.0.0.1 -p "${port[0]}" -U other -d chirp -c "SELECT create_distributed_table('public.a', 'id')"
	like "$err" 'must be owner of table a' "another's table"
	for sql in "SELECT citus_embedded.register_reference('other', 'public.a')" "INSERT INTO citus_embedded.act VALUES ('register_reference', jsonb_build_array('public.a'::regclass::oid), 'chirp')" \
		"INSERT INTO citus_embedded.act (what, args) VALUES ('register_reference', jsonb_build_array('public.a'::regclass::oid))"; do
		run env PGPASSWORD=other "$BINDIR/psql" -qAtX -h 127.0.0.1 -p "${port[0]}" -U other -d chirp -c "$sql"
		like "$err" 'must be owner of table|permission denied for (function|view)' "nor by the back door: ${sql%%\(*}"
	done
	# A SECURITY DEFINER function has its owner's rights, never those of who calls it.
	super "CREATE SCHEMA evil AUTHORIZATION other; SET ROLE other; GRANT USAGE ON SCHEMA evil TO public;
		CREATE FUNCTION evil.take() RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS \$\$ BEGIN
			INSERT INTO citus_embedded.act (what, args) VALUES ('unregister', jsonb_build_array('public.users'::regclass::oid)); END \$\$;
		CREATE FUNCTION evil.password() RETURNS text LANGUAGE sql SECURITY DEFINER AS \$\$ SELECT citus_embedded.own_conninfo('x', 1) \$\$"
	refused 'must be owner of table' "another's function does nothing with the caller's tables" 'SELECT evil.take()'
	gives t "nor gets the caller's password" "SELECT evil.password() !~ 'password' AND citus_embedded.own_conninfo('x', 1) ~ 'password'"
	gives '' 'a function of an owner may change its tables' "CREATE FUNCTION add_column() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS \$\$ BEGIN
		ALTER TABLE users ADD extra int; ALTER TABLE users ADD CONSTRAINT extra_key UNIQUE (id, extra); END \$\$"
	run env PGPASSWORD=other "$BINDIR/psql" -qAtX -h 127.0.0.1 -p "${port[0]}" -U other -d chirp -c 'SELECT add_column()'
	is "$status$err" 0 'whoever calls it'
	gives 0 'on the workers too' 'SELECT count(extra) FROM users' 'ALTER TABLE users DROP extra' 'DROP FUNCTION add_column'
	super 'DROP SCHEMA evil CASCADE' 2>>"$TMP/initdb.log"
	refused 'permission denied for function citus_embedded.act_trigger' 'nor does a view of ones own say who asks' 'CREATE VIEW my_act AS SELECT NULL::text AS what, NULL::jsonb AS args, NULL::name AS actor' \
		'CREATE TRIGGER t INSTEAD OF INSERT ON my_act FOR EACH ROW EXECUTE FUNCTION citus_embedded.act_trigger()'
	app 'DROP VIEW my_act'
	is "$(super "SELECT string_agg(oid::regprocedure::text, ' ') FROM pg_proc WHERE prosecdef AND pronamespace IN ('citus_embedded'::regnamespace, 'pg_catalog'::regnamespace)
		AND probin IS NULL AND NOT EXISTS (SELECT FROM unnest(proconfig) c WHERE c LIKE 'search_path=%')")" '' 'every function with rights of its own has a search_path of its own'
	# Constants of checks and indexes are the session's, whatever the workers' settings.
	gives 1 'a table with dates, made by a session that writes them its own way' "SET datestyle = 'SQL, DMY'" "SET intervalstyle = 'sql_standard'" \
		"CREATE TABLE dated (id int PRIMARY KEY, d date CHECK (d < '03/02/2024'), i interval CHECK (i > '-1 day -2:00'))" "DO \$\$ BEGIN PERFORM create_distributed_table('dated', 'id'); END \$\$" \
		"ALTER TABLE dated ADD CONSTRAINT late CHECK (d > '03/01/2024')" "INSERT INTO dated VALUES (1, '02/02/2024', '-1 day -1:00')" 'SELECT count(*) FROM dated'
	for sql in "2, '2024-02-03', '0'" "2, '2024-01-03', '0'" "2, '2024-02-02', '-1 day -3:00'"; do
		refused '23514' "its checks mean what they meant: $sql" "INSERT INTO dated VALUES ($sql)"
	done
	gives '' 'for other sessions nothing has changed about it' 'ALTER TABLE dated ADD x int' 'DROP TABLE dated'
	refused 'register_distributed.* does not exist' 'keys are read by the engine, never taken from the caller, whose text would run as superuser' 'CREATE TABLE k1 (id int)' 'CREATE TABLE k2 (id int) PARTITION BY HASH (id)' \
		"SELECT citus_embedded.register_distributed('k1', 'k2', 'id', 'none', NULL, 2, ARRAY[ROW('k2', 'x', 'u', NULL, NULL, NULL, 'CHECK (true); ALTER ROLE chirp SUPERUSER; --')::citus_embedded.held])"
	shard=$(super "SELECT min(shardid) FROM pg_dist_shard WHERE logicalrelid = 'users'::regclass")
	for sql in 'DROP TRIGGER "Citus_embedded_replicate_insert" ON languages' "DROP FOREIGN TABLE citus_embedded.users_$shard" 'ALTER SCHEMA public RENAME TO x' \
		"ALTER FOREIGN TABLE citus_embedded.users_$shard OPTIONS (SET table_name 'x')" 'ALTER TABLE users ENABLE ROW LEVEL SECURITY' 'ALTER TABLE languages SET (fillfactor = 50)' \
		'ALTER TABLE languages DISABLE TRIGGER USER'; do
		refused '0A000.*cannot be changed on the coordinator alone' "refused: $sql" "$sql"
	done
	refused '0A000.*command of its own' 'ALTER TYPE with USING, which only the text tells, among others' 'ALTER TABLE users ALTER name TYPE varchar USING upper(name); SELECT 1'
	like "$err" 'Citus has no such limit' 'naming Citus'
	refused 'is not a table' 'or in a function of LANGUAGE SQL' "CREATE FUNCTION upper_names() RETURNS void LANGUAGE sql AS 'ALTER TABLE users ALTER name TYPE varchar USING upper(name)'" 'SELECT upper_names()'
	refused '0A000.*no create_distributed_function.*Use Citus' 'a function that only Citus has' "SELECT create_distributed_function('lower(text)', '\$1')"
	refused '0A000.*no alter_distributed_table' 'whatever its arguments' "SELECT alter_distributed_table('users', shard_count => 5)"
	for sql in 'citus_rebalance_start()' 'citus_rebalance_wait()' "rebalance_table_shards('users', shard_transfer_mode => 'auto')" 'get_rebalance_table_shards_plan()' 'citus_rebalance_status()' \
		'citus_job_status(1)' 'citus_job_wait(1)' "isolate_tenant_to_new_shard('users', 5, 'CASCADE')" "isolate_tenant_to_new_shard('users', 'x')" \
		"citus_split_shard_by_split_points(1, ARRAY['5'], ARRAY[2, 3])" "citus_schema_move('public', 2)" "citus_disable_node('x', 1)"; do
		refused "0A000.*the embedded engine has no ${sql%%(*}.*[Uu]se Citus" "refused: ${sql%%(*}" "SELECT $sql"
	done
	for sql in citus_stat_statements citus_stat_tenants citus_stat_activity citus_stat_counters citus_lock_waits; do
		refused "0A000.*has no $sql.*[Uu]se Citus" "refused: view $sql" "SELECT * FROM $sql"
	done
	refused '42710.*has the embedded engine' 'the Citus extension' 'CREATE EXTENSION IF NOT EXISTS citus'
	gives '' 'a schema file with IF NOT EXISTS can be run again' 'CREATE TABLE IF NOT EXISTS subscriptions (x int)' 'CREATE INDEX IF NOT EXISTS followers ON subscriptions (followee_id)'
	refused 'columnar storage needs Citus|Columnar storage needs Citus' 'columnar' "SELECT alter_table_set_access_method('users', 'columnar')"
	run super_on 1 -c "CREATE TABLE x (id int)" -c "SELECT create_distributed_table('x', 'id')"
	like "$err" 'not allowed on this node' 'distributing on a worker'
	# The text of the command must not name the table.
	gives $'\n9' 'a table whose name has quotes' 'CREATE TABLE "q""t" (id bigint PRIMARY KEY, n int)' "SELECT create_distributed_table('\"q\"\"t\"', 'id', colocate_with => 'none')" \
		'INSERT INTO "q""t" SELECT i FROM generate_series(1, 9) i' 'ALTER TABLE "q""t" ADD CONSTRAINT "u""q" UNIQUE (id, n)' 'ALTER TABLE "q""t" RENAME TO qt' 'SELECT count(*) FROM qt'
	for sql in 'RENAME TO qx' 'RENAME id TO i' 'DROP n' 'ADD CHECK (n > 5) NOT VALID'; do
		refused '0A000.*within a function' "a function of LANGUAGE SQL does not: $sql" "CREATE OR REPLACE FUNCTION hidden() RETURNS void LANGUAGE sql AS 'ALTER TABLE qt $sql'" 'SELECT hidden()'
	done
	gives $'\n9' 'it may do the rest' "CREATE OR REPLACE FUNCTION hidden() RETURNS void LANGUAGE sql AS 'ALTER TABLE qt ADD y int'" 'SELECT hidden()' 'SELECT count(*) FROM qt WHERE y IS NULL'
	gives '9|A' 'PL/pgSQL may do all of it, whatever the client sent' 'ALTER TABLE qt ADD z text' "UPDATE qt SET z = 'a'" "CREATE FUNCTION seen(t text) RETURNS void LANGUAGE plpgsql AS \$\$ BEGIN EXECUTE translate(t, '@#', 'tA'); END \$\$" \
		"DO \$\$ BEGIN PERFORM seen('#LTER TABLE q@ RENAME TO qx'), seen('#LTER TABLE qx RENAME n TO m'), seen('#LTER TABLE qx ADD UNIQUE (id, m), ADD CONSTRAINT qx_check CHECK (m < 50) NO@ VALID'), seen('#LTER TABLE qx #LTER z @YPE varchar USING upper(z)'); END \$\$" \
		'SELECT count(*), max(z) FROM qx'
	refused '23514.*qx_check' 'and the constraint holds' 'INSERT INTO qx VALUES (10, 99)'
	gives '' 'and the table can be dropped' 'DROP TABLE qx' 'DROP FUNCTION hidden, seen, upper_names'
	gives 1 'CONCURRENTLY on a local table, whose name begins like the other' 'CREATE TABLE users_log (id int)' 'CREATE INDEX CONCURRENTLY users_log_idx ON users_log (id)' \
		"SELECT count(*) FROM pg_index WHERE indrelid = 'users_log'::regclass AND indisvalid" 'DROP INDEX CONCURRENTLY users_log_idx' 'DROP TABLE users_log'
	gives '' 'other DDL is free' 'ALTER TABLE a ADD COLUMN y int' 'CREATE INDEX ON a (y)' 'DROP TABLE c, p' 'DROP TABLE a'
}

test_atomicity()
{
	local before
	before=$(super 'SELECT (SELECT count(*) FROM pg_dist_shard), (SELECT count(*) FROM pg_dist_colocation), (SELECT count(*) FROM pg_foreign_table)')
	super_on 3 -c 'CREATE TABLE public.clash (x int)'
	refused '42P07.*clash' 'a failure on the last worker' 'CREATE TABLE clash (id bigint PRIMARY KEY)' 'INSERT INTO clash VALUES (1)' "SELECT create_distributed_table('clash', 'id', colocate_with => 'none')"
	is "$(worker_tables clash)" 1 'leaves nothing on workers'
	is "$(super 'SELECT (SELECT count(*) FROM pg_dist_shard), (SELECT count(*) FROM pg_dist_colocation), (SELECT count(*) FROM pg_foreign_table)')" "$before" 'nor in the catalog'
	gives 1 'nor is the table lost' 'SELECT count(*) FROM clash'
	super_on 3 -c 'DROP TABLE public.clash'
	gives $'\n1' 'and the next try succeeds' "SELECT create_distributed_table('clash', 'id', colocate_with => 'none')" 'SELECT count(*) FROM clash'
	is "$(worker_tables clash)" 35 'with all its shards'
	gives 2 'made, filled and read in one transaction, by the owner' 'BEGIN' 'CREATE TABLE one (id int PRIMARY KEY)' "DO \$\$ BEGIN PERFORM create_distributed_table('one', 'id'); END \$\$" 'INSERT INTO one VALUES (1), (2)' 'SELECT count(*) FROM one' 'ROLLBACK'
	is "$(worker_tables '^one')" 0 'and rolled back everywhere'
	refused '2BP01.*tweets_author_id_fkey' 'a table that others refer to is not dropped' 'DROP TABLE users'
	gives '' 'unless they go too' 'DROP TABLE clash, nokey' 'DROP TABLE tweets, subscriptions, feed_items, users'
	is "$(worker_tables 'users|tweets|clash|feed|subscr|nokey')" 0 'and their shards with them'
	is "$(super 'SELECT count(*) FROM pg_dist_colocation')" 1 'and their colocation group'
}

test_superuser_and_nodes()
{
	local i
	run super "CREATE TABLE mine (id int PRIMARY KEY)"
	app 'CREATE TABLE t (id bigint PRIMARY KEY, lang text REFERENCES languages)' 'GRANT SELECT ON t TO other' 'INSERT INTO t SELECT i FROM generate_series(1, 50) i'
	super "INSERT INTO pg_dist_authinfo VALUES (0, 'other', 'password=other')"
	run super_on 0 -1 -c "SELECT create_distributed_table('t', 'id')" -c 'SELECT current_user'
	is "$out" $'\npostgres' 'a superuser distributes for the owner'
	is "$(super_on 1 -c "SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class WHERE relname ~ '^t(_[0-9]+)?$'")" chirp 'shards are the owner'"'"'s'
	gives 50 'who reads them' 'SELECT count(*) FROM t'
	run env PGPASSWORD=other "$BINDIR/psql" -qAtX -h 127.0.0.1 -p "${port[0]}" -U other -d chirp -c 'SELECT count(*) FROM t'
	is "$out" 50 'grants reach the shards'
	as_postgres "$BINDIR/pg_ctl" -w -D "$TMP/pg/3" -m fast stop >>"$TMP/initdb.log" 2>&1
	run app 'SET client_min_messages = warning' "SELECT count(*), count(*) FILTER (WHERE shard_size = 0), (SELECT count(*) FROM citus_tables WHERE table_name = 't'::regclass) FROM citus_shards WHERE table_name = 't'::regclass"
	is "$out" '32|10|1' 'with a node down the views say what is known'
	like "$err" "WARNING: .*connection to the remote node chirp@127.0.0.1:${port[3]} failed" 'and name the node'
	refused "could not connect to 127.0.0.1:${port[3]} to get size of relation \"t\"" 'sizes of a table are not half the truth' "SELECT citus_total_relation_size('t')"
	as_postgres "$BINDIR/pg_ctl" -w -D "$TMP/pg/3" -l "$TMP/pg/log3" start >>"$TMP/initdb.log" 2>&1
	app 'CREATE SCHEMA "s h"' 'CREATE TABLE "s h".t3 (id bigint, secret text)' "SELECT create_distributed_table('\"s h\".t3', 'id')" 'INSERT INTO "s h".t3 VALUES (1)'
	super "CREATE ROLE reader LOGIN PASSWORD 'reader'; SET ROLE chirp; GRANT USAGE ON SCHEMA \"s h\" TO reader; GRANT SELECT (id) ON \"s h\".t3 TO reader"
	for i in 1 2 3; do
		super_on "$i" -c "CREATE ROLE reader LOGIN PASSWORD 'reader'"
	done
	super "INSERT INTO pg_dist_authinfo VALUES (0, 'reader', 'password=reader')"
	run env PGPASSWORD=reader "$BINDIR/psql" -qAtX -h 127.0.0.1 -p "${port[0]}" -U reader -d chirp -c 'SELECT id FROM "s h".t3' -c 'SELECT secret FROM "s h".t3'
	is "$out" 1 'also grants from before a role had a password'
	like "$err" 'permission denied for table t3' 'and no others'
	app 'DROP SCHEMA "s h" CASCADE'
	run super "SELECT citus_add_node('127.0.0.1', ${port[4]})"
	is "$status" 0 'a node joins later'
	gives '5|1|de,en,fr' 'with the reference tables' "SELECT count(*), count(DISTINCT result), min(result) FROM run_command_on_all_nodes('SELECT string_agg(code, '','' ORDER BY code) FROM public.languages')"
	run super "SELECT citus_remove_node('127.0.0.1', ${port[1]})"
	like "$err" 'contains the only shard placement' 'a node with shards is not removed'
	is "$(super "SELECT citus_set_node_property('127.0.0.1', ${port[1]}, 'shouldhaveshards', false)" && app 'CREATE TABLE t2 (id uuid)' "SELECT create_distributed_table('t2', 'id')" \
		"SELECT string_agg(DISTINCT groupid::text, ',') FROM pg_dist_placement JOIN pg_dist_shard USING (shardid) WHERE logicalrelid = 't2'::regclass" | tail -n 1)" $'\n2,3,'"$(super "SELECT groupid FROM pg_dist_node WHERE nodeport = ${port[4]}")" 'shouldhaveshards is heeded'
	run app 'DROP TABLE t2'
	run super "SELECT citus_remove_node('127.0.0.1', ${port[4]})"
	is "$status" 0 'an empty one is'
	is "$(super_on 4 -c "SELECT (SELECT count(*) FROM pg_class WHERE relname = 'languages') || (SELECT cluster IS NULL FROM citus_embedded.this_node)::text")" 0true 'and is clean'
	ok 'installing again' install_on 0
	gives 50 'changes nothing' 'SELECT count(*) FROM t'
	run super "SELECT citus_update_node(2, 'localhost', ${port[1]})"
	gives '50|localhost' 'a node gets another name' "SELECT (SELECT count(*) FROM t), citus_nodename_for_nodeid(2)"
	run app 'CREATE TABLE lp (id bigint PRIMARY KEY)' 'CREATE TABLE lc (p bigint REFERENCES lp)' "SELECT create_distributed_table('lp', 'id')"
	run super_on 0 -c 'ALTER TABLE languages OWNER TO postgres' -c 'SELECT citus_embedded.undistribute_all()' -c 'SELECT 1'
	like "$err" 'different owners with a foreign key between them: public.t and public.languages' 'not tables of several owners that a foreign key ties'
	run super_on 0 -c 'ALTER TABLE languages OWNER TO chirp' -c "SELECT create_distributed_table('mine', 'id')" -c 'SELECT citus_embedded.undistribute_all()'
	is "$status$err" 0 'tables of several owners become plain at once'
	gives '50|0' 'with their rows' 'SELECT (SELECT count(*) FROM t), (SELECT count(*) FROM pg_dist_partition)'
	is "$(worker_tables '^(t|mine|lp|languages)$')" 0 'and nothing stays on the workers'
	refused '23503.*lc_p_fkey' 'the foreign key of a local table is there again' 'INSERT INTO lc VALUES (1)'
}

port=()
if start_servers; then
	pass 'servers start'
	test_install
	test_demo_schema
	test_reference_tables
	test_names_and_types
	test_refusals
	test_atomicity
	test_superuser_and_nodes
else
	fail 'servers start'
	diag "$(tail -n 20 "$TMP/initdb.log")"
fi
finish
