#!/usr/bin/env bash
# The demo on hosts reached by SSH while their servers are restarted, and while one of them is killed.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/lab/lib.sh
. "$REPO/tests/lab/lib.sh"

lab_or_skip 'the demo on hosts while something happens'
lab_up 3 || exit 1

during()
{
	local seconds
	# For longer, where the machine stood still before the event or after it.
	for seconds in 4 16 40; do
		run citusctl -y demo --users 300 --duration "$seconds" --clients 4 --during "$1" -o json
		if [ "$status" -ne 0 ] || ran_before_and_after; then break; fi
	done
	is "$status" 0 "a demo during $1 succeeds"
	is "$(json '[.checks[] | select(.passed | not) | .name] | join(" ")')" "" "$1: every check passes"
	ok "$1: the workload ran before and after" ran_before_and_after
}
ran_before_and_after() { jq -e '.series.count | (.[:2] | add) > 0 and (.[-3:] | add) > 0' "$TMP/.out" >/dev/null; }

# shellcheck disable=SC2119 # no members
describe_lab
runs 'init' 0 citusctl init
during restart
is "$(json '.errors')" 0 'restart: no operation failed'
is "$(json '[.marks[].text | select(test("is back after"))] | length')" 3 'restart: each of three servers was restarted'
during kill-worker
ok 'kill-worker: operations on the dead worker failed' jq -e '.errors > 0' "$TMP/.out"
like "$(json '.marks | map(.text) | join("\n")')" 'worker2 has recovered' 'kill-worker: it is back'
runs 'node list' 0 citusctl node list
runs 'destroy' 0 citusctl -y destroy
finish
