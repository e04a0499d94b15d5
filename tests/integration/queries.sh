#!/usr/bin/env bash
# Every statement of sql/query/ is one that a live cluster understands.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

test_queries()
{
	local engine=$1 name=queries_$1 file bad=0 count=0 prepare
	write_description "$name" '"workers": [{"capacity": 2}, {}], "shard_count": 4, "engine": "'"$engine"'"'
	runs "$engine: init succeeds" 0 citusctl init
	runs "$engine: demo succeeds" 0 citusctl demo --keep --users 100 --duration 1 --columnar

	# Made when a node is removed first.
	ok "$engine: the record of removed nodes" node_sql "$name" coordinator -o /dev/null <"$REPO/sql/setup/removed.sql"

	for file in "$REPO"/sql/query/*.sql; do
		# What only one engine needs carries its name; the embedded engine has no list
		# of shards to clean up (check_has_cleanup.sql asks first).
		case $(basename "$file")/$engine in
			citus_*/embedded | embedded_*/citus | check_moved_away.sql/embedded) continue ;;
		esac
		count=$((count + 1))
		# PREPARE looks up every name and runs nothing; what it can't take, a CALL, is run.
		prepare="PREPARE checked AS"
		if grep -q '^CALL ' "$file"; then prepare=; fi
		if ! printf 'SET search_path = public, citusctl_demo; %s\n%s\n;\n' "$prepare" "$(cat "$file")" | node_sql "$name" coordinator -o /dev/null 2>"$TMP/.said"; then
			bad=1
			diag "${file#"$REPO"/}: $(head -n 3 "$TMP/.said")"
		fi
	done
	is "$bad" 0 "$engine: $count statements are understood"
	runs "$engine: destroy succeeds" 0 citusctl -y destroy
}

for_each_engine test_queries
finish
