#!/usr/bin/env bash
# citusctl check on hosts reached by SSH: what only hosts of their own can have wrong.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/lab/lib.sh
. "$REPO/tests/lab/lib.sh"

lab_or_skip 'check on hosts'
lab_up 3 || exit 1

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

not_passed() { ! "$CITUSCTL" -q check; }

# What a host sees of the program $2 prints what standard input says instead.
fake() { on "$1" sh -c "cat >/usr/local/bin/$2 && chmod +x /usr/local/bin/$2"; }

describe_lab ''
runs 'hosts without servers pass' 0 citusctl -o json check
is "$(json '[.checks[] | select(.check == "network" and .result == "pass")] | length')" 3 'every host reaches every other before anything is installed'

# The coordinator by a name that only its own host knows.
sed -i "s/\"host\": \"$(address 0)\"}, \"workers\"/\"host\": \"control.lab\", \"manage_host\": \"$(address 0)\"}, \"workers\"/" cluster.json
on 0 sh -c "echo '$(address 0) control.lab' >>/etc/hosts"
fails worker1:names worker2:names 'a name that resolves on one node only'
like "$(message worker1 names)" '"control.lab", the host of coordinator, is unknown here' 'is told with the node'
sed -i 's/"control.lab"/"127.0.0.1"/' cluster.json
fails cluster:'coordinator host' 'a coordinator called 127.0.0.1'
describe_lab ''

fake 2 date <<-'SH'
	#!/bin/sh
	exec /bin/date -d '+1 hour' "$@"
SH
fails worker2:clock 'a clock off by an hour'
like "$(message worker2 clock)" '3[56][0-9]{2}\.[0-9] s ahead of .*wanted: at most 1 s' 'measured and wanted'
on 2 rm /usr/local/bin/date

on 1 ip route add blackhole "$(address 2)/32"
fails worker1:network worker2:network 'a host that can not reach another'
like "$(message worker1 network)" "to worker2 \\($(address 2) port 5432\\)" 'is told with the address'
on 1 ip route del blackhole "$(address 2)/32"

control=$(on 2 sh -c 'ls /usr/share/postgresql/*/extension/citus.control')
for file in $control; do on 2 mv "$file" "$file.away"; done
fails worker2:citus 'Citus on all hosts but one'
for file in $control; do on 2 mv "$file.away" "$file"; done
file=$(tail -n 1 <<<"$control")
on 2 sed -i "s/^default_version.*/default_version = '12.1-1'/" "$file"
fails worker2:citus 'another version of Citus on one host'
like "$(message worker2 citus)" '12.1-1, coordinator has 13' 'both are told'
on 2 sed -i "s/^default_version.*/default_version = '$(on 0 sed -n "s/^default_version *= *'\(.*\)'/\1/p" "$file")'/" "$file"

# A program that says another version than the others.
bin=$(on 2 sh -c 'ls -d /usr/lib/postgresql/*/bin | tail -n 1')
on 2 sh -c "mv $bin/postgres $bin/postgres.away; printf '#!/bin/sh\necho \"postgres (PostgreSQL) \$(cat /tmp/version)\"\n' >$bin/postgres; chmod +x $bin/postgres; echo ${bin//[^0-9]/}.1 >/tmp/version"
runs 'another minor version of PostgreSQL on one host' 0 citusctl -o json check
is "$(json '.checks[] | select(.check == "postgresql" and .result == "warn") | .node')" worker2 'is a warning'
like "$(json '.checks[] | select(.check == "postgresql" and .result == "warn") | .message')" "^${bin//[^0-9]/}.1, coordinator has .*wanted: the same everywhere" 'with both'
on 2 sh -c 'echo 14.9 >/tmp/version'
fails worker2:postgresql 'a PostgreSQL that is too old on one host'
on 2 mv "$bin/postgres.away" "$bin/postgres"

on 1 sh -c 'mv /etc/sudoers.d /etc/sudoers.d.away; cp /etc/sudoers /etc/sudoers.away; sed -i /NOPASSWD/d /etc/sudoers'
fails worker1:login 'a user without sudo'
on 1 sh -c 'mv /etc/sudoers.d.away /etc/sudoers.d; mv /etc/sudoers.away /etc/sudoers'

runs 'init' 0 citusctl init
runs 'hosts with servers pass' 0 citusctl -o json check
is "$(json '[.checks[] | select(.check == "logins" and .result == "pass")] | length')" 3 'every node logged in to every other over TLS'
on 2 sh -c "sed -i '/$(address 1)/d' /etc/postgresql/*/lab/pg_hba.conf; kill -HUP \$(head -n 1 /var/lib/postgresql/*/lab/postmaster.pid)"
ok 'a rule is taken away' wait_until 20 not_passed
fails worker1:logins 'a node that another does not let in'
like "$(message worker1 logins)" "to worker2: its pg_hba.conf lacks this line: hostssl \"lab\" \"[a-z]+\" $(address 1)/32 scram-sha-256" 'the line is told'
runs 'init puts it back' 0 citusctl init
runs 'and all is well' 0 citusctl check

# A password that somebody changed on a server.
on_sql 2 <<<"SET citus.enable_ddl_propagation TO off; ALTER ROLE postgres PASSWORD 'another'"
fails worker2:superuser 'a server that does not let its superuser in'
like "$(message worker2 superuser)" '^password authentication failed for user "postgres"; wanted: ' 'is told, and why'
runs 'the remedy' 0 citusctl init
runs 'helps' 0 citusctl check

# A check that is killed while it logs in leaves no password on a host.
has_password() { on 1 sh -c 'grep -rls password= /tmp 2>/dev/null' | grep -q .; }
no_password() { ! has_password; }
on 2 ip route add blackhole "$(address 1)/32" # so that the logins take their time
"$CITUSCTL" -v check >said 2>&1 &
pid=$!
ok 'a check logs in from a host' wait_until 60 has_password
kill -KILL "$pid"
wait "$pid" 2>/dev/null
ok 'killed then, it leaves no password there' wait_until 30 no_password
on 2 ip route del blackhole "$(address 1)/32"

# A host that does not reach itself by the address that the others know, which is what
# Citus connects to as to any other.
on 1 sh -c "ip rule add pref 1000 lookup local && ip rule del pref 0 && ip rule add pref 500 to $(address 1) iif lo blackhole"
fails worker1:network worker1:logins 'a host that does not reach itself'
like "$(message worker1 network)" "to itself \\($(address 1) port 5432\\)" 'is told'
run citusctl check
like "$out" '^worker1 +yes +NO +yes' 'and shown in the matrix'
on 1 sh -c "ip rule del pref 500; ip rule add pref 0 lookup local; ip rule del pref 1000"
runs 'a host that reaches itself again' 0 citusctl check

# The disk of one host is a clone of another's.
data=$(on 1 sh -c 'ls -d /var/lib/postgresql/*/lab')
runs 'two servers are stopped' 0 citusctl node stop worker1 worker2
on 2 rm -rf "$data"
on 1 tar -C "${data%/*}" -c lab | on 2 tar -C "${data%/*}" -x
runs 'and started, the second with the data of the first' 0 citusctl node start
fails worker2:identity 'a cloned data directory'
like "$(message worker2 identity)" 'the same server id as worker1' 'is known by what Citus has given it'
on_sql 2 <<<"UPDATE pg_dist_node_metadata SET metadata = jsonb_set(metadata, '{server_id}', to_jsonb(gen_random_uuid()::text))"
fails worker2:identity 'a cloned data directory with another server id'
like "$(message worker2 identity)" 'the same system identifier as worker1 \([0-9]+\): its disk was cloned; wanted: an initdb of its own' 'is known by its system identifier'
runs 'destroy' 0 citusctl -y destroy
lab down "$TMP/lab" >/dev/null
finish
