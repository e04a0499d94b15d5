#!/usr/bin/env bash
# How fast the demo loads, in rows a second: on Citus next to psql's \copy of the same
# rows into the same tables, on the embedded engine next to a plain COPY into the
# partitioned tables, which PostgreSQL 15 hands to the workers row by row.
# Both sides in turns on one cluster, RUNS times (default 3); the middle one counts.
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

# Of rows in public: the engine's own way to get rid of them.
empty_tables() { app_psql "$1" -c 'TRUNCATE feed_items, subscriptions, tweets' -c 'DELETE FROM users'; }

demo_rate()
{
	"$CITUSCTL" -q -c "$TMP/$1.json" demo --users "$2" --duration 1 --clients 1 "${@:3}" -o json >"$TMP/report.json" &&
		jq '([.rows | .users, .tweets, .subscriptions, .feed_items] | add) / .load_seconds' "$TMP/report.json"
}

measure()
{
	local engine=$1 wanted=$2 users=$3 name=load_$1 rows took mine theirs
	demo_cluster "$engine" "$name" || return
	demo_rate "$name" "$users" --keep >/dev/null
	app_psql "$name" -c 'INSERT INTO languages SELECT * FROM citusctl_demo.languages' \
		-c 'INSERT INTO countries SELECT * FROM citusctl_demo.countries'
	dump_rows "$name"
	rows=$(cat "$TMP"/{users,tweets,subscriptions,feed_items}.rows | wc -l)
	for _ in $(seq "$RUNS"); do
		took=$(seconds copy_rows "$name")
		calc "$rows / $took" >>"$TMP/$engine.copy"
		empty_tables "$name"
		demo_rate "$name" "$users" >>"$TMP/$engine.demo"
	done
	mine=$(middle <"$TMP/$engine.demo")
	theirs=$(middle <"$TMP/$engine.copy")
	figure "loading, $engine" '>=' "$wanted" "$(calc "$mine / $theirs")" \
		"$(printf '%.0f rows/s of %d, times the %.0f of psql COPY' "$mine" "$rows" "$theirs")"
	destroy "$name"
}

measure embedded 4 $((USERS / 5))
if have_citus; then
	measure citus 0.9 "$USERS"
else
	not_measured 'loading, citus' "Citus is not installed for PostgreSQL $PG_MAJOR here"
fi
