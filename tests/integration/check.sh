#!/usr/bin/env bash
# citusctl check: every check is seen to fail when the thing it is for is broken, and
# it alone.  What takes hosts of their own is in ssh_check.sh.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

# fails NODE:CHECK... NAME: just these fail.
fails()
{
	local name=${!#} wanted
	wanted=$(printf '%s\n' "${@:1:$#-1}" | sort | tr '\n' ' ')
	run citusctl -o json check
	is "$status" 3 "$name: exit status"
	is "$(json '[.checks[] | select(.result == "fail") | .node + ":" + .check] | unique | .[]' | sort | tr '\n' ' ')" "$wanted" "$name"
}

message() { json ".checks[] | select(.result == \"fail\" and .node == \"$1\" and .check == \"$2\") | .message"; }

all_nodes() { echo "coordinator:$1" "w1:$1" "w2:$1"; }

describe()
{
	local more=''
	[ -n "${3-}" ] && more=", \"postgres\": {$3}"
	write_description "$2" '"engine": "'"$1"'", "workers": [{"name": "w1"'"${4-}"'}, {"name": "w2"}]'"$more"
}

# ---- before the first init ------------------------------------------------------

test_before()
{
	local setting
	describe embedded before
	runs 'before init a check passes' 0 citusctl check
	like "$out" '^Node +Check +Result +Message$' 'as a table'
	like "$out" 'Next: citusctl init' 'that names the next command'
	ok 'and leaves nothing' test ! -e "$CITUSCTL_HOME/before"
	run citusctl -q check
	unlike "$out" 'Pass' 'with -q only what did not pass is shown'

	describe embedded before '"version": 18'
	if [ "$PG_MAJOR" = 18 ]; then
		skip 'a PostgreSQL that is not installed' 'all versions are here'
	else
		# shellcheck disable=SC2046
		fails $(all_nodes postgresql) 'a PostgreSQL that is not installed'
		like "$(message w1 postgresql)" 'PostgreSQL 18 is not installed' 'the wanted version is named'
	fi
	for setting in max_worker_processes=4 max_replication_slots=2 max_wal_senders=2 \
		max_logical_replication_workers=1 max_prepared_transactions=0; do
		describe embedded before '"settings": {"'"${setting%=*}"'": "'"${setting#*=}"'"}'
		# shellcheck disable=SC2046
		fails $(all_nodes "${setting%=*}") "$setting in the description"
		like "$(message w1 "${setting%=*}")" "^${setting#*=}; wanted: " "$setting: measured and wanted"
	done
	describe embedded before '"settings": {"shared_buffers": "9TB"}'
	# shellcheck disable=SC2046
	fails $(all_nodes memory) 'more shared_buffers than memory'

	describe embedded before
	mkdir -p "$CITUSCTL_HOME/before/w1" && echo precious >"$CITUSCTL_HOME/before/w1/file"
	[ "$(id -u)" -eq 0 ] && chown -R postgres "$CITUSCTL_HOME/before"
	fails w1:'data directory' 'a directory of something else'
	rm -r "$CITUSCTL_HOME/before"
}

disk=''
test_disk()
{
	disk=$TMP/disk
	mkdir "$disk"
	if [ "$(id -u)" -ne 0 ] || ! mount -t tmpfs -o size=300m,mode=755 tmpfs "$disk" 2>/dev/null; then
		disk=''
		skip 'a small disk' 'takes root and a mount'
		return
	fi
	describe embedded before
	CITUSCTL_HOME=$disk
	# shellcheck disable=SC2046
	fails $(all_nodes disk) 'a disk with little space'
	like "$(message w1 disk)" 'wanted: 1 GB' 'says how much is wanted'
	CITUSCTL_HOME=$TMP/clusters
	umount "$disk"
	disk=''
}
hung=''
trap '[ -z "$hung" ] || kill -CONT "$hung"; [ -z "$disk" ] || umount -l "$disk"; clean_up' EXIT

# ---- with servers ---------------------------------------------------------------

# Rules of who may log in, as they are and without one kind of line.
rules() { echo "$CITUSCTL_HOME/$1/$2/pg_hba.conf"; }
reload() { echo 'SELECT pg_reload_conf()' | node_sql "$1" "$2" >/dev/null; }

test_servers()
{
	local engine=$1 name=check_$1 server_id old node
	describe "$engine" "$name"
	runs "$engine: init" 0 citusctl init
	runs "$engine: a sound cluster passes" 0 citusctl -o json check
	is "$(json '[.passed, .failed] | map(tostring) | join(",")')" 'true,0' "$engine: in JSON too"
	is "$(json '[.checks[] | select(.check == "logins" and .result == "pass")] | length')" 3 "$engine: every node logged in to every other"
	is "$(find /tmp "${TMPDIR:-/tmp}" -maxdepth 1 -type f -exec grep -lsFf "$CITUSCTL_HOME/$name/superuser-password" {} + 2>/dev/null)" '' "$engine: no password is left behind"

	# Somebody else on the port: of a cluster that is not made yet.
	describe "$engine" other '' ', "port": '"$(jq .nodes.w1.port "$CITUSCTL_HOME/$name/state.json")"
	fails w1:port "$engine: a port that another server has"
	describe "$engine" "$name"

	cp "$(rules "$name" w1)" rules
	sed -i '/^host/d' "$(rules "$name" w1)" && reload "$name" w1
	wait_until 20 no_login "$name" w1
	fails coordinator:logins w1:logins w2:logins "$engine: a pg_hba.conf that lets nobody in"
	like "$(message w2 logins)" 'to w1: its pg_hba.conf lacks this line: host(ssl)? .* 127.0.0.1/32 scram-sha-256' "$engine: the line is told"
	run citusctl check
	like "$out" '^Logs in from . to +coordinator +w1 +w2' "$engine: with a matrix"
	like "$out" '^w2 +yes +NO +yes' "$engine: which shows who can't"
	cat rules >"$(rules "$name" w1)" && reload "$name" w1
	wait_until 20 "$CITUSCTL" check

	old=pg_dist_authinfo
	[ "$engine" = embedded ] && old=citus_embedded.authinfo
	if [ "$engine" = citus ]; then
		server_id=$(echo "SELECT metadata ->> 'server_id' FROM pg_dist_node_metadata" | node_sql "$name" w2)
		echo "UPDATE pg_dist_node_metadata SET metadata = jsonb_set(metadata, '{server_id}', '\"$(echo "SELECT metadata ->> 'server_id' FROM pg_dist_node_metadata" | node_sql "$name" w1)\"')" |
			node_sql "$name" w2
	else
		server_id=$(echo "SELECT id FROM citus_embedded.this_node" | node_sql "$name" w2)
		echo "UPDATE citus_embedded.this_node SET id = '$(echo "SELECT id FROM citus_embedded.this_node" | node_sql "$name" w1)'" | node_sql "$name" w2
	fi
	fails w2:identity "$engine: a cloned directory"
	like "$(message w2 identity)" 'the same server id as w1' "$engine: of which node is told"
	if [ "$engine" = citus ]; then
		echo "UPDATE pg_dist_node_metadata SET metadata = jsonb_set(metadata, '{server_id}', '\"$server_id\"')" | node_sql "$name" w2
	else
		echo "UPDATE citus_embedded.this_node SET id = '$server_id'" | node_sql "$name" w2
	fi

	echo "UPDATE pg_database SET datcollate = 'POSIX' WHERE datname = current_database()" | node_sql "$name" w2
	fails w2:locale "$engine: another collation"
	echo "UPDATE pg_database SET datcollate = 'C.UTF-8' WHERE datname = current_database()" | node_sql "$name" w2

	echo "CREATE TABLE kept AS SELECT * FROM pg_dist_authinfo; UPDATE $old SET authinfo = 'password=wrong'" | node_sql "$name" w2
	fails w2:logins "$engine: a password of the others that is not right"
	like "$(message w2 logins)" 'password authentication failed' "$engine: is told"
	echo "UPDATE $old a SET authinfo = k.authinfo FROM kept k WHERE k.rolename = a.rolename; DROP TABLE kept" |
		node_sql "$name" w2

	echo "SELECT citus_remove_node('127.0.0.1', $(jq .nodes.w2.port "$CITUSCTL_HOME/$name/state.json"))" | node_sql "$name" coordinator >/dev/null
	fails w2:registered "$engine: a node that is not registered"
	runs "$engine: init registers it" 0 citusctl init
	runs "$engine: and all is well" 0 citusctl check

	# A server that hangs is none that refuses its login; nor does init mend it.
	for node in w1 coordinator; do
		hung=$(head -n 1 "$CITUSCTL_HOME/$name/$node/postmaster.pid")
		kill -STOP "$hung"
		if [ "$node" = w1 ]; then
			fails w1:server w1:registered "$engine: a worker that hangs"
		else
			fails coordinator:server "$engine: a coordinator that hangs"
		fi
		kill -CONT "$hung"
		like "$(message "$node" server)" "does not answer within [0-9]+ s; wanted: an answer .*citusctl logs $node" "$engine: $node: is told, with the remedy"
		unlike "$out" 'mends its password' "$engine: $node: and no other"
	done
	hung=''
	runs "$engine: $node answers again" 0 citusctl check
	sed -i 's/^local/#&/' "$(rules "$name" w1)" && reload "$name" w1
	wait_until 20 not_let_in
	run citusctl -o json check
	like "$(message w1 superuser)" 'pg_hba.conf.*wanted: that citusctl gets in' "$engine: one that refuses its login is told apart"
	cat rules >"$(rules "$name" w1)"
	runs "$engine: and mended by init" 0 citusctl init

	echo "ALTER SYSTEM SET wal_level = replica" | node_sql "$name" w1
	runs "$engine: restart" 0 citusctl node restart w1
	fails w1:wal_level "$engine: a setting that somebody changed on the server"
	echo "ALTER SYSTEM RESET wal_level; ALTER SYSTEM SET listen_addresses = ''" | node_sql "$name" w1
	run citusctl node restart w1
	fails coordinator:network w1:network w2:network coordinator:logins w1:logins w2:logins "$engine: a server that listens nowhere"
	like "$(message w2 network)" 'to w1 .*refused, although its server runs' "$engine: is told"
	runs "$engine: destroy" 0 citusctl -y destroy
}

not_let_in() { "$CITUSCTL" -o json check | jq -e '.checks[] | select(.check == "superuser")' >/dev/null; }
no_login() { ! PGPASSWORD=$(cat "$CITUSCTL_HOME/$1/password") psql -h 127.0.0.1 -p "$(jq ".nodes.$2.port" "$CITUSCTL_HOME/$1/state.json")" -U "$1" -d "$1" -c 'SELECT 1'; }

test_before
test_disk
for_each_engine test_servers
finish
