#!/usr/bin/env bash
# shellcheck disable=SC2154 # lib.sh sets out, err, status and took_ms
# shellcheck disable=SC2016 # jq's variables, not the shell's
# The demo with Redis: what is read through it is never older than what was acknowledged, whatever happens to Redis.
set -u
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

if ! command -v redis-server >/dev/null || ! command -v redis-cli >/dev/null; then
	skip 'demo --cache' 'redis-server is not installed'
	finish
fi
run citusctl demo --cache --duration 0
is "$status" 2 "a cache without a workload is a wrong usage"
run citusctl demo --help
like "$out" '--cache' "help names it"

# ---- a Redis of the test's own --------------------------------------------------

export REDISCLI_AUTH='not for argv'
port=
redis_pid=
start_redis()
{
	port=${port:-$(free_port)}
	mkdir -p redis
	printf '%s\n' "bind 127.0.0.1" "port $port" "requirepass \"$REDISCLI_AUTH\"" "dir $TMP/redis" 'save ""' \
		'enable-debug-command yes' >redis/redis.conf
	redis-server redis/redis.conf >redis/log 2>&1 &
	redis_pid=$!
	disown "$redis_pid"
	wait_until 20 redis-cli -p "$port" ping
}
stop_redis()
{
	[ -n "$redis_pid" ] && kill -KILL "$redis_pid" 2>/dev/null
	redis_pid=
}
trap 'stop_redis; clean_up' EXIT
keys() { redis-cli -p "$port" dbsize; }

# cached ENGINE OPTION...: the demo on the described cluster and Redis.
cached()
{
	local seconds
	for seconds in 4 20 60; do
		run citusctl -y demo --cache --users 300 --clients 4 --duration "$seconds" -o json "${@:2}"
		did_little "$TMP/.out" || break
	done
}
command_lines() { cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' ' '; }
checks_failed() { json '[.checks[] | select(.passed | not) | .name] | join(" ")'; }
check_detail() { json '.checks[] | select(.name == "cached reads") | .detail'; }

# own ENGINE SECONDS: a demo with a Redis of its own, which is looked at meanwhile; false when that was too late, or there was little.
own()
{
	local pid
	rm -f own.err own.out # of the run before
	"$CITUSCTL" demo --engine "$1" --workers 2 --users 300 --duration "$2" --cache -o json --junit own.xml --report own.html \
		>own.out 2>own.err </dev/null &
	pid=$!
	wait_until 120 grep -q '^working' own.err
	dir=$(echo "$CITUSCTL_HOME"/demo-*/cache)
	modes=$(stat -c %a "$dir" "$dir/redis.conf" | tr '\n' ' ')
	awk '$1 == "requirepass" { print $2 }' "$dir/redis.conf" >secret
	command_lines >lines
	refusal=$(REDISCLI_AUTH='' redis-cli -s "$dir/redis.sock" ping 2>&1)
	grep -q '^checking' own.err
	late=$?
	wait "$pid"
	[ "$late" -ne 0 ] && ! did_little own.out
}

test_own()
{
	local dir modes refusal late seconds
	for seconds in 5 20 60; do
		own "$1" "$seconds" && break
	done
	like "$(cat own.err)" '^working' "$1: a demo with a Redis of its own gets to work"
	is "$modes" "700 600 " "$1: its files are its user's only"
	like "$(cat secret)" '^[A-Za-z0-9_-]{20,}$' "$1: it has a password"
	is "$(grep -c -F -f secret lines)" 0 "$1: which no command line shows"
	like "$refusal" NOAUTH "$1: and without which nobody comes in"
	out=$(cat own.out) err=$(cat own.err)
	is "$(json .passed)" true "$1: it passes"
	is "$(checks_failed)" "" "$1: every check does"
	ok "$1: reads were served by Redis, by the database in its place, and by the database to compare" jq -e '.cache |
		.hit_ratio > 0.05 and .hit_ratio < 1 and all(.reads[]; .hits > 0 and .misses > 0 and .bypasses > 0) and .throw_away' own.out
	ok "$1: all reads are accounted for" jq -e '.cache.reads as $reads | all(.operations[] | select(.name | IN("read_feed", "read_profile"));
		. as $op | $reads[] | select(.name == $op.name) | .hits + .misses + .fallbacks + .bypasses == $op.count)' own.out
	ok "$1: they were compared with what was acknowledged" jq -e '.cache | .compared > 0 and .looks > 0 and .stale == 0' own.out
	ok "$1: how long it takes with Redis and without is told" jq -e '.cache.reads | length == 2 and
		all(.[]; .hit.p50_ms > 0 and .without.p50_ms > 0)' own.out
	like "$err" 'Redis [0-9.]+ on a socket' "$1: it says through what it reads"
	like "$(cat own.xml)" 'name="cache_hit_ratio" value="0\.[0-9]+"' "$1: JUnit's properties have the hit ratio"
	like "$(cat own.html)" '"hit_ratio"' "$1: so has the page"
	command_lines >lines
	is "$(grep -c -F -e "$dir" lines)" 0 "$1: the Redis is gone afterwards"
	not_ok "$1: with its directory" [ -e "$dir" ]
}

test_described()
{
	cached "$1" --keep
	is "$status" 0 "$1: a demo with the described Redis succeeds"
	is "$(json '.cache | [.where, .throw_away] | tojson')" "[\"127.0.0.1:$port\",false]" "$1: it says which"
	ok "$1: reads were served by it" jq -e '[.cache.reads[].hits] | add > 0' "$TMP/.out"
	is "$(keys)" 0 "$1: and no key is left in it"
	run citusctl metrics
	like "$out" '^citusctl_demo_cache_hit_ratio\{.*\} 0\.[0-9]+' "$1: metrics tell the hit ratio"
	like "$out" '^citusctl_demo_cache_stale_reads\{.*\} 0$' "$1: and the stale reads"
}

# What was forgotten is put back into Redis, over and over: as of a Redis restored from an old copy.
restore='
for _, key in ipairs(redis.call("KEYS", "citusctl:*")) do
	local old = redis.call("HGET", "old", key)
	if old then redis.call("SET", key, old) else redis.call("HSET", "old", key, redis.call("GET", key)) end
end
return redis.call("HLEN", "old")'
test_foul()
{
	(while :; do
		redis-cli -p "$port" eval "$restore" 0
		sleep 0.05
	done >"$TMP/foul.log" 2>&1) &
	local fouling=$!
	cached "$1" --users 50 --mix post_tweet=30,read_feed=40,read_profile=30
	kill "$fouling"
	wait "$fouling" 2>/dev/null
	is "$status" 3 "$1: reads that are out of date make the status 3"
	is "$(checks_failed)" "cached reads" "$1: by just that check"
	like "$(check_detail)" 'lacked a tweet that had been acknowledged before; the first: the (feed|profile) of user [0-9]+ came from Redis without tweet [0-9]+' \
		"$1: which says what was missing, and where it came from"
	redis-cli -p "$port" flushall >/dev/null
}

# dying ENGINE SECONDS: a demo whose Redis is killed, and started again; false when it ended well before it could know.
dying()
{
	local pid
	rm -f die.err
	"$CITUSCTL" -y demo --cache --users 300 --clients 4 --duration "$2" -o json >die.out 2>die.err </dev/null &
	pid=$!
	wait_until 120 has_said '^working'
	stop_redis
	wait_until 20 has_said 'reads go to the database'
	start_redis
	wait_until 20 has_said 'answers again'
	wait "$pid"
	died=$?
	[ "$died" -ne 0 ] || has_said 'answers again'
}
has_said() { grep -q -- "$1" die.err; }
test_dies()
{
	local died=0 seconds
	for seconds in 6 30 120; do
		dying "$1" "$seconds" && break
	done
	like "$(cat die.err)" 'reads go to the database' "$1: a demo's Redis is killed, which it notices"
	like "$(cat die.err)" 'answers again' "$1: and that it is back"
	is "$died" 0 "$1: the demo passes nevertheless"
	out=$(cat die.out)
	# More than once where the machine stood still for the second that Redis has to answer in.
	ok "$1: reads fell back to the database, and were counted" jq -e '([.marks[].text | select(test("reads go to the database"))] | length) as $lost |
		.cache | .lost >= 1 and .lost == $lost and .gone_seconds > 0 and ([.reads[].fallbacks] | add) > 0' die.out
	is "$(json '[.errors, .cache.stale] | tojson')" "[0,0]" "$1: no operation failed, no read was out of date"
	is "$(json '[.marks[].text | select(test("reads go to the database|answers again")) | test("again")] | .[:2] | tojson')" '[false,true]' \
		"$1: both are marked"
}

# hanging ENGINE SECONDS: a demo whose Redis is stopped; false when it ended well without a word of that.
hanging()
{
	local pid
	rm -f die.err
	"$CITUSCTL" -y demo --cache --users 300 --clients 4 --duration "$2" -o json >die.out 2>die.err </dev/null &
	pid=$!
	wait_until 120 has_said '^working'
	kill -STOP "$redis_pid"
	wait_until 20 has_said 'Redis has not answered'
	kill -CONT "$redis_pid"
	wait "$pid"
	hung=$?
	[ "$hung" -ne 0 ] || has_said 'Redis has not answered'
}

# Stopped, it neither answers nor closes: that has to be noticed too.
test_hangs()
{
	local hung=0 seconds
	for seconds in 4 20 60; do
		hanging "$1" "$seconds" && break
	done
	like "$(cat die.err)" 'Redis has not answered' "$1: a Redis that hangs is noticed"
	is "$hung" 0 "$1: and the demo passes"
}

test_away()
{
	stop_redis
	cached "$1"
	is "$status" 4 "$1: a described Redis that is not there is named"
	like "$(json .error.message)" "Redis at 127.0.0.1:$port does not answer" "$1: with its address"
	like "$(json .error.hint)" 'without that key' "$1: and a remedy"
	start_redis
	CACHE_PASSWORD=wrong cached "$1"
	is "$status" 4 "$1: a wrong password is refused"
	like "$(json .error.message)" 'refuses the login' "$1: and said to be the reason"
	unlike "$out$err" 'not for argv|"wrong"' "$1: without telling it"
}

test_cache()
{
	test_own "$1"
	export CACHE_PASSWORD=$REDISCLI_AUTH
	start_redis
	write_description "cached-$1" '"workers": 2, "engine": "'"$1"'", "cache": {"host": "127.0.0.1", "port": '"$port"', "password": {"env": "CACHE_PASSWORD"}}'
	run citusctl init
	is "$status" 0 "$1: init succeeds"
	test_described "$1"
	test_foul "$1"
	test_dies "$1"
	if [ "$1" = citus ]; then # Redis' doing, whatever the engine
		test_hangs "$1"
		test_away "$1"
	fi
	stop_redis
	run citusctl -y destroy
	is "$status" 0 "$1: destroy succeeds"
	rm cluster.json
}

for_each_engine test_cache
finish
