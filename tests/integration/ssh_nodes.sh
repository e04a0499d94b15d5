#!/usr/bin/env bash
# Nodes that come and go on hosts reached by SSH.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/lab/lib.sh
. "$REPO/tests/lab/lib.sh"

lab_or_skip 'nodes on hosts'
lab_up 4 || exit 1

node() { "$CITUSCTL" -o json node list | jq -r ".nodes[] | select(.name == \"$1\") | .$2"; }
rows() { on_sql 0 -c 'SELECT count(*) FROM items JOIN kinds ON kinds.id = kind'; }

tables='"shard_count": 4, "schema": ["shop.sql"], "tables": [{"name": "kinds", "reference": true}, {"name": "items", "distribution_column": "id"}]'
cat >shop.sql <<-'SQL'
	CREATE TABLE IF NOT EXISTS kinds (id int PRIMARY KEY);
	CREATE TABLE IF NOT EXISTS items (id bigint PRIMARY KEY, kind int REFERENCES kinds (id));
SQL
HOSTS=3 describe_lab "$tables"
runs 'init on three of four hosts' 0 citusctl init
on_sql 0 -c 'INSERT INTO kinds VALUES (1); INSERT INTO items SELECT i, 1 FROM generate_series(1, 300) i'
describe_lab "$tables"
runs 'node add' 0 citusctl node add worker3
is "$(node worker3 state),$(node worker3 shards)" 'active,0' 'brings the fourth in'
runs 'node drain' 0 citusctl node drain worker1
is "$(node worker1 shards),$(rows)" '0,300' 'moves its shards over the network'
runs 'node restart of one' 0 citusctl node restart worker1
runs 'node remove' 0 citusctl -y -o json node remove worker1
is "$(json '.removed[0].fenced')" true 'takes it out and fences it'
like "$(on 1 pg_lsclusters -h)" '^15 +lab_removed_[0-9TZ]+ +[0-9]+ down' 'its server is set aside under another name'
ok 'it will not load the engine' on 1 sh -c "grep -q \"^shared_preload_libraries = ''\" /var/lib/postgresql/15/lab_removed_*/postgresql.auto.conf"
ok 'and the host does not start it' on 1 sh -c 'grep -qx disabled /etc/postgresql/15/lab_removed_*/start.conf'
# shellcheck disable=SC2016 # for the shell there
ok 'though somebody can, by hand' on 1 sh -c 'aside=$(pg_lsclusters -h | awk "{ print \$2 }"); echo manual >"/etc/postgresql/15/$aside/start.conf"; pg_ctlcluster 15 "$aside" start && pg_ctlcluster 15 "$aside" stop'
is "$(node worker1 state),$(rows)" 'removed,300' 'the list says so, and all rows are there'
runs 'init does not bring it back' 5 citusctl init
jq 'del(.workers[0])' cluster.json >without.json
runs 'without it in the description, its name is the next node'"'"'s, and init goes on' 0 citusctl -c without.json init
runs 'it is still found by its address' 0 citusctl -y -o json -c without.json node remove "$(address 1):5432"
is "$(json '.removed[0].was_removed_before'),$(rows)" 'true,300' 'and no other node is taken for it'
runs 'node add does' 0 citusctl node add worker1
is "$(node worker1 state)" active 'as a new one'

# A worker whose host is silent does not keep others from joining, and those that are
# described and not named stay out.
runs 'a node is removed' 0 citusctl -y node remove worker3
runs 'a name that is not to be added' 0 citusctl node add worker1
is "$(node worker3 state)" removed 'stays out'
runs 'node add of the other' 0 citusctl node add worker3
is "$(node worker3 state)" active 'brings it back'
# The authority of now, with a hundred days left: it is to be replaced.
authority=$CITUSCTL_HOME/lab/tls/ca.pem
cp -p "$authority" young.pem
openssl x509 -in young.pem -signkey young.pem -days 100 -out old.crt 2>/dev/null
openssl pkey -in young.pem 2>/dev/null | cat - old.crt >"$authority"
black_hole 1
runs 'node add while the host of another worker is silent' 0 citusctl -o json node add worker3
like "$err" '^Not reached: worker1\.' 'says so'
is "$(grep -c 'BEGIN CERT' "$authority")" 1 'and does not replace the authority, which that host would not hear of'
like "$(json '.steps[] | (.differences // [])[].difference')" 'the certificate authority is to be replaced, which waits for an init' 'but says that it is due'
no_black_hole 1
runs 'node add when all answer' 0 citusctl node add worker3
is "$(grep -c 'BEGIN CERT' "$authority")" 2 'does'

# A node that is not described any more is reached on its own host, and nothing else is
# taken for it: what is deleted there is the catalog.
HOSTS=3 describe_lab "$tables"
gone=$(address 3):5432
runs 'a node that is not described is drained' 0 citusctl node drain "$gone"
run citusctl -o json node list
is "$(json ".nodes[] | select(.name == \"$gone\") | [.state, .shards] | map(tostring) | join(\",\")")" 'not described,0' 'and listed by its address'
runs 'destroy, which would leave its server behind' 5 citusctl -y destroy
like "$err" "nodes that are not described, .*: $gone" 'is refused and names it'
is "$(rows)" 300 'and nothing is gone'
runs 'and removed' 0 citusctl -y -o json node remove "$gone"
is "$(json '.removed[0].fenced')" true 'and fenced'
is "$(on_sql 3 -c 'SELECT count(*) FROM pg_dist_node, pg_dist_authinfo')" 0 'its own catalog is empty'
is "$(on_sql 0 -c 'SELECT count(*) FROM pg_dist_node'),$(rows)" '3,300' "the coordinator's is not, and all rows are there"
# A way that leads to the coordinator: its host answers at the address of the removed node.
on_sql 0 -c "UPDATE citusctl_nodes.removed SET fenced = false WHERE host = '$(address 3)'"
on 3 pg_ctlcluster 15 lab stop
mkdir -m 700 "$HOME/.ssh"
printf 'Host %s\n\tHostName %s\n' "$(address 3)" "$(address 0)" >"$HOME/.ssh/config"
run citusctl -v -y node remove "$gone"
like "$err" 'the server that answers for node .* is the coordinator' 'a way that leads to the coordinator instead is noticed'
is "$(on_sql 0 -c 'SELECT count(*) FROM pg_dist_node')" 3 'and deletes nothing'
rm -r "$HOME/.ssh"
describe_lab "$tables"
on 3 pg_ctlcluster 15 lab start

# Not lost, though this machine does not get there: the wrong address, or an unknown key.
shards=$(node worker2 shards)
give_up() { echo "I accept the loss of $shards shards on worker2" | "$CITUSCTL" "$@" node remove worker2 --lost; }
jq --arg nobody "198.18.$lab_number.99" '.workers[1].manage_host = $nobody' cluster.json >elsewhere.json
runs 'a node that the coordinator reaches is not given up' 5 give_up -c elsewhere.json
like "$err" 'the coordinator reaches node "worker2"' 'and that is said'
sed -i.all "/^$(address 2),/d" lab/known_hosts
runs 'nor is one whose key is not known' 5 give_up
like "$err" 'known_hosts' 'and that is said'
mv lab/known_hosts.all lab/known_hosts
is "$(node worker2 state),$(rows)" 'active,300' 'nothing was lost'

# A server that dies with shards on it, on a host that answers.
# shellcheck disable=SC2016
on 2 sh -c 'pid=$(head -n 1 /var/lib/postgresql/*/lab/postmaster.pid); kill -9 "$pid"; timeout 30 sh -c "while kill -0 $pid 2>/dev/null; do sleep 0.1; done"'
# shellcheck disable=SC2016
run sh -c 'echo "I accept the loss of $1 shards on worker2" | "$CITUSCTL" -o json node remove worker2 --lost' sh "$shards"
is "$status,$(json '.removed[0] | [.lost_shards, .fenced] | map(tostring) | join(",")')" "0,$shards,true" 'a lost node is given up and fenced'
ok 'its data is kept, and it will not load the engine' on 2 sh -c "grep -q \"^shared_preload_libraries = ''\" /var/lib/postgresql/*/lab_removed_*/postgresql.auto.conf"
ok 'the tables can be used' test "$(rows)" -lt 300
on 0 pg_ctlcluster 15 lab stop
runs 'destroy without the coordinator' 0 citusctl -y destroy
like "$out" 'the coordinator did not answer: servers of nodes that are not described, if there are any, still run' 'says what it could not ask'
lab down "$TMP/lab" >/dev/null
finish
