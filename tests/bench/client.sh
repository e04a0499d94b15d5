#!/usr/bin/env bash
# What the demo's own process costs: its CPU time (user and system) for a transaction,
# next to pgbench with the same statements, prepared, in the same mix over as many
# connections.  The servers' time does not count.  Each side runs for a short and for a
# long time and the difference is taken, so that logging in, loading, verifying, and what servers and clients do when
# they are new cancel out; in turns, RUNS times (default 3), and the smallest counts.  The throughput is taken in the
# same way, of all runs together: a few tweets and aggregates more or less make a difference in a single one.
#
# Both send the same: statements, transactions, settings of the session, users drawn evenly, a country
# of mean size, tweets of the same length with growing ids, and unfollow what is followed (pgbench: the first follower of
# each user, once or more often).  Neither pipelines.  The demo keeps its ledger besides.
# shellcheck disable=SC2016 # $1 of the statements, not of the shell
set -u
# shellcheck source=tests/bench/lib.sh
. "$(dirname "$0")/lib.sh"

RUNS=${RUNS:-3}
CLIENTS=${CLIENTS:-8}
SHORT=2
LONG=${LONG:-12}
USERS=1000
TIMEFORMAT='%U %S'
name=client

# The statements of sql/query with pgbench's variables for $1, $2 ...
statement() { sed '/^--/d' "$REPO/sql/query/demo_$1.sql" | sed "$2" | tr '\n' ' ' && echo ';'; }

write_scripts()
{
	local pairs
	cat >about.set <<-SET
		\\set user random(1, $USERS)
		\\set other random(1, $USERS)
	SET
	{ cat about.set && statement read_feed 's/\$1/:user/'; } >read_feed.pgbench
	{ cat about.set && statement read_profile 's/\$1/:user/'; } >read_profile.pgbench
	{ cat about.set && statement follow 's/\$1/:user/; s/\$2/:other/'; } >follow.pgbench
	pairs=$(app_psql "$name" -F ' ' -c 'SELECT followee_id, min(follower_id) FROM citusctl_demo.subscriptions GROUP BY 1' |
		awk '{ printf " WHEN :other = %s THEN %s", $1, $2 }')
	{
		cat about.set
		echo "\\set user CASE$pairs ELSE :user END"
		statement unfollow 's/\$1/:user/; s/\$2/:other/'
	} >unfollow.pgbench
	statement country_languages 's/\$1/:country/' >reference_join.pgbench
	statement top_authors '' >aggregate.pgbench
	{
		cat about.set
		echo '\set n :n + 1'
		echo '\set id :base + :client_id * 10000000 + :n'
		echo 'BEGIN;'
		statement post_tweet 's/\$1/:user/; s/\$2/:id/; s/\$3/:body/'
		statement fan_out 's/\$1/:user/; s/\$2/:id/'
		echo 'COMMIT;'
	} >post_tweet.pgbench
	# As long as the demo's tweets are in the mean.
	body=$(app_psql "$name" -c "SELECT rpad('the trains are late again, and so am I; the coffee is good. ', avg(length(body))::int, 'so ')
		FROM citusctl_demo.tweets")
	# The demo takes each country as often: one with about as many users as the mean of them.
	country=$(app_psql "$name" -F ' ' -c 'SELECT country, count(*) FROM citusctl_demo.users GROUP BY 1 ORDER BY 1' |
		awk -v users="$USERS" -v countries="$(app_psql "$name" -c 'SELECT count(*) FROM citusctl_demo.countries')" '
			{ off = $2 - users / countries; off = off < 0 ? -off : off; if (best == "" || off < least) { best = $1; least = off } }
			END { print best }')
}

# The weights are those that the demo reports.
scripts() { jq -r '.operations[] | "-f \(.name).pgbench@\(.weight)"' report.json; }

# On freshly loaded tables, as the demo works.
before_pgbench() { "$CITUSCTL" -q -c "$name.json" demo --users "$USERS" --duration 0 --keep >/dev/null; }
before_demo() { :; }

run_pgbench()
{
	# shellcheck disable=SC2046 # words of -f
	PGPASSWORD=$(cat "$CITUSCTL_HOME/$name/password") PGOPTIONS="-c search_path=citusctl_demo $settings" \
		"$BINDIR/pgbench" -n -M prepared -c "$CLIENTS" -j 1 -T "$1" --max-tries=10 \
		-D n=0 -D base="$(date +%s%N)" -D body="$body" -D country="$country" $(scripts) \
		-h 127.0.0.1 -p "$(jq -r .nodes.coordinator.port "$CITUSCTL_HOME/$name/state.json")" -U "$name" "$name" \
		>pgbench.out 2>pgbench.err || echo "bench: pgbench failed: $(tail -n 1 pgbench.err)" >&2
}

run_demo()
{
	"$CITUSCTL" -q -c "$name.json" demo --users "$USERS" --clients "$CLIENTS" --duration "$1" --keep -o json >report.json
}

count_pgbench() { awk '/^number of transactions actually processed/ { split($6, n, "/"); print n[1] }' pgbench.out; }
count_demo() { jq '[.operations[].count] | add' report.json; }

# run_one SIDE DURATION: "cpu-seconds transactions seconds" of one run.
run_one()
{
	local used
	"before_$1"
	used=$({ time "run_$1" "$2" 2>&3; } 3>&2 2>&1 | tail -n 1)
	echo "$(calc "${used/ /+}") $("count_$1") $2"
}

# measure_side SIDE ENGINE: into ENGINE.SIDE microseconds of the client for each transaction, transactions, and seconds.
measure_side()
{
	echo "$(run_one "$1" "$SHORT") $(run_one "$1" "$LONG")" |
		awk '{ n = $5 - $2; printf "%.1f %d %d\n", ($4 - $1) * 1e6 / n, n, $6 - $3 }' >>"$2.$1"
}

measure()
{
	local demo pgbench
	# What the demo sets in its sessions (citusctl/demo/engine.c).
	settings=
	[ "$1" = citus ] && settings='-c citus.multi_shard_modify_mode=sequential'
	demo_cluster "$1" "$name" || return
	run_demo 1
	write_scripts
	for _ in $(seq "$RUNS"); do
		measure_side pgbench "$1"
		measure_side demo "$1"
	done
	demo=$(cut -d ' ' -f 1 "$1.demo" | smallest)
	pgbench=$(cut -d ' ' -f 1 "$1.pgbench" | smallest)
	figure "client CPU, $1" '<=' 1.1 "$(calc "$demo / $pgbench")" \
		"$demo us a transaction, times the $pgbench of pgbench, $CLIENTS connections"
	demo=$(awk '{ n += $2; s += $3 } END { print n / s }' "$1.demo")
	pgbench=$(awk '{ n += $2; s += $3 } END { print n / s }' "$1.pgbench")
	figure "throughput, $1" '>=' 0.95 "$(calc "$demo / $pgbench")" \
		"$(printf '%.0f transactions/s, times the %.0f of pgbench, %d connections' "$demo" "$pgbench" "$CLIENTS")"
	destroy "$name"
}

if [ ! -x "$BINDIR/pgbench" ]; then
	not_measured 'client CPU' "there is no pgbench in $BINDIR"
	exit
fi
case " $TEST_ENGINES " in *' embedded '*) measure embedded ;; esac
case " $TEST_ENGINES " in *' citus '*) ;; *) exit ;; esac
if have_citus; then
	measure citus
else
	not_measured 'client CPU, citus' "Citus is not installed for PostgreSQL $PG_MAJOR here"
fi
