#!/usr/bin/env bash
# shellcheck disable=SC2154 # lib.sh sets out, err, status and took_ms
# The demo's report as a page: a real browser draws it, without a complaint and without the network.
set -u
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome)

# show FILE [OPTION...]: what the browser made of it: dom, console.log and net.json.
show()
{
	local file=$1
	shift
	rm -f dom net.json
	timeout 120 "$browser" --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run \
		--user-data-dir="$TMP/browser" --disable-background-networking --disable-component-update \
		--disable-default-apps --disable-sync --disable-extensions --virtual-time-budget=5000 \
		--enable-logging=stderr --log-net-log="$TMP/net.json" --dump-dom "$@" "file://$file" >dom 2>console.log
}

count() { grep -oE -- "$1" dom | wc -l; }

complaints() { grep ':CONSOLE' console.log; }

# Addresses that the page asked for, besides itself.
requests()
{
	grep -oE '"url":"[^"]+"' net.json | grep -vE '"url":"(file|data|chrome|about|devtools)[^"]*"|optimizationguide|googleapis|gstatic|google\.com' |
		sort -u
}

# Columnar storage has a check of its own, too; cache and pooler have a section of the page where there are any.
more=()
checks=10
command -v redis-server >/dev/null && more+=(--cache) && checks=$((checks + 1))
PATH=$PATH:/usr/sbin command -v pgbouncer >/dev/null && more+=(--pooler) && checks=$((checks + 1))

test_more()
{
	if [ "${#more[@]}" -eq 2 ]; then
		ok "$1: reads with the cache and without are drawn" test "$(count 'data-way="(hit|with|without)"')" -eq 6
		like "$(cat dom)" 'Redis [0-9.]+ on a socket of this machine: hit ratio [0-9.]+ %' "$1: with the hit ratio"
		like "$(cat dom)" 'PgBouncer at [0-9.:]+: [0-9,]+ transactions of [0-9]+ clients over at most [0-9]+ connections?' "$1: so is the pooler"
	else
		skip "$1: cache and pooler on the page" "redis-server or pgbouncer is not installed"
	fi
}

test_drawn()
{
	is "$(count 'data-ready="yes"')" 1 "$1: the script ran to its end"
	is "$(complaints)" "" "$1: nothing on the browser's console"
	is "$(requests)" "" "$1: no request to any network"
	is "$(sed '/<script>/,/<.script>/d' dom | grep -cE 'NaN|Infinity|undefined|\[object')" 0 "$1: no number that is none"
	is "$(count 'data-shard=')" 64 "$1: 32 shard groups before and after"
	is "$(count 'data-group=')" 32 "$1: a bar for each of them"
	ok "$1: bytes of four tables on each worker" test "$(count 'data-bytes="[1-9]')" -ge 8
	for line in operations p50 p95 p99; do
		like "$(cat dom)" "<path d=\"M[0-9. -]+L[^\"]+\"[^>]* data-series=\"$line\"" "$1: a line of $line over time"
	done
	ok "$1: histograms have bars" test "$(count 'data-bar=')" -ge 40
	is "$(count 'class="mark good"')" "$checks" "$1: all checks passed, as the table says"
	is "$(count 'data-storage="columnar"') $(count 'data-storage="heap"')" "3 3" "$1: size and times of the columnar table and of its twin"
	if [ "$1" = citus ]; then
		like "$(cat dom)" 'with columnar storage and as an ordinary table' "$1: which is columnar"
	else
		like "$(cat dom)" 'This engine has no columnar storage' "$1: which is heap as well, and said so"
	fi
	like "$(cat dom)" 'seconds since the measurement began' "$1: axes have units"
	like "$(cat dom)" "<title>citusctl demo: all $checks checks passed" "$1: and the title the verdict"
}

# Under the pointer every chart says its values: one of each kind is pointed at, and what the box says is kept.
test_hover()
{
	cat >hover.js <<-'END'
		<script>
		const said = {};
		for (const what of ['[data-shard]', '#throughput rect[fill=transparent]', '#latency rect[fill=transparent]', '[data-bar]', '[data-bytes]', '[data-group]', '[data-storage]']) {
			const node = document.querySelector(what), box = node.getBoundingClientRect();
			node.dispatchEvent(new PointerEvent('pointermove', { clientX: box.x + box.width / 2, clientY: box.y + box.height / 2 }));
			said[what] = document.getElementById('tip').textContent;
			node.dispatchEvent(new PointerEvent('pointerleave'));
		}
		document.body.dataset.said = Object.values(said).join(' / ') + ' / ' + document.getElementById('tip').style.display;
		</script>
	END
	sed -e '/<.body>/{
		r hover.js
		N
	}' "$TMP/report.html" >"$TMP/hover.html"
	show "$TMP/hover.html"
	like "$(grep -o 'data-said="[^"]*"' dom)" "shard group from hash -?[0-9]+[0-9.]+ [kM]B on worker[12].* / [0-9]+ to [0-9]+ soperations [0-9.,]+/s / [0-9]+ to [0-9]+ sp50 [0-9.]+ msp95 [0-9.]+ msp99 [0-9.]+ ms / [0-9.]+ ms to [0-9.]+ msabout [0-9,]+ operations? / worker1[a-z_]+ [0-9.]+ [kM]B / shard group from hash -?[0-9]+[0-9.]+ [kM]B on worker[12] / Size on disk(columnar|heap as well) [0-9.]+ [kM]B / none" \
		"$1: each chart says its values under the pointer"
}

# In a frame as narrow as a phone the page tells how much wider than the frame it is.
test_phone()
{
	sed 's|</body>|<script>parent.postMessage(document.documentElement.scrollWidth - innerWidth, "*")</script></body>|' \
		"$TMP/report.html" >"$TMP/inner.html"
	cat >"$TMP/phone.html" <<-'END'
		<!doctype html><body><iframe src="inner.html" width="360" height="700"></iframe>
		<script>addEventListener('message', event => { document.body.dataset.overflow = event.data; });</script>
	END
	show "$TMP/phone.html"
	like "$(cat dom)" 'data-overflow="(0|-[0-9]+)"' "$1: fits a screen 360 pixels wide"
}

# What is longer or narrower than usual is still readable.
test_unusual()
{
	sed -E -e 's/"worker2"/"a-worker-whose-name-has-forty-characters"/g' \
		-e 's/"histogram":\[(\[[^]]*\],?)+\]/"histogram":[[2.1,2.2,50],[6.5,7,50]]/g' "$TMP/report.html" >"$TMP/unusual.html"
	show "$TMP/unusual.html"
	is "$(complaints)" "" "$1: nothing on the console about unusual values"
	like "$(cat dom)" '>a-worker-[^<]*…<title>a-worker-whose-name-has-forty-characters<' "$1: a long name is cut, and whole in its hover"
	ok "$1: a histogram within one decade has numbers on its axis" test "$(count 'data-tick="[25]"')" -ge 2
}

# What the test looks for has to be found where it is.
test_the_test()
{
	sed -e '/Content-Security-Policy/d' -e 's|<footer></footer>|<img src="http://127.0.0.1:9/x.png">|' \
		"$TMP/report.html" >"$TMP/broken.html"
	show "$TMP/broken.html"
	isnt "$(requests)" "" "$1: a page that loads something is found out"
	isnt "$(complaints)" "" "$1: so is one whose script fails"
	sed '0,/<testcase /s//\& &/' "$TMP/junit.xml" >"$TMP/broken.xml"
	show "$TMP/broken.xml"
	isnt "$(count parsererror)" 0 "$1: and XML that is none"
}

test_page()
{
	local seconds
	for seconds in 4 20 60; do
		run citusctl demo --engine "$1" --workers 2 --users 1000 --duration "$seconds" --columnar -q "${more[@]}" \
			--report "$TMP/report.html" --junit "$TMP/junit.xml" -o json
		did_little "$TMP/.out" || break
	done
	is "$status" 0 "$1: a demo with its report as files succeeds"
	is "$(grep -c '<testcase ' "$TMP/junit.xml")" "$checks" "$1: JUnit has a case for each check"
	like "$(cat "$TMP/junit.xml")" "<testsuite name=\"citusctl demo\" tests=\"$checks\" failures=\"0\"" "$1: and the sums"
	if [ -z "$browser" ]; then
		skip "$1: the page in a browser" "there is no chromium here; packages.sh more installs it"
		return
	fi
	show "$TMP/junit.xml"
	is "$(count '<testcase ') $(count parsererror)" "$checks 0" "$1: a reader of XML finds nothing wrong with it"
	show "$TMP/report.html"
	test_drawn "$1"
	test_more "$1"
	test_hover "$1"
	test_phone "$1"
	test_unusual "$1"
	test_the_test "$1"
}

test_refused()
{
	run citusctl demo --report /nowhere/at/all/report.html
	is "$status" 2 "a report that cannot be written is refused before the work"
	like "$err" '/nowhere/at/all/report.html' "and named"
	run citusctl demo --junit "$TMP/"
	is "$status" 2 "so is a directory"
}

for_each_engine test_page
test_refused
finish
