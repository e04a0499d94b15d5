#!/usr/bin/env bash
# PgBouncer in front of a cluster on hosts: who gets in, what it does with them, and that
# it comes and goes with the description.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/lab/lib.sh
. "$REPO/tests/lab/lib.sh"

# pooled OPTIONS SQL: as the application role, by the pooler.
pooled() { PGPASSWORD=$(cat "$CITUSCTL_HOME/lab/password") psql -X -q -A -t "host=$(address 0) port=6432 user=lab dbname=lab $1" -c "$2"; }

test_pooler()
{
	local pid
	describe_lab '"pooler": {"port": 6432}'
	runs 'init' 0 citusctl init
	like "$err" 'coordinator +run the pooler +changed +port 6432, started' 'starts the pooler'
	is "$(pooled sslmode=require 'SELECT 41 + 1')" 42 'a client of "access" gets in, encrypted'
	not_ok 'not without encryption' pooled sslmode=disable 'SELECT 1'
	run env PGPASSWORD=wrong psql -X "host=$(address 0) port=6432 user=lab dbname=lab"
	isnt "$status" 0 'nor with another password'
	not_ok 'nor the superuser' env PGPASSWORD="$(cat "$CITUSCTL_HOME/lab/superuser-password")" \
		psql -X "host=$(address 0) port=6432 user=postgres dbname=lab" -c 'SELECT 1'
	is "$(on 0 stat -c '%a %U' /etc/postgresql/15/lab/citusctl-pgbouncer.users)" '600 postgres' 'its passwords are its own'
	not_ok 'and hold no password' on 0 grep -qF "$(cat "$CITUSCTL_HOME/lab/password")" /etc/postgresql/15/lab/citusctl-pgbouncer.users

	# Transactions of two clients share a connection, one after the other.
	pid=$(pooled sslmode=require 'SELECT pg_backend_pid()')
	is "$(pooled sslmode=require 'SELECT pg_backend_pid()')" "$pid" 'two clients use one connection of the server'

	runs 'the demo through the pooler' 0 citusctl -y demo --users 200 --duration 4 --clients 8 --pooler -o json
	ok 'goes through it' jq -e '(.checks[] | select(.name == "pooler") | .passed) and
		.pooler.transactions >= ([.operations[].count] | add) and .pooler.clients >= 8' "$TMP/.out"

	runs 'a second init' 0 citusctl -v init
	like "$out" 'nothing was changed' 'changes nothing'
	# One more than without a pooler.
	ok 'and takes at most 11 round trips a host' test \
		"$(sed -n 's/.*: \([0-9]*\) requests over SSH.*/\1/p' <<<"$err" | sort -n | tail -n 1)" -le 11

	on 0 pkill -KILL -F /run/postgresql/citusctl-pgbouncer-lab.pid
	runs 'init after the pooler was killed' 0 citusctl init
	is "$(pooled sslmode=require 'SELECT 1')" 1 'starts it again'
	runs 'node restart' 0 citusctl node restart
	is "$(pooled sslmode=require 'SELECT 1')" 1 'brings it back'
	describe_lab
	runs 'without a pooler in the description' 0 citusctl init
	not_ok 'there is none' pooled sslmode=require 'SELECT 1'
	describe_lab '"pooler": {"port": 6432}'
	citusctl -q init >/dev/null
	citusctl -q -y destroy >/dev/null
	is "$(on 0 sh -c 'pgrep -x pgbouncer')" '' 'destroy takes it along'

	on 0 mv /usr/sbin/pgbouncer /usr/sbin/pgbouncer.away
	runs 'a host without PgBouncer' 1 citusctl init
	like "$err" 'PgBouncer is not installed on' 'is named'
	citusctl -q -y destroy >/dev/null
}

lab_or_skip 'a pooler on hosts'
if ! PATH=$PATH:/usr/sbin command -v pgbouncer >/dev/null; then
	skip 'a pooler on hosts' 'pgbouncer is not installed'
	finish
fi
lab_up 2 || exit 1
test_pooler
finish
