#!/usr/bin/env bash
# What "make bench-scale" limits workers with: version 1 of control groups where this machine has it, and what is
# written for version 2, in a directory that stands for it.
set -u
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
# shellcheck disable=SC2034 # groups.sh reads it
QUOTA=8
# shellcheck source=tests/bench/scale/groups.sh
. "$REPO/tests/bench/scale/groups.sh"
trap 'clean_up; release_groups' EXIT

burn() { while :; do :; done; }

# The kernel says how often it held the group up.
is_throttled() { [ "$(awk '/^nr_throttled/ { print $2 }' "$1/cpu.stat")" -gt 3 ]; }

test_real()
{
	local pid before
	if [ "$(id -u)" -ne 0 ] || ! find_groups; then
		skip 'control groups of this machine' 'it takes root and a control group for processors'
		return
	fi
	burn &
	pid=$!
	disown "$pid"
	ok "$kind: a process can be limited" limit worker1 "$pid"
	ok "$kind: and is held up" wait_until 30 is_throttled "$groups/worker1"
	ok "$kind: the limit is taken away" unlimit
	before=$(awk '/^nr_throttled/ { print $2 }' "$groups/worker1/cpu.stat")
	sleep 0.3
	is "$(awk '/^nr_throttled/ { print $2 }' "$groups/worker1/cpu.stat")" "$before" "$kind: and it is held up no more"
	kill "$pid"
	ok "$kind: when it has ended" wait_until 10 test ! -d "/proc/$pid"
	release_groups
	not_ok "$kind: its group is removed" test -e "$groups"
	groups=
}

# As files: what the kernel would be told.
test_version_2()
{
	export CGROUP_V1='' CGROUP_V2=$TMP/unified
	mkdir unified && echo 'memory' >unified/cgroup.controllers
	not_ok 'v2: without the controller for processors nothing is found' find_groups
	echo 'cpuset cpu io memory' >unified/cgroup.controllers
	ok 'v2: it is found' find_groups
	find_groups || true
	is "$kind" v2 'v2: as such'
	is "$(cat unified/cgroup.subtree_control "$groups/cgroup.subtree_control" | tr '\n' ' ')" '+cpu +cpu ' \
		'v2: the controller is handed down, twice'
	ok 'v2: a process can be limited' limit worker1 "$$"
	is "$(cat "$groups/worker1/cpu.max")" '2000 25000' 'v2: to a share of a period'
	ok 'v2: the limit is taken away' unlimit
	is "$(cat "$groups/worker1/cpu.max")" 'max 25000' 'v2: as version 2 says it'
	ok 'v2: it is put into the group' test -s "$groups/worker1/cgroup.procs"
	rm -r unified
	groups=
}

test_real
test_version_2
finish
