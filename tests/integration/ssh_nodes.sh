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
is "$(on 1 pg_lsclusters -h | wc -l)" 0 'its server is gone from the host'
is "$(node worker1 state),$(rows)" 'removed,300' 'the list says so, and all rows are there'
runs 'init does not bring it back' 5 citusctl init
runs 'node add does' 0 citusctl node add worker1
is "$(node worker1 state)" active 'as a new one'

# A server that dies with shards on it, on a host that answers.
shards=$(node worker2 shards)
# shellcheck disable=SC2016
on 2 sh -c 'kill -9 $(head -n 1 /var/lib/postgresql/*/lab/postmaster.pid)'
# shellcheck disable=SC2016
run sh -c 'echo "I accept the loss of $1 shards on worker2" | "$CITUSCTL" -o json node remove worker2 --lost' sh "$shards"
is "$status,$(json '.removed[0] | [.lost_shards, .fenced] | map(tostring) | join(",")')" "0,$shards,true" 'a lost node is given up and fenced'
ok 'its data is kept, and it will not load the engine' on 2 sh -c "grep -q \"^shared_preload_libraries = ''\" /var/lib/postgresql/*/lab/postgresql.auto.conf"
ok 'the tables can be used' test "$(rows)" -lt 300
runs 'destroy' 0 citusctl -y destroy
lab down "$TMP/lab" >/dev/null
finish
