#!/usr/bin/env bash
# A laboratory of hosts on this machine, for people and for the tests.
#
#   lab.sh up DIR [HOSTS]      makes it (4 hosts unless said), prints how to use it
#   lab.sh down DIR            removes all of it, also what a killed "up" left
#   lab.sh down --all          every laboratory of this machine
#   lab.sh exec DIR N CMD...   runs CMD as root in host N (0: the coordinator)
#   lab.sh check               says why there can be none here (status 1), or nothing
#
# A host is a network namespace with an address of its own on a bridge, a root
# file system of its own (an overlay over this machine's, kept in memory), process
# ids, host name and shared memory of its own, and an sshd with its own key.  It
# has the programs of this machine, PostgreSQL included, and none of its servers.
# Its user "admin" logs in with DIR/id_ed25519 and may use sudo.  The hosts know
# each other by name (/etc/hosts) and have no route to anywhere else.
#
# DIR then holds: cluster.json (a description to use), id_ed25519, known_hosts,
# ssh_config ("ssh -F DIR/ssh_config coordinator"), hosts (address and name).
#
# Environment: LAB_DISK is the size of a host's file system (default 4g);
# LAB_OWNER a process id: the laboratory of an owner that is gone is removed by the
# next "up" of anyone.
#
# Addresses are 198.18.K.0/24, of the block that is set aside for measurements
# within one network and is nobody's on any other; K is free on this machine.
set -u
PATH=$PATH:/usr/sbin:/sbin

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
registry=/run/citusctl-lab
net=198.18

die()
{
	echo "lab.sh: $*" >&2
	exit 1
}

host_name() { [ "$1" -eq 0 ] && echo coordinator || echo "worker$1"; }
host_address() { echo "$net.$1.$((10 + $2))"; }

# ---- whether it can be done ---------------------------------------------------

check()
{
	local command
	[ "$(id -u)" -eq 0 ] || { echo "it takes root to make namespaces and mounts"; return 1; }
	for command in ip unshare nsenter sshd ssh-keygen sudo flock; do
		command -v "$command" >/dev/null 2>&1 || { echo "$command is not installed"; return 1; }
	done
	[ -x "$(command -v pg_createcluster)" ] || { echo "pg_createcluster (postgresql-common) is not installed"; return 1; }
	mkdir -p "$registry" 2>/dev/null || { echo "$registry cannot be made"; return 1; }
	# shellcheck disable=SC2016 # $0 is for the inner shell
	unshare --mount --uts --ipc --pid --net --fork sh -c '
		cd "$0" && mount -t tmpfs tmpfs . && cd "$0" && mkdir upper work root &&
		mount -t overlay overlay -o lowerdir=/,upperdir=upper,workdir=work root &&
		ip link add lab0 type veth peer name lab1 && ip link add lab2 type bridge' "$registry" >/dev/null 2>&1 ||
		{ echo "this machine does not allow namespaces, overlays or virtual networks"; return 1; }
}

# ---- which there are ----------------------------------------------------------

# registry/K holds the directory and the owner's process id, and exists before
# anything else of laboratory K does.
numbers() { find "$registry" -maxdepth 1 -name '[0-9]*' -printf '%f\n' 2>/dev/null; }

number_of()
{
	local k
	for k in $(numbers); do
		[ "$(sed -n 1p "$registry/$k")" = "$1" ] && echo "$k" && return
	done
	return 1
}

owner_is_gone()
{
	local owner started
	read -r owner started <<<"$(sed -n 2p "$registry/$1")"
	[ -n "$owner" ] || return 1
	[ "$started" != "$(start_of "$owner")" ]
}

# When a process was started (ids are used again); nothing for one that has ended.
start_of() { sed -n 's/.*) //; /^[^ZX]/p' "/proc/$1/stat" 2>/dev/null | cut -d ' ' -f 20; }

# ---- down ---------------------------------------------------------------------

remove()
{
	local k=$1 name pids try
	for name in $(ip netns list 2>/dev/null | awk -v k="lab$k-" 'index($1, k) == 1 { print $1 }'); do
		for try in 1 2 3 4 5 6 7 8 9 10; do
			pids=$(ip netns pids "$name" 2>/dev/null)
			[ -z "$pids" ] && break
			# The first process of a host takes all others with it.
			# shellcheck disable=SC2086
			kill -KILL $pids 2>/dev/null
			sleep "0.0$try"
		done
		# A namespace takes its interface along, but in its own time.
		ip link delete "lab${k}h${name##*-}" 2>/dev/null
		ip netns delete "$name"
	done
	ip link delete "lab$k" 2>/dev/null
	rm -f "$registry/$k"
}

down()
{
	local k
	if [ "${1-}" = --all ]; then
		for k in $(numbers); do remove "$k"; done
		return
	fi
	[ -n "${1-}" ] || die "down DIR, or down --all"
	k=$(number_of "$(realpath -m "$1")") && remove "$k"
	rm -f "$1"/{cluster.json,id_ed25519,id_ed25519.pub,known_hosts,ssh_config,hosts,number} "$1"/host*.log
	rmdir "$1" 2>/dev/null
	return 0
}

# ---- up -----------------------------------------------------------------------

# Sets k: the number of a laboratory that is now ours.
reserve()
{
	exec 9>"$registry/lock" || exit 1
	flock 9 || die "cannot lock $registry/lock"
	for k in $(numbers); do
		owner_is_gone "$k" && remove "$k"
	done
	for ((k = 1; k < 255; k++)); do
		[ -e "$registry/$k" ] && continue
		ip -4 route show "$net.$k.0/24" | grep -q . && continue
		printf '%s\n%s\n' "$1" "${LAB_OWNER:+$LAB_OWNER $(start_of "$LAB_OWNER")}" >"$registry/$k"
		exec 9>&-
		return
	done
	die "254 laboratories are up already; \"lab.sh down --all\" removes them"
}

start_host()
{
	local i=$1 ns=lab$k-$1
	ip netns add "$ns" &&
		ip link add "lab${k}h$i" type veth peer name eth0 netns "$ns" &&
		ip link set "lab${k}h$i" master "lab$k" up &&
		ip -n "$ns" link set lo up &&
		ip -n "$ns" address add "$(host_address "$k" "$i")/24" dev eth0 &&
		ip -n "$ns" link set eth0 up || return 1
	LAB_DIR=$dir LAB_ROOT=$registry LAB_NAME=$(host_name "$i") setsid nsenter --net="/run/netns/$ns" \
		unshare --mount --propagation private --uts --ipc --pid --fork --kill-child \
		bash "$here/host.sh" </dev/null >"$dir/host$i.log" 2>&1 9>&- &
}

# A line of known_hosts for each host, as soon as its sshd answers.
wait_for()
{
	local i=$1 end=$((SECONDS + 60))
	until grep -q '^ssh-ed25519' "$dir/host$i.log"; do
		[ "$SECONDS" -lt "$end" ] || { cat "$dir/host$i.log" >&2; return 1; }
		sleep 0.02
	done
	echo "$(host_address "$k" "$i"),$(host_name "$i") $(grep -m 1 '^ssh-ed25519' "$dir/host$i.log" | cut -d ' ' -f 1,2)" >>"$dir/known_hosts"
	until (exec 3<>"/dev/tcp/$(host_address "$k" "$i")/22") 2>/dev/null; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.02
	done
}

write_files()
{
	local i
	{
		printf '{\n  "name": "lab",\n  "deploy": "ssh",\n  "tls": "on",\n  "access": ["%s.%s.0/24"],\n' "$net" "$k"
		printf '  "ssh": {"user": "admin", "identity_file": "%s", "known_hosts": "%s"},\n' "$dir/id_ed25519" "$dir/known_hosts"
		printf '  "coordinator": {"host": "%s"},\n  "workers": [\n' "$(host_address "$k" 0)"
		for ((i = 1; i < hosts; i++)); do
			printf '    {"host": "%s"}%s\n' "$(host_address "$k" "$i")" "$([ $((i + 1)) -lt "$hosts" ] && echo ,)"
		done
		printf '  ]\n}\n'
	} >"$dir/cluster.json"
	for ((i = 0; i < hosts; i++)); do
		printf 'Host %s\n\tHostName %s\n' "$(host_name "$i")" "$(host_address "$k" "$i")"
	done >"$dir/ssh_config"
	printf 'Host *\n\tUser admin\n\tIdentityFile %s\n\tIdentitiesOnly yes\n\tUserKnownHostsFile %s\n' \
		"$dir/id_ed25519" "$dir/known_hosts" >>"$dir/ssh_config"
}

up()
{
	local i why
	dir=$(realpath -m "${1:?lab.sh up DIR [HOSTS]}")
	hosts=${2:-4}
	[[ $hosts =~ ^[1-9][0-9]?$ && $hosts -le 64 ]] || die "1 to 64 hosts, not \"$hosts\""
	why=$(check) || die "there can be no laboratory here: $why"
	k=$(number_of "$dir") && die "$dir is up; \"lab.sh down $dir\" removes it"
	mkdir -p "$dir" && chmod 755 "$dir" || exit 1
	reserve "$dir"
	trap 'down "$dir"; exit 130' INT TERM
	echo "$k" >"$dir/number"
	rm -f "$dir"/id_ed25519* "$dir/known_hosts"
	ssh-keygen -q -t ed25519 -N '' -C "laboratory $k" -f "$dir/id_ed25519" || exit 1
	for ((i = 0; i < hosts; i++)); do
		echo "$(host_address "$k" "$i") $(host_name "$i")"
	done >"$dir/hosts"
	if ! { ip link add "lab$k" type bridge && ip address add "$net.$k.1/24" dev "lab$k" && ip link set "lab$k" up; }; then
		down "$dir"
		die "cannot make a bridge"
	fi
	for ((i = 0; i < hosts; i++)); do
		start_host "$i" || { down "$dir"; die "cannot make host $i"; }
	done
	for ((i = 0; i < hosts; i++)); do
		wait_for "$i" || { down "$dir"; die "host $i does not come up"; }
	done
	write_files
}

in_host()
{
	local k i=$2 pid
	k=$(number_of "$(realpath -m "$1")") || die "$1 is not up"
	shift 2
	# The oldest process is the host's first.
	pid=$(ip netns pids "lab$k-$i" | sort -n | while read -r pid; do
		[ "$(awk '/^NSpid/ { print $NF }' "/proc/$pid/status" 2>/dev/null)" = 1 ] && echo "$pid" && break
	done)
	[ -n "$pid" ] || die "host $i of $dir is not up"
	exec nsenter --target "$pid" --mount --uts --ipc --net --pid --root --wd "$@"
}

case ${1-} in
	up)
		shift
		up "$@"
		cat <<-TEXT
			$hosts hosts are up.  A description of them:  $dir/cluster.json
			  try it:       citusctl -c $dir/cluster.json init
			  log in:       ssh -F $dir/ssh_config coordinator    (user admin, sudo without a password)
			  take down:    $0 down $dir
		TEXT
		;;
	down)
		shift
		down "$@"
		;;
	exec)
		shift
		[ $# -ge 3 ] || die "exec DIR N COMMAND..."
		in_host "$@"
		;;
	check) check ;;
	*)
		sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2
		exit 1
		;;
esac
