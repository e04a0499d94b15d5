# shellcheck shell=bash
# Control groups that allow a process and its children a share of a processor; version 1 or 2.
#
#   find_groups && limit NAME PID; unlimit; release_groups
#
# QUOTA is the share in percent.  CGROUP_V1 and CGROUP_V2 name the directories to take instead of those that are mounted.

PERIOD_US=25000
groups=

# find_groups: sets root and kind (v1 or v2) and makes a group for all that follow, or fails.
find_groups()
{
	kind=v1
	root=${CGROUP_V1-$(awk '$3 == "cgroup" && $4 ~ /(^|,)cpu(,|$)/ { print $2; exit }' /proc/mounts)}
	if [ -z "$root" ]; then
		kind=v2
		root=${CGROUP_V2-$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)}
		[ -n "$root" ] && grep -qw cpu "$root/cgroup.controllers" || return 1
		echo +cpu >"$root/cgroup.subtree_control" || return 1
	fi
	make_groups
}

make_groups()
{
	groups=$root/citusctl-bench-$$
	mkdir "$groups" 2>/dev/null || return 1
	[ "$kind" = v1 ] || echo +cpu >"$groups/cgroup.subtree_control"
}

# limit NAME PID: the process, and every one that it starts, into a group of its own.
limit()
{
	local group=$groups/$1 first=$2 pid
	mkdir -p "$group" || return
	if [ "$kind" = v1 ]; then
		echo "$PERIOD_US" >"$group/cpu.cfs_period_us" && echo $((PERIOD_US * QUOTA / 100)) >"$group/cpu.cfs_quota_us"
	else
		echo "$((PERIOD_US * QUOTA / 100)) $PERIOD_US" >"$group/cpu.max"
	fi || return
	echo "$first" >"$group/cgroup.procs" && grep -qx "$first" "$group/cgroup.procs" || return
	# What it has started since is in the group already; what it started before follows.
	for pid in $(pgrep -P "$first"); do
		echo "$pid" >"$group/cgroup.procs" 2>/dev/null
	done
	return 0
}

# What has been limited may take what it wants, until limit is called again.
unlimit()
{
	local file
	for file in "$groups"/*/cpu.cfs_quota_us; do
		[ ! -e "$file" ] || echo -1 >"$file" || return
	done
	for file in "$groups"/*/cpu.max; do
		[ ! -e "$file" ] || echo "max $PERIOD_US" >"$file" || return
	done
}

release_groups()
{
	[ -n "$groups" ] && find "$groups" -mindepth 1 -maxdepth 1 -type d -exec rmdir {} \; 2>/dev/null
	[ -n "$groups" ] && rmdir "$groups" 2>/dev/null
}
