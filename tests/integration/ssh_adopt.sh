#!/usr/bin/env bash
# Servers on hosts that citusctl did not make: taken over where they fit, with their data,
# refused with the reason where they don't, and never removed.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/lab/lib.sh
. "$REPO/tests/lab/lib.sh"

lab_or_skip 'servers taken over'
lab_up 3 || exit 1

tables='"schema": ["schema.sql"], "shard_count": 4, "tables": [{"name": "items", "distribution_column": "id"}]'
echo 'CREATE TABLE IF NOT EXISTS items (id bigint PRIMARY KEY);' >schema.sql

# make HOST [OPTION...]: the distribution's own server "main", running.
# shellcheck disable=SC2016 # for the shell there
make() { on "$1" sh -c 'h=$1; shift; pg_createcluster 15 main --port 5432 "$@" -- --no-sync >/dev/null && pg_ctlcluster 15 main start' sh "$@"; }
# shellcheck disable=SC2016 # for the shell there
unmake() { on "$1" pg_dropcluster --stop 15 main; }
# main HOST: as the superuser of that server, in the database $DB.
main() { on "$1" setpriv --reuid postgres --regid postgres --init-groups env -C / psql -X -q -A -t -v ON_ERROR_STOP=1 -d "${DB:-postgres}"; }
started() { main "$1" <<<'SELECT pg_postmaster_start_time()'; }

# refused REGEX NAME: init does, with that reason, and leaves the server alone.
refused()
{
	local before
	before=$(started 1)
	runs "$2: is refused" 5 citusctl init
	like "$err" "worker1: the server 15/main on $(address 1), port 5432.*$1" "$2: with the reason"
	is "$(started 1),$(on 1 sh -c 'ls /var/lib/citusctl/lab/state /etc/postgresql/15/main/conf.d/citusctl.conf 2>/dev/null')" "$before," "$2: and left alone"
	citusctl -q -y destroy >/dev/null 2>&1
}

test_misfits()
{
	describe_lab "$tables"
	make 1 --locale C.UTF-8
	main 1 <<<"CREATE DATABASE lab ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0"
	refused 'has encoding LATIN1, wanted: UTF8' 'another encoding'
	main 1 <<<"DROP DATABASE lab; CREATE ROLE somebody; CREATE DATABASE lab OWNER somebody ENCODING 'UTF8' LOCALE 'C.UTF-8' TEMPLATE template0"
	refused 'belongs to role "somebody"; name that as "postgres.user"' 'another owner'
	main 1 <<<"DROP DATABASE lab; CREATE ROLE lab CREATEDB"
	refused 'role "lab" has CREATEDB' 'a role with more rights'
	main 1 <<<"DROP ROLE lab; CREATE DATABASE shop"
	refused 'has databases: shop' 'data of others, unasked'
	like "$err" 'With -y it is taken over: its data and roles stay' 'says how'
	main 1 <<<"DROP DATABASE shop"
	on 1 sh -c 'sed -i "s/^local *all *postgres.*/local all postgres scram-sha-256/" /etc/postgresql/15/main/pg_hba.conf; pg_ctlcluster 15 main reload'
	wait_until 20 no_peer
	runs 'a superuser who can not log in by the socket' 5 citusctl init
	like "$err" 'system user "postgres" can.t log in there' 'is told'
	unmake 1
	describe_lab '"postgres": {"version": 15}'
	make 1 --locale C.UTF-8 --encoding UTF8
	main 1 <<<"CREATE DATABASE lab ENCODING 'UTF8' LOCALE 'POSIX' TEMPLATE template0; CREATE ROLE lab; ALTER DATABASE lab OWNER TO lab"
	make 2 --locale C.UTF-8 --encoding UTF8
	main 2 <<<"CREATE ROLE lab; CREATE DATABASE lab OWNER lab ENCODING 'UTF8' LOCALE 'C.UTF-8' TEMPLATE template0"
	runs 'databases of two locales' 5 citusctl -y init
	like "$err" 'worker2: .*has the locale C.UTF-8, that of the other nodes is C$' 'are told'
	citusctl -q -y destroy >/dev/null 2>&1
	unmake 1
	unmake 2
}

no_peer() { ! main 1 <<<'SELECT 1' 2>/dev/null; }

test_empty()
{
	local id
	describe_lab "$tables"
	make 1 --locale C.UTF-8
	id=$(main 1 <<<'SELECT system_identifier FROM pg_control_system()')
	run citusctl -o json check
	is "$(json '.checks[] | select(.node == "worker1" and .check == "port") | .result')" warn 'check says that there is a server'
	runs 'a dry run' 3 citusctl init --dry-run --exit-code
	like "$out" 'create the server .*to do' 'has something to do'
	run citusctl -o json init --dry-run
	like "$(json .changed)" '^[1-9]' 'a dry run in JSON'
	is "$(json '.steps[] | select(.step == "create the server" and .node == "worker1") | .detail')" 'takes over 15/main, port 5432' 'and says that the server is taken over'
	runs 'init takes an empty server over' 0 citusctl init
	is "$(main 1 <<<'SELECT system_identifier FROM pg_control_system()')" "$id" 'it is the same server, not another'
	runs 'init again' 0 citusctl -o json init
	is "$(json .changed)" 0 'changes nothing'
	runs 'and a dry run has nothing to do' 0 citusctl init --dry-run --exit-code
	is "$(on_sql 0 <<<"INSERT INTO items SELECT generate_series(1, 100); SELECT count(DISTINCT nodename) FROM citus_shards")" 2 'shards lie on it as on the other'
	runs 'check' 0 citusctl check
	runs 'node restart' 0 citusctl node restart worker1
	run citusctl logs worker1
	like "$out" 'database system is ready' 'its log is found'
	runs 'destroy' 0 citusctl -y destroy
	like "$out" "^database \"lab\": 15/main on $(address 1)\\." 'names the server that stays'
	is "$(main 1 <<<'SELECT system_identifier FROM pg_control_system()')" "$id" 'it runs on'
	is "$(on 1 grep -c citusctl /etc/postgresql/15/main/pg_hba.conf)" 0 'without the rules of the cluster'
	is "$(on 0 pg_lsclusters -h | wc -l)" 0 'the server that citusctl made is gone'
	unmake 1
}

# A server with data of others, with settings, libraries and rules of its own, and with
# the database described, made by hand with Citus in it.
test_with_data()
{
	local id
	make 1 --locale C.UTF-8
	on 1 sh -c "printf \"shared_preload_libraries = 'citus, auto_explain'\nmax_connections = 300\nwork_mem = '9MB'\n\" >>/etc/postgresql/15/main/postgresql.conf
		sed -i '/^include_dir/d' /etc/postgresql/15/main/postgresql.conf
		echo 'host shop clerk 198.18.0.0/16 scram-sha-256' >>/etc/postgresql/15/main/pg_hba.conf; pg_ctlcluster 15 main restart"
	main 1 <<-'SQL'
		CREATE ROLE clerk LOGIN PASSWORD 'of the clerk';
		CREATE DATABASE shop OWNER clerk;
		CREATE ROLE lab LOGIN PASSWORD 'known';
		CREATE DATABASE lab OWNER lab ENCODING 'UTF8' LOCALE 'C.UTF-8' TEMPLATE template0;
	SQL
	DB=shop main 1 <<<'CREATE TABLE orders AS SELECT generate_series(1, 50) AS id'
	DB=lab main 1 <<<'CREATE EXTENSION citus; CREATE TABLE notes AS SELECT 1 AS id; ALTER TABLE notes OWNER TO lab'
	id=$(main 1 <<<'SELECT system_identifier FROM pg_control_system()')

	describe_lab "$tables"
	runs 'a role with a password that is not known' 5 citusctl -y init
	like "$err" 'role "lab" was there before' 'is told'
	main 1 <<<"SELECT 1" >/dev/null
	printf 'known\n' >password && chmod 600 password
	describe_lab "$tables"', "postgres": {"password": {"file": "password"}}'
	runs 'with its password the server is taken over' 0 citusctl -y init
	is "$(main 1 <<<'SELECT system_identifier FROM pg_control_system()')" "$id" 'it is the same server'
	is "$(DB=shop main 1 <<<'SELECT count(*) FROM orders')|$(DB=lab main 1 <<<'SELECT count(*) FROM notes')" '50|1' 'with all its data'
	is "$(main 1 <<<'SHOW shared_preload_libraries')|$(main 1 <<<'SHOW max_connections')|$(main 1 <<<'SHOW work_mem')" 'citus,auto_explain|300|9MB' \
		'its libraries and what was more than ours stay, with Citus first'
	is "$(main 1 <<<'SHOW wal_level')" logical 'what moves of shards need is set'
	is "$(PGPASSWORD='of the clerk' psql -X -A -t "host=$(address 1) user=clerk dbname=shop" -c 'SELECT count(*) FROM pg_class WHERE relname = '"'orders'")" 1 \
		'its clients log in as before'
	is "$(PGPASSWORD=known psql -X -A -t "host=$(address 0) user=lab dbname=lab sslmode=require" -c 'SELECT count(*) FROM items')" 0 'and those of the cluster to it'
	runs 'init again' 0 citusctl -o json init
	is "$(json .changed)" 0 'changes nothing, and needs no -y'
	on 1 sed -i '/END citusctl/i host all all 0.0.0.0/0 trust' /etc/postgresql/15/main/pg_hba.conf
	runs 'a line among ours is seen' 3 citusctl init --dry-run --exit-code
	like "$out" 'worker1 +.*pg_hba.conf has a line that is not described: host all all 0.0.0.0/0 trust' 'and named'
	runs 'and taken out' 0 citusctl init
	is "$(on 1 grep -c 'host shop clerk' /etc/postgresql/15/main/pg_hba.conf),$(on 1 grep -c 0.0.0.0/0 /etc/postgresql/15/main/pg_hba.conf)" '1,0' "the server's own stays"

	runs 'node remove' 0 citusctl -y -o json node remove worker1
	is "$(json '.removed[0].fenced')" true 'makes it harmless'
	is "$(DB=lab main 1 <<<'SELECT count(*) FROM pg_dist_node, pg_dist_authinfo')" 0 'it knows no node and no password'
	is "$(DB=shop main 1 <<<'SELECT count(*) FROM orders')" 50 'and goes on'
	runs 'node add takes it back' 0 citusctl -y node add worker1
	is "$(main 1 <<<'SELECT system_identifier FROM pg_control_system()')" "$id" 'the same server'
	runs 'destroy' 0 citusctl -y destroy
	is "$(DB=shop main 1 <<<'SELECT count(*) FROM orders')|$(DB=lab main 1 <<<'SELECT count(*) FROM notes')" '50|1' 'leaves all of its data'
	unmake 1
}

test_misfits
test_empty
test_with_data
lab down "$TMP/lab" >/dev/null
finish
