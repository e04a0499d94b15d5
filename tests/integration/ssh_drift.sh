#!/usr/bin/env bash
# Hosts that somebody changed by hand: each thing is named by "init --dry-run" and mended
# by "init"; and the ways to a host: psql, exec, logs, and clients that go there directly.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/lab/lib.sh
. "$REPO/tests/lab/lib.sh"

tables='"schema": ["schema.sql"], "shard_count": 4, "tables": [{"name": "items", "distribution_column": "id"}]'

# finds REGEX NAME: a dry run names it, as "NODE: DIFFERENCE (mended|left)", and changes nothing.
finds()
{
	run citusctl -o json init --dry-run --exit-code
	# shellcheck disable=SC2016 # for jq
	found=$(json '.steps[] | .node as $n | (.differences // [])[] | $n + ": " + .difference + (if .mended then " (mended)" else " (left)" end)')
	is "$status" 3 "$2: a dry run tells"
	like "$found" "$1" "$2: and names it"
}

# mended NAME: init puts it right, and nothing is left to do.
mended()
{
	runs "$1: init" 0 citusctl init
	runs "$1: is mended" 0 citusctl init --dry-run --exit-code
}

test_drift()
{
	on_sql 1 <<<"ALTER SYSTEM SET max_wal_size = '7GB'"
	on_sql 1 <<<'SELECT pg_reload_conf()' >/dev/null
	finds "^worker1: setting max_wal_size is 7GB \\(by ALTER SYSTEM\\), wanted: 2GB \\(mended\\)" 'ALTER SYSTEM'
	mended 'ALTER SYSTEM'
	is "$(on_sql 1 <<<'SHOW max_wal_size')" 2GB 'the setting is as described'

	on 2 sh -c "sed -i '/$(address 1)/d' /etc/postgresql/*/lab/pg_hba.conf; echo 'host all all 0.0.0.0/0 trust' >>/etc/postgresql/15/lab/pg_hba.conf"
	finds '^worker2: /etc/postgresql/15/lab/pg_hba.conf has a line that is not described: host all all 0.0.0.0/0 trust' 'pg_hba.conf'
	like "$found" "^worker2: .*pg_hba.conf lacks a line: hostssl \"lab\" all $(address 1)/32 scram-sha-256" 'pg_hba.conf: what is missing too'
	mended 'pg_hba.conf'

	on 1 sh -c 'echo "local nothing nobody reject" >/etc/postgresql/15/lab/pg_hba.conf; pg_ctlcluster 15 lab reload'
	wait_until 20 not_let_in
	finds '^worker1: the server does not let its superuser in' 'rules that let nobody in'
	mended 'rules that let nobody in'

	on_sql 2 <<<'SET citus.enable_ddl_propagation TO off; ALTER ROLE lab NOLOGIN CREATEROLE'
	finds '^worker2: role "lab" has NOLOGIN, CREATEROLE, wanted: LOGIN NOCREATEROLE' 'attributes of the role'
	mended 'attributes of the role'

	on_sql 0 <<<'DROP TABLE items'
	on_sql 1 <<<"UPDATE pg_extension SET extversion = '13.1-1' WHERE extname = 'citus'"
	on 0 sh -c 'echo "# by hand" >>/etc/postgresql/15/lab/conf.d/citusctl.conf'
	finds '^coordinator: table "?items"? is missing' 'a dropped table'
	like "$found" '^coordinator: worker1 has Citus 13.1-1, the coordinator 13.* \(left\)' 'with it: another version of Citus on one host'
	like "$found" '^coordinator: .*/citusctl.conf differs in the order of lines, or in comments' 'and a comment in our file'
	on_sql 1 <<<"UPDATE pg_extension SET extversion = (SELECT default_version FROM pg_available_extensions WHERE name = 'citus') WHERE extname = 'citus'"
	mended 'all three'
	run citusctl -o json status
	is "$(json '.tables[].name')" items 'the table is there again'

	mv "$CITUSCTL_HOME/lab/tls" "$TMP/tls"
	finds '^worker1: the certificates kept for this cluster are not on this machine' 'certificates that are gone here'
	rm -rf "$CITUSCTL_HOME/lab/tls" && mv "$TMP/tls" "$CITUSCTL_HOME/lab/tls"
}

not_let_in() { ! "$CITUSCTL" -q psql --superuser worker1 -- -c 'SELECT 1'; }

test_reach()
{
	run citusctl psql worker1 -- -X -A -t -c 'SELECT current_user, inet_server_addr() IS NOT NULL'
	is "$status,$out" '0,lab|t' 'psql on a host, through SSH'
	run citusctl psql --superuser worker2 -- -X -A -t -c 'SELECT current_user'
	is "$out" postgres 'as the superuser'
	# shellcheck disable=SC2016 # for the shells there
	run citusctl exec -- sh -c 'echo "$(id -un) $(hostname) $CITUSCTL_NODE"'
	is "$(sort <<<"$out")" $'coordinator: postgres coordinator coordinator\nworker1: postgres worker1 worker1\nworker2: postgres worker2 worker2' 'exec on all hosts'
	run citusctl exec --root worker1 -- id -un
	is "$out" root 'exec as root'
	run citusctl psql worker1 -- -X -c 'SELECT no_such_thing'
	run citusctl logs worker1
	like "$out" 'ERROR: .*no_such_thing' 'logs of a host'
	black_hole 2
	run citusctl exec -- true
	is "$status" 4 'exec when a host says nothing'
	like "$err" 'worker2' 'names it'
	no_black_hole 2
}

# Connections of the demo that come from this machine's own address, and those through SSH.
test_direct()
{
	local opened
	describe_lab "$tables"', "access": []'
	sed -i 's/"access": \["[^]]*\], //' cluster.json
	runs 'init without "access"' 0 citusctl init
	runs 'demo without "access"' 0 citusctl demo --users 300 --duration 1
	like "$err" 'Clients connect through SSH' 'goes through SSH, and says so'
	on_sql 0 <<<"ALTER SYSTEM SET log_connections TO on" && on_sql 0 <<<'SELECT pg_reload_conf()' >/dev/null
	describe_lab "$tables"
	runs 'init with "access"' 0 citusctl init
	on_sql 0 <<<"ALTER SYSTEM SET log_connections TO on" && on_sql 0 <<<'SELECT pg_reload_conf()' >/dev/null
	runs 'demo with "access"' 0 citusctl -v demo --users 300 --duration 1
	like "$err" 'Clients connect to the servers directly' 'goes to the servers directly, and says so'
	opened=$(on 0 grep -c "connection received: host=198.18.$lab_number.1 " /var/log/postgresql/postgresql-15-lab.log)
	ok 'as the server sees it' test "$opened" -ge 8
	like "$(on 0 grep "connection authorized: user=lab database=lab application_name=citusctl SSL" /var/log/postgresql/postgresql-15-lab.log | tail -n 3)" \
		'SSL enabled' 'encrypted'
	run citusctl -o json history
	is "$(json '.operations[-1] | .command + "," + .outcome')" 'demo --users 300 --duration 1,done' 'the demo is in the journal'
	like "$(json '.operations[-1].details')" '^[0-9]+ checks passed$' 'with what came of it'
}

lab_or_skip 'hosts that somebody changed'
lab_up 3 || exit 1
echo 'CREATE TABLE IF NOT EXISTS items (id bigint PRIMARY KEY);' >schema.sql
describe_lab "$tables"
runs 'init' 0 citusctl init
test_drift
test_reach
test_direct
runs 'destroy' 0 citusctl -y destroy
finish
