#!/usr/bin/env bash
# A cluster on hosts reached by SSH: what init makes of them, what it leaves alone the
# second time, who may log in, and what goes wrong in the ways that hosts go wrong.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/lab/lib.sh
. "$REPO/tests/lab/lib.sh"

state=$CITUSCTL_HOME/lab

# Looks for the passwords in the processes and environments of this machine, of which
# the hosts' are a part, until the file $1 goes away.
watch_processes()
{
	local file
	while [ -e "$1" ]; do
		for file in password superuser-password; do
			[ -s "$state/$file" ] && grep -lsaF -f "$state/$file" /proc/[0-9]*/cmdline /proc/[0-9]*/environ
		done
		sleep 0.02
	done >"$1.seen"
}

# requests TEXT: the most round trips that any host took.
requests() { sed -n 's/.*: \([0-9]*\) requests over SSH.*/\1/p' <<<"$1" | sort -n | tail -n 1; }

test_init()
{
	local i file
	cat >schema.sql <<-'SQL'
		CREATE TABLE IF NOT EXISTS items (id bigint PRIMARY KEY, note text);
	SQL
	describe_lab '"schema": ["schema.sql"], "shard_count": 8, "tables": [{"name": "items", "distribution_column": "id"}]'
	runs 'a dry run on bare hosts' 3 citusctl init --dry-run --exit-code
	like "$out" 'create the server +3 +to do' 'says that servers would be made'
	is "$(on 1 sh -c 'ls -A /etc/postgresql; ls -A /var/lib/citusctl 2>/dev/null')" '' 'and makes none'

	: >"$TMP/watched"
	watch_processes "$TMP/watched" &
	runs 'init succeeds' 0 citusctl -v init
	rm "$TMP/watched"
	wait
	like "$out" 'is ready: 3 nodes, engine citus' 'and says what there is'
	printf '%s\n%s\n' "$out" "$err" >"$TMP/said"

	runs 'a second init' 0 citusctl -v init
	like "$out" 'nothing was changed' 'changes nothing'
	ok 'and takes at most 10 round trips a host' test "$(requests "$err")" -le 10
	diag "$(requests "$err") round trips on the host that took most"
	runs 'in JSON' 0 citusctl -o json init
	is "$(json .changed)" 0 'the count of changes is 0'
	runs 'a dry run' 0 citusctl init --dry-run --exit-code
	run citusctl -o json status
	is "$(json '[.nodes[].state] | unique | join(" ")')" active 'all nodes are active'
	is "$(json '.tables | length')" 1 'and the table is there'

	for file in password superuser-password; do
		is "$(stat -c %a "$state/$file")" 600 "$file is its owner's alone"
		not_ok "$file is not in what init -v said" grep -qFf "$state/$file" "$TMP/said"
		for i in 0 1 2; do
			not_ok "$file is in no log of host $i" on "$i" grep -rqF "$(cat "$state/$file")" /var/log
		done
	done
	is "$(cat "$TMP/watched.seen")" '' 'passwords are in no command line and no environment'
	is "$(on 1 stat -c '%a %U' /etc/postgresql/15/lab/citusctl-node.pem)" '600 postgres' "a node's key is its server's alone"
	is "$(find "$state/tls" -perm /077 | wc -l)" 0 'so are the keys kept here'
}

# app HOST [OPTION]: a login of the application role from this machine, over the network.
app() { PGPASSWORD=$(cat "$state/password") psql -X -q -A -t "host=$(address "$1") user=lab dbname=lab $2" -c 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()'; }

is_refused() { on_sql 0 2>&1 <<<"SELECT count(*) FROM items" | grep -qi 'certificate verify failed'; }

test_access()
{
	is "$(app 0 sslmode=require)" t 'a client of "access" logs in, encrypted'
	not_ok 'not without encryption' app 0 sslmode=disable
	openssl x509 -in "$state/tls/ca.pem" -out "$TMP/ca.crt"
	is "$(app 1 "sslmode=verify-full sslrootcert=$TMP/ca.crt")" t "and can check the server's certificate"
	run env PGPASSWORD="$(cat "$state/superuser-password")" psql -X "host=$(address 0) user=postgres dbname=lab"
	like "$err" 'pg_hba.conf rejects' 'the superuser does not, from there'
	is "$(on_sql 0 <<<"SHOW citus.node_conninfo")" 'sslmode=verify-full sslrootcert=/etc/postgresql/15/lab/citusctl-ca.crt' 'the nodes check each other'
	is "$(on_sql 0 <<<"SELECT bool_and(result = 't') FROM run_command_on_workers('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()')")" \
		t 'the connections between them are encrypted'

	# A worker that shows a certificate of another authority is not talked to.
	on 1 sh -c 'cd /etc/postgresql/15/lab && cp -p citusctl-node.pem kept.pem &&
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj "/CN=worker1" \
			-addext "subjectAltName = IP:'"$(address 1)"'" -keyout k -out c 2>/dev/null && cat k c >citusctl-node.pem && rm k c'
	on_sql 1 <<<'SELECT pg_reload_conf()' >/dev/null
	wait_until 20 is_refused
	like "$(on_sql 0 2>&1 <<<"SELECT count(*) FROM items")" 'certificate verify failed' 'a worker with a false certificate is not talked to'
	runs 'init mends that' 0 citusctl init
	is "$(on_sql 0 <<<"SELECT count(*) FROM items")" 0 'and the worker answers again'
	on 1 rm /etc/postgresql/15/lab/kept.pem
}

test_settings()
{
	local before
	before=$(on_sql 1 <<<"SELECT pg_postmaster_start_time()")
	describe_lab '"schema": ["schema.sql"], "shard_count": 8, "tables": [{"name": "items", "distribution_column": "id"}],
		"postgres": {"settings": {"work_mem": "8MB"}}'
	runs 'a setting that needs a reload' 0 citusctl init
	is "$(on_sql 1 <<<'SHOW work_mem')" 8MB 'has effect'
	is "$(on_sql 1 <<<"SELECT pg_postmaster_start_time()")" "$before" 'without a restart'
	describe_lab '"schema": ["schema.sql"], "shard_count": 8, "tables": [{"name": "items", "distribution_column": "id"}],
		"postgres": {"settings": {"shared_buffers": "64MB"}}'
	runs 'one that needs a restart' 0 citusctl init
	like "$out$err" 'restarted for shared_buffers' 'is said to'
	is "$(on_sql 1 <<<'SHOW shared_buffers')$(on_sql 1 <<<'SHOW work_mem')" 64MB4MB 'and has effect; the other is gone'
	on 1 sh -c 'echo "work_mem = 1GB" >>/etc/postgresql/15/lab/conf.d/citusctl.conf'
	runs 'a file changed by hand is seen by a dry run' 3 citusctl init --dry-run --exit-code
	runs 'and put right' 0 citusctl init
	is "$(on_sql 1 <<<'SHOW work_mem')" 4MB 'with effect'
}

test_nodes()
{
	runs 'node stop' 0 citusctl node stop
	is "$(on 1 pg_lsclusters -h | awk '{ print $4 }')" down 'stops the servers'
	runs 'node start' 0 citusctl node start
	run citusctl -o json status
	is "$(json '[.nodes[].state] | unique | join(" ")')" active 'starts them'
	runs 'the demo' 0 citusctl demo --users 500 --duration 1
	runs 'verify' 0 citusctl verify --deep

	jq '.workers[0].capacity = 2' cluster.json >more.json && mv more.json cluster.json
	run citusctl init
	like "$err" 'register the placement rules +changed' 'capacities of the description are told to Citus'
	is "$(on_sql 0 <<<"SELECT name FROM pg_dist_rebalance_strategy WHERE default_strategy")" citusctl 'as its rebalance strategy'
	run citusctl -o json init
	is "$(json .changed)" 0 'once'

	# The look at a host is ended in the middle, by whatever it may be.
	on 1 sh -c 'cat >/usr/local/bin/awk; chmod 755 /usr/local/bin/awk' <<-'SH'
		#!/bin/sh
		case "$1 $2" in "-v port="*) kill -TERM "$PPID" ;; esac
		exec /usr/bin/awk "$@"
	SH
	run citusctl -v init
	on 1 rm /usr/local/bin/awk
	is "$status" 1 'a look at a host that does not end'
	like "$err" '"survey" failed with status 255' 'is an error'
	unlike "$out$err" 'PRIVATE KEY|work_mem|scram' 'and what it had seen is not shown'
}

# Two operators with the same directory on two machines: the second is told who works.
test_two_operators()
{
	local pid
	cp -a "$CITUSCTL_HOME" "$TMP/colleague"
	echo 'SELECT pg_sleep(600)' >slow.sql
	describe_lab '"schema": ["schema.sql", "slow.sql"], "shard_count": 8, "tables": [{"name": "items", "distribution_column": "id"}]'
	"$CITUSCTL" -v init >first 2>&1 &
	pid=$!
	wait_until 60 grep -q 'apply the schema files$' first
	runs 'a second operator, from another machine' 5 env CITUSCTL_HOME="$TMP/colleague" "$CITUSCTL" init
	like "$err" 'another operation runs on cluster "lab": "init" by .*\(process '"$pid"'\)' 'is told who works on the cluster'
	runs 'nor may he destroy it' 5 env CITUSCTL_HOME="$TMP/colleague" "$CITUSCTL" -y destroy
	kill -INT "$pid"
	wait "$pid"
	is "$?" 130 'the first is interrupted'
	rm slow.sql
	describe_lab '"schema": ["schema.sql"], "shard_count": 8, "tables": [{"name": "items", "distribution_column": "id"}]'
	runs 'and then the second may' 0 env CITUSCTL_HOME="$TMP/colleague" "$CITUSCTL" init
	rm -r "$TMP/colleague"
}

# Of what goes wrong and of what looks, with -v.
test_secrets()
{
	local file
	echo 'SELECT no_such_function()' >wrong.sql
	describe_lab '"schema": ["schema.sql", "wrong.sql"], "shard_count": 8, "tables": [{"name": "items", "distribution_column": "id"}]'
	on 1 sh -c 'echo >>/etc/postgresql/15/lab/citusctl-node.pem'
	on_sql 1 <<<"SET citus.enable_ddl_propagation TO off; ALTER ROLE postgres PASSWORD 'another'; ALTER ROLE lab PASSWORD 'another'"
	runs 'differences in secrets' 3 citusctl -v init --dry-run --exit-code
	printf '%s\n%s\n' "$out" "$err" >"$TMP/said"
	runs 'a check' 3 citusctl -v check
	printf '%s\n%s\n' "$out" "$err" >>"$TMP/said"
	runs 'an init that fails' 1 citusctl -v init
	printf '%s\n%s\n' "$out" "$err" >>"$TMP/said"
	describe_lab '"schema": ["schema.sql"], "shard_count": 8, "tables": [{"name": "items", "distribution_column": "id"}]'
	runs 'one that mends it' 0 citusctl -v init
	printf '%s\n%s\n' "$out" "$err" >>"$TMP/said"
	runs 'history' 0 citusctl history
	printf '%s\n%s\n' "$out" "$err" >>"$TMP/said"
	for file in password superuser-password; do
		not_ok "$file is in none of it" grep -qFf "$state/$file" "$TMP/said"
		not_ok "nor in a log" on 1 grep -rqF "$(cat "$state/$file")" /var/log
	done
	not_ok 'nor is any line of a key' grep -qF "$(sed -n 2p "$state/tls/worker1.pem")" "$TMP/said"
}

# Without the files here, as from another operator's machine.
test_takeover()
{
	mv "$CITUSCTL_HOME/lab" "$TMP/other-home"
	runs 'init from a machine that knows nothing' 5 citusctl init
	like "$err" 'was made from another directory than' 'is refused'
	like "$err" 'init --take-over' 'with the way there is'
	runs 'so is destroy' 5 citusctl -y destroy
	is "$(on_sql 0 <<<"SELECT count(*) FROM items")" 0 'and all is there'
	runs 'init --take-over' 0 citusctl init --take-over
	runs 'and from then on init alone' 0 citusctl -o json init
	is "$(json .changed)" 0 'which changes nothing'
	mv "$CITUSCTL_HOME/lab" "$TMP/new-home" && mv "$TMP/other-home" "$CITUSCTL_HOME/lab"
	runs 'the first directory is refused then' 5 citusctl init
	rm -rf "$CITUSCTL_HOME/lab" && mv "$TMP/new-home" "$CITUSCTL_HOME/lab"
	run citusctl -o json status
	is "$(json '[.nodes[].state] | unique | join(" ")')" active 'takes the servers over'
	is "$(on_sql 0 <<<"SELECT count(*) FROM items")" 0 'with their tables'
}

test_destroy()
{
	runs 'destroy' 0 citusctl -y -o json destroy
	is "$(json '[.destroyed, .left, .note] | map(tostring) | join(",")')" lab,null,null 'of all servers'
	is "$(on 1 sh -c 'ls -d /etc/postgresql/15/* /var/lib/postgresql/15/* /var/lib/citusctl/* 2>/dev/null')" '' 'leaves nothing on a host'
	ok 'and nothing here' test ! -e "$state"
	on 2 pg_createcluster 15 lab --port 5432 >/dev/null
	describe_lab
	runs 'a server that citusctl did not make' 5 citusctl init
	like "$err" '15/lab on .* port 5432, which citusctl did not create, does not fit: it is stopped' 'and does not run is left alone'
	on 2 pg_dropcluster 15 lab
	on 2 pg_createcluster 15 other --port 5432 >/dev/null
	runs 'a port that is another server'\''s' 5 citusctl init
	like "$err" 'worker2: the server 15/other on .* port 5432' 'is named'
	on 2 pg_dropcluster 15 other
	citusctl -q -y destroy >/dev/null 2>&1
}

lab_or_skip 'clusters on hosts'
lab_up 3 || exit 1
test_init
test_access
test_settings
test_nodes
test_two_operators
test_secrets
test_takeover
test_destroy
finish
