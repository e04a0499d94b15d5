#!/usr/bin/env bash
# How fast the demo loads, in rows a second: on Citus next to psql's \copy of the same
# rows into the same tables, and next to the fastest way to COPY them there (one after the
# other or four at a time, by the coordinator or by workers); on the embedded engine next to
# a plain COPY into the partitioned tables, which PostgreSQL 15 hands to the workers row by row.
# All in turns on one cluster, RUNS times (default 3); the middle one counts.
set -u
# shellcheck source=tests/bench/lib.sh
. "$(dirname "$0")/lib.sh"

RUNS=${RUNS:-3}
USERS=${USERS:-10000}
tables='users tweets subscriptions feed_items'

# The order in which the demo sends rows: by whom they are about; who follows is scattered.
order_of()
{
	case $1 in
		users) echo id ;;
		tweets) echo 'author_id, id' ;;
		subscriptions) echo 'followee_id, hashint8(follower_id)' ;;
		feed_items) echo 'author_id, tweet_id, hashint8(user_id)' ;;
	esac
}

# The rows that the demo loads, as files.
dump_rows()
{
	local table
	for table in languages countries $tables; do
		case $table in
			languages | countries) app_psql "$1" -c "COPY $table TO STDOUT" ;;
			*) app_psql "$1" -c "COPY (SELECT * FROM citusctl_demo.$table ORDER BY $(order_of "$table")) TO STDOUT" ;;
		esac >"$TMP/$table.rows"
	done
}

copy_rows()
{
	local table
	for table in $tables; do
		echo "\\copy $table from $TMP/$table.rows"
	done | app_psql "$1"
}

# ways ENGINE: how else rows can be copied in.  Reference tables and foreign keys want the order of the tables in any case.
ways() { [ "$1" = citus ] && echo 'parallel worker workers'; }

# copy_by WAY NAME: four at a time by the coordinator, one by a worker, or four by all workers.
copy_by()
{
	local way=$1 name=$2 table part port worker=1 pids
	for table in $tables; do
		if [ "$way" = worker ]; then
			port_psql "$(port_of "$name" worker1)" "$name" -c "\\copy $table from $TMP/$table.rows" || return
			continue
		fi
		pids=
		for part in "$TMP/$table".part*; do
			port=$(port_of "$name" coordinator)
			if [ "$way" = workers ]; then
				port=$(port_of "$name" "worker$worker")
				worker=$((worker % 3 + 1))
			fi
			port_psql "$port" "$name" -c "\\copy $table from $part" &
			pids="$pids $!"
		done
		for part in $pids; do
			wait "$part" || return
		done
	done
}

port_of() { jq -r --arg node "$2" '.nodes[$node].port' "$CITUSCTL_HOME/$1/state.json"; }

# port_psql PORT NAME [PSQL-OPTION...]: as app_psql, at any node.
port_psql()
{
	local port=$1 name=$2
	shift 2
	PGPASSWORD=$(cat "$CITUSCTL_HOME/$name/password") psql -X -q -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$port" -U "$name" -d "$name" "$@"
}

# Of rows in public: the engine's own way to get rid of them.
empty_tables() { app_psql "$1" -c 'TRUNCATE feed_items, subscriptions, tweets' -c 'DELETE FROM users'; }

demo_rate()
{
	"$CITUSCTL" -q -c "$TMP/$1.json" demo --users "$2" --duration 1 --clients 1 "${@:3}" -o json >"$TMP/report.json" &&
		jq '([.rows | .users, .tweets, .subscriptions, .feed_items] | add) / .load_seconds' "$TMP/report.json"
}

measure()
{
	local engine=$1 wanted=$2 users=$3 name=load_$1 rows took mine theirs way best
	demo_cluster "$engine" "$name" || return
	demo_rate "$name" "$users" --keep >/dev/null
	app_psql "$name" -c 'INSERT INTO languages SELECT * FROM citusctl_demo.languages' \
		-c 'INSERT INTO countries SELECT * FROM citusctl_demo.countries'
	dump_rows "$name"
	for way in $tables; do
		split -n l/4 "$TMP/$way.rows" "$TMP/$way.part"
	done
	rows=$(cat "$TMP"/{users,tweets,subscriptions,feed_items}.rows | wc -l)
	for _ in $(seq "$RUNS"); do
		took=$(seconds copy_rows "$name")
		calc "$rows / $took" >>"$TMP/$engine.copy"
		empty_tables "$name"
		for way in $(ways "$engine"); do
			took=$(seconds copy_by "$way" "$name")
			calc "$rows / $took" >>"$TMP/$engine.$way"
			empty_tables "$name"
		done
		demo_rate "$name" "$users" >>"$TMP/$engine.demo"
	done
	mine=$(middle <"$TMP/$engine.demo")
	theirs=$(middle <"$TMP/$engine.copy")
	figure "loading, $engine" '>=' "$wanted" "$(calc "$mine / $theirs")" \
		"$(printf '%.0f rows/s of %d, times the %.0f of psql COPY' "$mine" "$rows" "$theirs")"
	if [ -n "$(ways "$engine")" ]; then
		best=copy
		for way in $(ways "$engine"); do
			[ "$(calc "$(middle <"$TMP/$engine.$way") > $(middle <"$TMP/$engine.$best")")" = 1 ] && best=$way
		done
		theirs=$(middle <"$TMP/$engine.$best")
		figure "loading, $engine, fastest COPY" '>=' 1 "$(calc "$mine / $theirs")" \
			"$(printf '%.0f rows/s, times the %.0f of' "$mine" "$theirs") $(name_way "$best") (of $(for way in copy $(ways "$engine"); do
				printf '%s %.0f, ' "$way" "$(middle <"$TMP/$engine.$way")"
			done | sed 's/, $//'))"
	fi
	destroy "$name"
}

name_way()
{
	case $1 in
		copy) echo 'one COPY after the other by the coordinator' ;;
		parallel) echo 'four at a time by the coordinator' ;;
		worker) echo 'one after the other by a worker' ;;
		workers) echo 'four at a time by three workers' ;;
	esac
}

measure embedded 4 $((USERS / 5))
if have_citus; then
	measure citus 0.9 "$USERS"
else
	not_measured 'loading, citus' "Citus is not installed for PostgreSQL $PG_MAJOR here"
fi
