#!/usr/bin/env bash
# Certificates of hosts that run out: check says so in time, and init renews them, those of
# the nodes and the authority's; what still works when it runs works on, also when the run
# reaches some hosts only.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/lab/lib.sh
. "$REPO/tests/lab/lib.sh"

lab_or_skip 'certificates of hosts'
lab_up 2 || exit 1
tls=$CITUSCTL_HOME/lab/tls
config=/etc/postgresql/$PG_MAJOR/lab

# new_pem FILE DAYS SUBJECT OPTION...: key and certificate by openssl, as citusctl keeps them.
new_pem()
{
	local file=$1 days=$2 subject=$3
	shift 3
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$subject" -keyout key -out request 2>/dev/null &&
		openssl x509 -req -in request -days "$days" -set_serial "$RANDOM" -out certificate "$@" 2>/dev/null &&
		cat key certificate >"$file" && chmod 600 "$file"
}

# node_pem I DAYS: for host I, signed by the authority that is kept, there and here.
node_pem()
{
	local name
	name=$([ "$1" -eq 0 ] && echo coordinator || echo "worker$1")
	echo "subjectAltName = IP:$(address "$1")" >extensions
	new_pem "$tls/$name.pem" "$2" "$name" -CA "$tls/ca.pem" -CAkey "$tls/ca.pem" -extfile extensions
	on "$1" sh -c "cat >$config/citusctl-node.pem" <"$tls/$name.pem"
}

row() { json ".checks[] | select(.node == \"$1\" and .check == \"certificate\") | .$2"; }
issuer() { on "$1" openssl x509 -noout -issuer -in "$config/citusctl-node.pem" | sed 's/.*CN = //'; }
days_left() { echo $((($(date -d "$(on "$1" openssl x509 -noout -enddate -in "$config/citusctl-node.pem" | sed 's/.*=//')" +%s) - $(date +%s)) / 86400)); }
count_rows() { on_sql 0 <<<'SELECT count(*) FROM items'; }

echo 'CREATE TABLE IF NOT EXISTS items (id bigint PRIMARY KEY);' >schema.sql
describe_lab '"schema": ["schema.sql"], "shard_count": 4, "tables": [{"name": "items", "distribution_column": "id"}]'
runs 'init' 0 citusctl init
runs 'check' 0 citusctl -o json check
is "$(row worker1 result)" pass 'certificates are looked at'
like "$(row worker1 message)" '^valid until 20[0-9-]+ \(in 82[45] days\)$' 'and the day is told'
made=$(date -d "$(openssl x509 -noout -startdate -in "$tls/worker1.pem" | sed 's/.*=//')" +%s)
ok 'they are valid from a day before, for hosts whose clock is behind' test $(($(date +%s) - made)) -gt 80000

node_pem 1 10
runs 'a certificate with ten days left' 0 citusctl -o json check
is "$(row worker1 result)" warn 'is a warning'
like "$(row worker1 message)" '^it runs out on 20[0-9-]+ \(in (9|10) days\); wanted: 30 days \(citusctl init renews it\)$' 'with the day, and the remedy'
before=$(on_sql 1 <<<'SELECT pg_postmaster_start_time()')
runs 'the remedy' 0 citusctl init
ok 'makes a new one' test "$(days_left 1)" -gt 800
is "$(on_sql 1 <<<'SELECT pg_postmaster_start_time()')" "$before" 'without a restart'
is "$(count_rows)" 0 'and the nodes accept it'

node_pem 1 -1
run citusctl -o json check
is "$status,$(row worker1 result)" 3,fail 'one that has run out fails the check'
like "$(row worker1 message)" '^it ran out on .* \(1 day ago\), the other nodes refuse it; wanted' 'and says since when'
on_sql 1 <<<'SELECT pg_reload_conf()' >/dev/null
refused() { on_sql 0 <<<'SELECT count(*) FROM items' 2>&1 | grep -q 'certificate verify failed'; }
ok 'the nodes do refuse it' wait_until 20 refused
runs 'init all the same' 0 citusctl init
is "$(count_rows)" 0 'mends that'
runs 'check passes' 0 citusctl -o json check

# Signed for another host.
echo "subjectAltName = IP:198.18.0.1" >extensions
new_pem other.pem 100 worker1 -CA "$tls/ca.pem" -CAkey "$tls/ca.pem" -extfile extensions
on 1 sh -c "cat >$config/citusctl-node.pem" <other.pem
run citusctl -o json check
is "$status,$(row worker1 result)" 3,fail 'one for another host fails the check'
like "$(row worker1 message)" 'refuse it: IP address mismatch; wanted: a valid one for "198' 'and says why'
runs 'init puts the right one back' 0 citusctl init

# old_authority DAYS: one with a hundred days left, all nodes' certificates by it, with DAYS.
old_authority()
{
	local i
	printf 'basicConstraints = critical, CA:TRUE\nsubjectKeyIdentifier = hash\n' >authority
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj '/CN=old one' -keyout old.key -out request 2>/dev/null
	openssl x509 -req -in request -signkey old.key -days 100 -extfile authority -out old.crt 2>/dev/null
	cat old.key old.crt >"$tls/ca.pem"
	for i in 0 1; do
		node_pem "$i" "$1"
		on "$i" sh -c "cat >$config/citusctl-ca.crt" <old.crt
		on_sql "$i" <<<'SELECT pg_reload_conf()' >/dev/null
	done
}
# Each of the two logs in to the other, as its server does.
accepted() { [ "$("$CITUSCTL" -o json check | jq '[.checks[] | select(.check == "logins" and .result == "pass")] | length')" = 2 ]; }

old_authority 90
ok 'nodes with an old authority' wait_until 20 accepted
runs 'init makes a new authority in good time' 0 citusctl init
is "$(on 1 grep -c BEGIN "$config/citusctl-ca.crt")" 2 'the nodes trust both'
is "$(issuer 1)" 'old one' 'and keep the certificates that they have'
is "$(count_rows)" 0 'which they accept'
node_pem_of_old=$(on 0 cat "$config/citusctl-node.pem" | openssl x509 -noout -serial)
echo "subjectAltName = IP:$(address 1)" >extensions
new_pem "$tls/worker1.pem" 10 worker1 -CA old.crt -CAkey old.key -extfile extensions
runs 'when one of them is due' 0 citusctl init
like "$(issuer 1)" '^citusctl lab' 'the new authority signs it'
is "$(on 0 cat "$config/citusctl-node.pem" | openssl x509 -noout -serial)" "$node_pem_of_old" 'and no other'
is "$(count_rows)" 0 'and nodes with certificates of both accept each other'
runs 'which check confirms' 0 citusctl check

# Both are due, and a host does not take its files: that the others got theirs must not
# keep the nodes from logging in to each other.
old_authority 20
ok 'both are due' wait_until 20 accepted
on 1 chown root "$config"
run citusctl init
is "$status" 1 'a host that takes no files'
like "$err" '^citusctl: worker1: could not write the settings' 'is named'
is "$(on 0 grep -c BEGIN "$config/citusctl-ca.crt"),$(on 1 grep -c BEGIN "$config/citusctl-ca.crt")" 2,1 'the other one trusts the new authority'
run citusctl init
is "$status,$(issuer 0),$(issuer 1)" '1,old one,old one' 'also a second run changes no certificate'
on_sql 0 <<<'SELECT pg_reload_conf()' >/dev/null
ok 'and the nodes log in to each other' wait_until 20 accepted
on 1 chown postgres "$config"
runs 'init when it does' 0 citusctl init
like "$out" 'worker1 +its certificate is due; the next init renews it' 'says what is left'
is "$(on 1 grep -c BEGIN "$config/citusctl-ca.crt"),$(issuer 0),$(issuer 1)" '2,old one,old one' 'all trust the new authority then'
runs 'the next' 0 citusctl init
like "$(issuer 0),$(issuer 1)" '^citusctl lab .*,citusctl lab ' 'renews the certificates'
ok 'which the nodes accept' wait_until 20 accepted
runs 'and then' 0 citusctl -o json init
is "$(json .changed)" 0 'all is done'
runs 'destroy' 0 citusctl -y destroy
lab down "$TMP/lab" >/dev/null
finish
