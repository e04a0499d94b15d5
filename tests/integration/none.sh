#!/usr/bin/env bash
# "deploy": "none": the SQL part on servers that somebody else runs.  Here that is
# this test, which makes them without citusctl.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

# The user that runs servers: root cannot.
as_server() { if [ "$(id -u)" -eq 0 ]; then setpriv --reuid postgres --regid postgres --init-groups -- "$@"; else "$@"; fi; }

# start_server DIRECTORY PORT ENGINE: a server with a superuser "postgres" and password logins only.
start_server()
{
	local data=$TMP/servers/$1
	as_server "$BINDIR/initdb" --no-sync -D "$data" -U postgres --auth scram-sha-256 --pwfile "$TMP/servers/password" -E UTF8 \
		--locale C.UTF-8 >"$TMP/servers/$1.initdb" 2>&1 || return
	{
		echo "port = $2"
		echo "listen_addresses = '127.0.0.1'"
		echo "unix_socket_directories = '$data'"
		echo "wal_level = logical"
		echo "max_prepared_transactions = 50"
		[ "$3" = citus ] && echo "shared_preload_libraries = 'citus'" && echo "citus.node_conninfo = 'sslmode=prefer'"
	} >>"$data/postgresql.conf"
	as_server "$BINDIR/pg_ctl" start -w -s -D "$data" -l "$TMP/servers/$1.log" >/dev/null
}

# as_admin SERVER PORT [PSQL-OPTION...]: what standard input says, as the superuser.
as_admin()
{
	local data=$TMP/servers/$1 port=$2
	shift 2
	PGPASSWORD=$(cat "$TMP/servers/password") psql -X -q -A -t -v ON_ERROR_STOP=1 -h "$data" -p "$port" -U postgres "$@"
}

# describe ENGINE USER [MEMBERS]
describe()
{
	cat >cluster.json <<-JSON
		{"name": "none_$1", "engine": "$1", "deploy": "none", "shard_count": 4,
		 "postgres": {"database": "shop", "user": "$2", "password": {"env": "SHOP_PASSWORD"}},
		 "coordinator": {"host": "127.0.0.1", "port": $port1},
		 "workers": [{"name": "w1", "host": "127.0.0.1", "port": $port2}]
		 ${3:+, $3}}
	JSON
}

tables='"schema": ["shop.sql"], "tables": [{"name": "kinds", "reference": true}, {"name": "items", "distribution_column": "id"}]'

test_none()
{
	local engine=$1
	mkdir "$TMP/servers" && echo "the super's own" >"$TMP/servers/password"
	[ "$(id -u)" -eq 0 ] && chown -R postgres "$TMP/servers"
	port1=$(free_port)
	ok "$engine: the first server starts" start_server one "$port1" "$engine"
	port2=$(free_port)
	ok "$engine: the second server starts" start_server two "$port2" "$engine"
	cat >shop.sql <<-'SQL'
		CREATE TABLE IF NOT EXISTS kinds (id int PRIMARY KEY);
		CREATE TABLE IF NOT EXISTS items (id bigint PRIMARY KEY, kind int REFERENCES kinds (id));
	SQL

	# A login that is not there, a database that is not there, a superuser that is needed.
	export SHOP_PASSWORD="it's a secret"
	describe "$engine" clerk "$tables"
	runs "$engine: a role that does not exist" 4 citusctl init
	like "$err" 'as "clerk"' "$engine: is named"
	for server in "one $port1" "two $port2"; do
		# shellcheck disable=SC2086
		echo "CREATE ROLE clerk LOGIN PASSWORD 'it''s a secret'" | as_admin $server -d postgres
	done
	runs "$engine: a database that clerk may not create is refused" 5 citusctl init
	like "$err" 'CREATE DATABASE "shop" OWNER "clerk"; +-- on 127.0.0.1:'"$port1" "$engine: with the statement and where"
	for server in "one $port1" "two $port2"; do
		# shellcheck disable=SC2086
		echo "CREATE DATABASE shop OWNER clerk" | as_admin $server -d postgres
	done
	runs "$engine: an engine that clerk may not create is refused" 5 citusctl init
	like "$err" 'takes a superuser, and "clerk" is none' "$engine: for that reason"
	if [ "$engine" = citus ]; then
		like "$err" 'CREATE EXTENSION citus; +-- in database shop on 127.0.0.1:' 'citus: with the statement and where'
		for server in "one $port1" "two $port2"; do
			# shellcheck disable=SC2086
			echo "CREATE EXTENSION citus" | as_admin $server -d shop
		done
		runs 'citus: nodes that clerk may not register are refused' 5 citusctl init
		like "$err" "SELECT citus_set_coordinator_host\\('127.0.0.1', $port1\\);" 'citus: with the statement for the coordinator'
		like "$err" "SELECT citus_add_node\\('127.0.0.1', $port2\\);" 'citus: and for the worker'
	fi

	# With a superuser as the login everything is made.
	for server in "one $port1" "two $port2"; do
		# shellcheck disable=SC2086
		echo "ALTER ROLE clerk SUPERUSER" | as_admin $server -d postgres
	done
	runs "$engine: a dry run changes nothing" 3 citusctl init --dry-run --exit-code
	is "$(echo "SELECT to_regclass('items') IS NULL" | as_admin one "$port1" -d shop)" t "$engine: and makes no table"
	if [ "$engine" = citus ]; then
		# The extension belongs to postgres here, whose password clerk does not know.
		runs 'citus: nodes that cannot log in to each other' 1 citusctl init
		like "$err" 'postgres@127.0.0.1:' 'citus: it says as whom and where'
		like "$err" 'INSERT INTO pg_dist_authinfo' 'citus: and what lets them in'
		for server in "one $port1" "two $port2"; do
			# shellcheck disable=SC2086
			printf '%s\n' "INSERT INTO pg_dist_authinfo VALUES (0, 'postgres', \$\$password='the super\\'s own'\$\$)" | as_admin $server -d shop
		done
	fi
	runs "$engine: init with a superuser's login" 0 citusctl -v init
	unlike "$out$err" "a secret" "$engine: does not tell the password"
	runs "$engine: init again" 0 citusctl -o json init
	is "$(json .changed)" 0 "$engine: changes nothing"
	run citusctl -o json status
	is "$(json '[.engine, (.nodes | length), ([.nodes[].state] | unique | join(" ")), (.tables | length)] | join(",")')" \
		"$engine,2,active,2" "$engine: status knows engine, nodes and tables"
	is "$(echo "INSERT INTO kinds VALUES (1); INSERT INTO items SELECT i, 1 FROM generate_series(1, 20) i; SELECT count(*) FROM items" |
		PGPASSWORD=$SHOP_PASSWORD psql -X -q -A -t -h 127.0.0.1 -p "$port1" -U clerk -d shop)" 20 "$engine: the tables take rows"
	run citusctl -o json history
	is "$(json '.operations[-1] | .command + "," + .outcome')" 'init,done' "$engine: there is a journal"

	runs "$engine: check on servers of somebody else" 0 citusctl -o json check
	is "$(json '[.checks[] | select(.check == "login") | .message] | unique | .[]')" 'SQL as "clerk"' "$engine: looks at them over SQL"
	runs "$engine: verify on servers of somebody else" 0 citusctl -o json verify --deep
	is "$(json '[.checks[] | select(.result == "pass")] | length')" 10 "$engine: looks at all"
	describe "$engine" clerk "$tables"', "rebalance": {"jobs": 8}'
	sed -i 's/"user": "clerk"/"settings": {"work_mem": "7MB", "max_wal_size": "1024MB", "statement_timeout": "0", "autovacuum": "on"}, &/' cluster.json
	runs "$engine: too few slots for the moves described" 3 citusctl -o json check
	is "$(json '[.checks[] | select(.result == "fail") | .check] | unique | join(" ")')" 'max_logical_replication_workers max_replication_slots max_wal_senders max_worker_processes' \
		"$engine: is told"
	# What was described and is otherwise on the servers, in whatever unit it is written.
	run citusctl -o json init --dry-run
	is "$(json '[.steps[] | (.differences // [])[].difference] | unique | .[]')" 'setting work_mem is 4MB, wanted: 7MB; whoever runs the server has to set it' \
		"$engine: a dry run tells settings that differ, and those alone"
	describe "$engine" clerk "$tables"

	if [ "$engine" = citus ]; then
		jq '.workers[0].capacity = 2' cluster.json >more.json && mv more.json cluster.json
		run citusctl init
		like "$err" 'register the placement rules +changed' 'citus: capacities are told to Citus'
		runs 'citus: an init after that' 0 citusctl -o json init
		is "$(json .changed)" 0 'citus: changes nothing'
		jq '.workers[0].capacity = 3' cluster.json >more.json && mv more.json cluster.json # for whom may not, below
	fi

	# Back to a login without rights: what is there is enough.
	for server in "one $port1" "two $port2"; do
		# shellcheck disable=SC2086
		echo "ALTER ROLE clerk NOSUPERUSER" | as_admin $server -d postgres
	done
	if [ "$engine" = citus ]; then
		runs 'citus: an ordinary login is enough for what is there' 0 citusctl init
		like "$out" "coordinator +Citus' own rebalancer keeps to older capacities and placement; .* takes a superuser, and \"clerk\" is none" \
			'citus: and is told what it may not mend'
		describe "$engine" clerk "${tables%]}"', {"name": "more", "distribution_column": "id", "colocate_with": "items"}]'
		echo 'CREATE TABLE IF NOT EXISTS more (id bigint PRIMARY KEY)' >>shop.sql
		runs 'citus: and for one more table' 0 citusctl init
		run citusctl -o json status
		is "$(json '.tables | length')" 3 'citus: which is a table of the cluster then'
		runs 'citus: the demo runs beside them' 0 citusctl -o json demo --users 100 --duration 1 --clients 2
		is "$(json .passed)" true 'citus: and passes'
	fi

	# Where the password comes from; what is not ours.
	run env -u SHOP_PASSWORD "$CITUSCTL" status
	is "$status" 2 "$engine: a variable that is not set"
	like "$err" 'SHOP_PASSWORD' "$engine: is named"
	sed -i 's/{"env": "SHOP_PASSWORD"}/{"file": "shop.password"}/' cluster.json
	echo "it's a secret" >shop.password && chmod 600 shop.password
	runs "$engine: the password from a file" 0 citusctl status
	sed -i 's/, "password": {[^}]*}//' cluster.json
	echo "127.0.0.1:*:shop:clerk:it's a secret" >"$HOME/.pgpass" && chmod 600 "$HOME/.pgpass"
	runs "$engine: or from where libpq looks" 0 citusctl status
	for verb in 'node stop' 'node start' 'node restart' '-y destroy'; do
		# shellcheck disable=SC2086
		runs "$engine: $verb is not citusctl's to do" 5 citusctl $verb
	done
	is "$(servers_below "$TMP/servers" | wc -l)" 2 "$engine: both servers still run"

	as_server "$BINDIR/pg_ctl" stop -s -m immediate -D "$TMP/servers/two"
	runs "$engine: status with a dead worker" 0 citusctl -o json status
	is "$(json '.nodes[] | select(.name == "w1") | .state')" down "$engine: says so"
	runs "$engine: check with a dead worker" 3 citusctl -o json check
	like "$(json '.checks[] | select(.result == "fail") | .node + ":" + .check')" '^w1:login$' "$engine: says which"
	runs "$engine: init with a dead worker" 4 citusctl init
	like "$err" '^citusctl: w1: could not reach the server' "$engine: names the node"
	like "$err" 'neither starts servers' "$engine: and says that it does not start it"
	as_server "$BINDIR/pg_ctl" stop -s -m immediate -D "$TMP/servers/one"
	rm -rf "$TMP/servers" "$HOME/.pgpass"
}

for_each_engine test_none
finish
