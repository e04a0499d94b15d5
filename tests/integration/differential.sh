#!/usr/bin/env bash
# The scripts of tests/differential say the same on both engines, see the README there. SCRIPTS="ddl moves" runs only those;
# RECORD=1 writes the records of what Citus says.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

SCRIPTS_DIR=$REPO/tests/differential
export CHIRP_PASSWORD='di"ff e\r'

# start ENGINE: a cluster named diff_ENGINE, whose database and role have the same names on both.
start()
{
	local name=diff_$1
	cat >"$1.json" <<-JSON
		{"name": "$name", "workers": 3, "shard_count": 4, "engine": "$1",
		 "postgres": {"database": "chirp", "user": "chirp", "password": {"env": "CHIRP_PASSWORD"}}}
	JSON
	runs "$1: init succeeds" 0 citusctl -c "$1.json" init
	jq -r '.nodes | .coordinator.port, .worker1.port, .worker2.port, .worker3.port' "$CITUSCTL_HOME/$name/state.json" >"$1.ports"
	printf '*:*:*:chirp:%s\n*:*:*:postgres:%s\n' 'di"ff e\\r' "$(cat "$CITUSCTL_HOME/$name/superuser-password")" >"$1.pgpass"
	chmod 600 "$1.pgpass"
	[ "$status" -eq 0 ] || return
	engines+=" $1"
	# What is to be cleaned up is cleaned up when the scripts say so, and not at the same time by the maintenance daemon.
	[ "$1" = embedded ] || DATABASE=chirp node_sql "$name" coordinator -o /dev/null \
		-c 'ALTER SYSTEM SET citus.defer_shard_delete_interval = -1' -c 'SELECT pg_reload_conf()'
}

# play ENGINE SCRIPT: what psql says, with ports and shards normalized away.
play()
{
	local ports
	mapfile -t ports <"$1.ports"
	PGPASSFILE=$TMP/$1.pgpass PGAPPNAME=differential timeout 120 psql -X -a -q -v ON_ERROR_STOP=0 -v SHOW_CONTEXT=never -P pager=off \
		-v "port0=${ports[0]}" -v "port1=${ports[1]}" -v "port2=${ports[2]}" -v "port3=${ports[3]}" \
		-h "$CITUSCTL_HOME/diff_$1/run" -p "${ports[0]}" -U chirp -d chirp \
		< <(printf 'SET client_min_messages = warning; SET citus.shard_count = 4;\n' && cat "$2") 2>&1 | tail -n +2
}

# Ports, and the ids of shards in names, are others on every cluster. psql leaves blanks at the end of lines.
anonymous()
{
	local i=0 port edits=(-e 's/_10[0-9]{4}(_|\b)/\1/g' -e 's/\b10[0-9]{4}\b/shardid/g' -e 's/[[:blank:]]+$//')
	while read -r port; do
		edits+=(-e "s/\\b$port\\b/port$i/g")
		i=$((i + 1))
	done <"$1.ports"
	sed -E "${edits[@]}"
}

# limits ENGINE SCRIPT OUTPUT: see limits.awk.
limits() { awk -v engine="$1" -f "$SCRIPTS_DIR/limits.awk" "$2" "$3"; }

# same NAME WANTED GOT: two files.
same()
{
	if diff -u "$2" "$3" >"$TMP/.diff"; then
		pass "$1"
	else
		fail "$1"
		diag "$(head -n 200 "$TMP/.diff")"
	fi
}

compare()
{
	local script=$1 name record
	name=$(basename "$script" .sql)
	record=$SCRIPTS_DIR/$name.out
	if [[ $engines = *citus* ]]; then
		play citus "$script" | anonymous citus >"$name.citus"
		[ -z "${RECORD-}" ] || cp "$name.citus" "$record"
		same "$name: the record of what Citus says is current" "$record" "$name.citus"
	fi
	if [[ $engines = *embedded* ]]; then
		play embedded "$script" | anonymous embedded >"$name.embedded"
		limits citus "$script" "$record" >"$name.wanted"
		limits embedded "$script" "$name.embedded" >"$name.got"
		same "$name: the embedded engine says what Citus says" "$name.wanted" "$name.got"
	fi
}

# A difference that no limit states has to be found, and a limit without a difference too.
test_the_comparison()
{
	printf '%s\n' 'SELECT 1;' '-- limit: so it is' '-- embedded: 3' 'SELECT 2;' '-- end of limit' >t.sql
	printf '%s\n' 'SELECT 1;' 1 '-- limit: so it is' '-- embedded: 3' 'SELECT 2;' 2 '-- end of limit' >t.citus
	sed 's/^2$/3/' t.citus >t.embedded
	limits citus t.sql t.citus >t.wanted
	limits embedded t.sql t.embedded >t.got
	ok 'a stated difference is let through' cmp t.wanted t.got
	limits citus t.sql t.embedded >t.stale
	not_ok 'one that is there no more is not' cmp t.stale t.got
	sed 's/^3$/4/' t.embedded >t.other
	limits embedded t.sql t.other >t.got
	not_ok 'nor another difference than the stated' cmp t.wanted t.got
	sed 's/^1$/5/' t.embedded >t.other
	limits embedded t.sql t.other >t.got
	not_ok 'nor one outside a limit' cmp t.wanted t.got
}

engines=
for_each_engine start
test_the_comparison
for script in "$SCRIPTS_DIR"/*.sql; do
	case " ${SCRIPTS:-$(basename "$script" .sql)} " in
		*" $(basename "$script" .sql) "*) compare "$script" ;;
	esac
done
finish
