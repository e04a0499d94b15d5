#!/usr/bin/env bash
# Linear scaling, measured: 1, 2 and 4 workers that hold the same data, each allowed the same small share of a
# processor (control groups, version 1 or 2; needs root), under reads and writes of single shards from pgbench. The
# coordinator and the client have what is left of the machine, which has to be more than they need: that is looked at.
#
# QUOTA is a worker's share of a processor in percent (default 8), SECONDS_EACH the time of each measurement.
set -u
# shellcheck source=tests/bench/lib.sh
. "$(dirname "$0")/../lib.sh"

QUOTA=${QUOTA:-8}
SECONDS_EACH=${SECONDS_EACH:-10}
CLIENTS=${CLIENTS:-48}
USERS=${USERS:-4000}
WARM_UP=8
engine=citus

# shellcheck source=tests/bench/scale/groups.sh
. "$REPO/tests/bench/scale/groups.sh"

idle_ticks() { awk '/^cpu / { print $5 + $6 }' /proc/stat; }

trap 'clean_up; release_groups' EXIT

# ---- the measurement ---------------------------------------------------------------

cat >read.pgbench <<END
\\set user random(1, $USERS)
SELECT tweet_id, author_id, created_at FROM feed_items WHERE user_id = :user ORDER BY tweet_id DESC LIMIT 50;
END
cat >write.pgbench <<END
\\set user random(1, $USERS)
\\set id random(5000000000000000000, 9000000000000000000)
INSERT INTO tweets (author_id, id, body, created_at) VALUES (:user, :id, 'one more', now()) ON CONFLICT DO NOTHING;
END

limit_workers()
{
	local worker
	for worker in $(seq "$1"); do
		limit "worker$worker" "$(head -n 1 "$CITUSCTL_HOME/$name/worker$worker/postmaster.pid")" ||
			{ echo "bench: worker$worker could not be limited" >&2; return 1; }
	done
}

# tps SCRIPT WORKERS: transactions a second; sets idle to what the machine had left, in percent of a processor. The
# connections, each with a process on each worker, are made before the limit is set: for a small share that is
# seconds of work, the more so for one worker alone, and not what is measured.
tps()
{
	local from to pid
	unlimit || return
	PGPASSWORD=$(cat "$CITUSCTL_HOME/$name/password") PGOPTIONS='-c search_path=citusctl_demo' \
		"$BINDIR/pgbench" -n -M prepared -c "$CLIENTS" -j 1 -T $((WARM_UP + SECONDS_EACH)) -P 1 -f "$1.pgbench" \
		-h 127.0.0.1 -p "$port" -U "$name" "$name" >pgbench.out 2>pgbench.err &
	pid=$!
	sleep $((WARM_UP - 1))
	limit_workers "$2" || return
	sleep 1
	from=$(idle_ticks)
	wait "$pid" || { cat pgbench.err >&2; return 1; }
	to=$(idle_ticks)
	idle=$(calc "($to - $from) / $SECONDS_EACH")
	result=$(awk -v warm="$WARM_UP" '/^progress/ && $2 > warm + 0.5 { sum += $4; n++ } END { if (n > 0) print sum / n }' pgbench.err)
	[ -n "$result" ]
}

# What the load left to be written and analyzed is done before, and nothing of it later: it is four times as much for a
# worker that is alone.
settle()
{
	local node
	for node in coordinator $(seq -f 'worker%g' "$1"); do
		node_sql "$name" "$node" -c 'VACUUM ANALYZE' -c CHECKPOINT >/dev/null 2>&1 || return
	done
}

measure()
{
	name=scale$1
	jq -n --arg name "$name" --arg engine "$engine" --argjson workers "$1" '{name: $name, deploy: "local", engine: $engine,
		workers: $workers, postgres: {settings: {max_connections: 300, autovacuum: "off"}}}' >"$name.json"
	"$CITUSCTL" -q -c "$name.json" init >/dev/null && "$CITUSCTL" -q -c "$name.json" demo --users "$USERS" --duration 0 --keep -o json >/dev/null || return
	port=$(jq -r .nodes.coordinator.port "$CITUSCTL_HOME/$name/state.json")
	settle "$1" && limit_workers "$1" || return
	for script in read write; do
		tps "$script" "$1" || return
		echo "$1 $result $idle" >>"$script.results"
	done
	"$CITUSCTL" -q -y -c "$name.json" destroy >/dev/null
	release_groups
	make_groups
}

# A bar for each number of workers, and a mark where linear would be.
chart()
{
	awk -v what="$2" '
		{ workers[NR] = $1; tps[NR] = $2; idle[NR] = $3 }
		END {
			printf "%s of single shards, transactions a second; | is linear\n", what
			most = tps[1] * workers[NR] > tps[NR] ? tps[1] * workers[NR] : tps[NR]
			for (i = 1; i <= NR; i++) {
				filled = int(tps[i] / most * 50 + 0.5)
				mark = int(tps[1] * workers[i] / most * 50 + 0.5)
				bar = ""
				for (c = 1; c <= 51; c++)
					bar = bar (c == mark ? "|" : (c <= filled ? "#" : " "))
				printf "  %d worker%s %s %8.0f  %.2f of linear, %.0f %% of a processor idle\n", workers[i], (workers[i] > 1 ? "s" : " "),
					bar, tps[i], tps[i] / tps[1] / workers[i], idle[i]
			}
		}' "$1.results"
}

part() { awk -v n="$2" 'NR == 1 { one = $2 } $1 == n { printf "%.3f\n", $2 / one / n }' "$1.results"; }

have_citus || engine=embedded
if [ ! -x "$BINDIR/pgbench" ] || [ "$(id -u)" -ne 0 ] || ! find_groups; then
	not_measured 'linear scaling' "it takes root, a control group for processors that can be written, and pgbench"
	exit
fi
for workers in 1 2 4; do
	measure "$workers" || exit 1
done
echo "Engine $engine, each worker limited to $QUOTA % of a processor (control groups $kind), $CLIENTS connections, $(nproc) processors"
chart read Reads
chart write Writes
for workers in 2 4; do
	figure "reads, $workers workers" '>=' 0.9 "$(part read "$workers")" "of linear"
	printf '%-30s %6.2f  of linear\n' "writes, $workers workers" "$(part write "$workers")"
done
