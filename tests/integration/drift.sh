#!/usr/bin/env bash
# What somebody changed by hand is named by "init --dry-run", thing by thing and node by
# node, and mended by "init" where that can be done without touching data.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

tables='{"name": "kinds", "reference": true}, {"name": "items", "distribution_column": "id"},
	{"name": "parts", "distribution_column": "item", "colocate_with": "items"}'

# describe ENGINE NAME [MEMBERS]
describe()
{
	write_description "$2" '"engine": "'"$1"'", "workers": [{"name": "w1"}, {"name": "w2"}], "shard_count": 4, "schema": ["shop.sql"],
		"postgres": {"settings": {"work_mem": "5MB"}}, "tables": ['"${3:-$tables}"']'
}

# What a dry run finds: "NODE: DIFFERENCE (mended|left)" a line, in $found.
look()
{
	run citusctl -o json init --dry-run --exit-code
	# shellcheck disable=SC2016 # for jq
	found=$(json '.steps[] | .node as $n | (.differences // [])[] | $n + ": " + .difference + (if .mended then " (mended)" else " (left)" end)')
}

# finds REGEX NAME: the dry run names it, and says that something is to do.
finds()
{
	look
	is "$status" 3 "$2: a dry run tells"
	like "$found" "$1" "$2: and names it"
	run citusctl init --dry-run
	like "$out" '^What differs from the description$' "$2: as text too"
}

# mended NAME: init puts it right, and then there is nothing left to do.
mended()
{
	runs "$1: init" 0 citusctl init
	look
	is "$status,$found" '0,' "$1: mends it"
}

config() { echo "$CITUSCTL_HOME/$1/$2"; }
reload() { echo 'SELECT pg_reload_conf()' | node_sql "$1" "$2" >/dev/null; }
value() { echo "SHOW $3" | node_sql "$1" "$2"; }

test_settings()
{
	local engine=$1 name=$2
	echo "ALTER SYSTEM SET work_mem = '7MB'" | node_sql "$name" w1 && reload "$name" w1
	finds '^w1: setting work_mem is 7MB \(by ALTER SYSTEM\), wanted: 5MB \(mended\)$' "$engine: ALTER SYSTEM"
	is "$(value "$name" w1 work_mem)" 7MB "$engine: the dry run changed nothing"
	mended "$engine: ALTER SYSTEM"
	is "$(value "$name" w1 work_mem)" 5MB "$engine: the setting is as described"

	echo "ALTER SYSTEM SET max_connections = '150'" | node_sql "$name" w2
	runs "$engine: restart with a setting that somebody changed" 0 citusctl node restart w2
	is "$(value "$name" w2 max_connections)" 150 "$engine: it has effect"
	finds '^w2: setting max_connections is 150 ' "$engine: one that needs a restart"
	mended "$engine: one that needs a restart"
	is "$(value "$name" w2 max_connections)" 200 "$engine: with the restart"

	echo "ALTER DATABASE $name SET work_mem = '6MB'; ALTER ROLE $name SET work_mem = '8MB'" | node_sql "$name" coordinator
	finds '^coordinator: setting work_mem is 6MB \(by ALTER DATABASE\)' "$engine: ALTER DATABASE"
	like "$found" '^coordinator: setting work_mem is 8MB \(by ALTER ROLE\)' "$engine: ALTER ROLE"
	mended "$engine: ALTER DATABASE and ALTER ROLE"

	sed -i 's/^max_wal_size = .*/max_wal_size = 9GB/' "$(config "$name" w1)/citusctl.conf"
	finds '^w1: .*/w1/citusctl.conf has a line that is not described: max_wal_size = 9GB' "$engine: our file"
	like "$found" "^w1: .*/w1/citusctl.conf lacks a line: max_wal_size = '2GB'" "$engine: our file: with what was there"
	mended "$engine: our file"

	echo "work_mem = '9MB'" >>"$(config "$name" w1)/postgresql.conf" && reload "$name" w1
	finds "^w1: setting work_mem is 9MB \\(by line [0-9]+ of .*/w1/postgresql.conf\\), wanted: 5MB \\(left\\)" "$engine: a file of somebody else's"
	runs "$engine: init leaves that" 0 citusctl init
	like "$out" 'left to people' "$engine: and says so"
	like "$out" 'postgresql.conf.*wanted: 5MB' "$engine: and what it is"
	runs "$engine: node add of it too" 0 citusctl node add w1
	like "${out//$'\n'/ }" 'left to people.*postgresql.conf.*wanted: 5MB.*It is a node' "$engine: and says what is left"
	sed -i '$d' "$(config "$name" w1)/postgresql.conf" && reload "$name" w1
}

test_hba()
{
	local engine=$1 name=$2 hba
	hba=$(config "$name" w2)/pg_hba.conf
	echo 'host all all 10.0.0.0/8 trust' >>"$hba" && reload "$name" w2
	finds '^w2: .*/w2/pg_hba.conf has a line that is not described: host all all 10.0.0.0/8 trust \(mended\)' "$engine: a line in pg_hba.conf"
	mended "$engine: a line in pg_hba.conf"
	echo 'local nothing nobody reject' >"$hba" && reload "$name" w2
	wait_until 20 lets_nobody_in "$name" w2
	finds '^w2: the server does not let its superuser in' "$engine: rules that let nobody in"
	like "$found" '^w2: .*pg_hba.conf lacks a line: +host +all ' "$engine: with the lines that are missing"
	mended "$engine: rules that let nobody in"
}

lets_nobody_in() { ! node_sql "$1" "$2" <<<'SELECT 1'; }

test_role()
{
	local engine=$1 name=$2
	# On the node alone, past what Citus sends on.
	role() { { [ "$engine" = citus ] && echo 'SET citus.enable_ddl_propagation TO off;'; echo "$2"; } | node_sql "$name" "$1"; }
	role w1 "ALTER ROLE $name CREATEDB SUPERUSER CONNECTION LIMIT 3"
	finds "^w1: role \"$name\" has SUPERUSER, CREATEDB, CONNECTION LIMIT 3, wanted: NOSUPERUSER NOCREATEDB CONNECTION LIMIT -1" "$engine: a role's attributes"
	mended "$engine: a role's attributes"
	is "$(echo "SELECT rolsuper, rolcreatedb, rolconnlimit FROM pg_roles WHERE rolname = '$name'" | node_sql "$name" w1)" 'f|f|-1' "$engine: they are as they were"
	role coordinator "ALTER ROLE $name NOLOGIN"
	finds "^coordinator: role \"$name\" has NOLOGIN, wanted: LOGIN" "$engine: a role that may not log in"
	mended "$engine: a role that may not log in"
	role w2 "ALTER ROLE $name PASSWORD 'another'"
	finds "^w2: role \"$name\" does not log in with the password" "$engine: another password"
	mended "$engine: another password"
	role w1 "ALTER DATABASE $name OWNER TO postgres"
	finds "^w1: database \"$name\" belongs to \"postgres\", wanted: \"$name\"" "$engine: another owner"
	mended "$engine: another owner"
	[ "$engine" = citus ] || return
	echo "UPDATE pg_dist_authinfo SET authinfo = 'password=wrong' WHERE rolename = 'postgres'" | node_sql "$name" w1
	finds '^w1: what role "postgres" of this node logs in to the others with is not' 'citus: credentials of a node'
	mended 'citus: credentials of a node'
}

test_tables()
{
	local engine=$1 name=$2 port
	echo 'DROP TABLE parts' | node_sql "$name" coordinator
	finds '^coordinator: table "parts" is missing \(mended\)$' "$engine: a dropped table"
	mended "$engine: a dropped table"
	is "$(citusctl -o json status | jq -r '[.tables[].name] | sort | join(" ")')" 'items kinds parts' "$engine: it is there again"

	# Each of these would rewrite a table: named, all of them, and left.
	describe "$engine" "$name" '{"name": "kinds", "distribution_column": "id"}, {"name": "items", "distribution_column": "kind"},
		{"name": "parts", "distribution_column": "item", "colocate_with": "kinds"}'
	finds '^coordinator: table "kinds" is a reference table, the description says distributed; .*\(left\)$' "$engine: another type"
	like "$found" '^coordinator: table "items" is distributed by "id", the description says "kind"' "$engine: another column"
	like "$found" '^coordinator: table "parts" is not colocated with "kinds"' "$engine: another colocation"
	runs "$engine: init refuses" 5 citusctl init
	describe "$engine" "$name"
	sed -i 's/"shard_count": 4/"shard_count": 8/' cluster.json
	finds '^coordinator: table "items" has 4 shards, the description says 8' "$engine: another shard count"
	describe "$engine" "$name"
	if [ "$engine" = citus ]; then
		describe "$engine" "$name" '{"name": "kinds", "reference": true}, {"name": "items", "distribution_column": "id", "storage": "columnar"},
			{"name": "parts", "distribution_column": "item", "colocate_with": "items"}'
		finds '^coordinator: table "items" is stored as heap, the description says columnar: .*\(left\)$' 'citus: another storage'
		describe "$engine" "$name"
		# By hand on the cluster: colocation is broken, then the node's version.
		echo "SELECT update_distributed_table_colocation('parts', colocate_with => 'none')" | node_sql "$name" coordinator >/dev/null
		finds '^coordinator: table "parts" is not colocated with "items"' 'citus: colocation that was changed on the cluster'
		echo "SELECT update_distributed_table_colocation('parts', colocate_with => 'items')" | node_sql "$name" coordinator >/dev/null
		echo "UPDATE pg_extension SET extversion = '13.1-1' WHERE extname = 'citus'" | node_sql "$name" w2
		finds '^coordinator: w2 has Citus 13.1-1, the coordinator 13' 'citus: versions that differ'
		like "$found" '^w2: Citus 13.* is installed, and database .* has 13.1-1: "ALTER EXTENSION citus UPDATE"' 'citus: with the remedy'
		echo "UPDATE pg_extension SET extversion = (SELECT default_version FROM pg_available_extensions WHERE name = 'citus') WHERE extname = 'citus'" |
			node_sql "$name" w2
	fi
	port=$(jq .nodes.w2.port "$CITUSCTL_HOME/$name/state.json")
	write_description "$name" '"engine": "'"$engine"'", "workers": [{"name": "w1"}], "shard_count": 4, "postgres": {"settings": {"work_mem": "5MB"}},
		"schema": ["shop.sql"], "tables": ['"$tables"']'
	finds "^coordinator: 127.0.0.1:$port is a node of the cluster and not described" "$engine: a node that is not described"
	describe "$engine" "$name"
	look
	is "$status,$found" '0,' "$engine: as described again, there is nothing to do"
}

test_drift()
{
	local engine=$1 name=drift_$1
	cat >shop.sql <<-'SQL'
		CREATE TABLE IF NOT EXISTS kinds (id int PRIMARY KEY);
		CREATE TABLE IF NOT EXISTS items (id bigint, kind int, PRIMARY KEY (id, kind));
		CREATE TABLE IF NOT EXISTS parts (item bigint, no int, PRIMARY KEY (item, no));
	SQL
	describe "$engine" "$name"
	runs "$engine: init" 0 citusctl init
	look
	is "$status,$found" '0,' "$engine: afterwards nothing differs"
	test_settings "$engine" "$name"
	test_hba "$engine" "$name"
	test_role "$engine" "$name"
	test_tables "$engine" "$name"
	# Several things at once, on several nodes, and a node that is down.
	echo "ALTER SYSTEM SET work_mem = '7MB'" | node_sql "$name" w1
	echo 'DROP TABLE parts' | node_sql "$name" coordinator
	runs "$engine: a node is stopped" 0 citusctl node stop w2
	look
	like "$found" '^w1: setting work_mem is 7MB' "$engine: with a node down the others are still compared"
	is "$(json '.steps[] | select(.step == "start the server" and .node == "w2") | .outcome')" changed "$engine: and it would be started"
	mended "$engine: all together"
	runs "$engine: destroy" 0 citusctl -y destroy
}

for_each_engine test_drift
finish
