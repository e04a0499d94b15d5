#!/usr/bin/env bash
# Proves the two commands of the README on a Debian 12 that has only git and make.
#
#   sudo tests/tools/bare_system.sh [--sudo] [--release NAME] SCRATCH [TARGET...]
#
# By hand, as root, on a Debian or Ubuntu with debootstrap; takes minutes and some
# 2 GB below SCRATCH.  It makes a minimal Debian 12 there (kept as a tar file, so
# that the next run starts at once), adds git and make, clones the last commit of
# this repository into it and runs "make TARGET" for each target ("demo" and
# "check" unless some are named), in namespaces of its own: processes, mounts and
# host name; nothing that was started in there outlives it.  The network is the
# machine's, for the packages; they come from where this machine's own come from.
#
#   --sudo       as a user who may use sudo, not as root
#   --release NAME  another Debian than 12, which is "bookworm": "trixie" has PostgreSQL 17
#   --keep       leave the system in SCRATCH/system, to look at
#
# Exit status: that of the first target that failed.
# shellcheck disable=SC2016 # formats of apt-get, and a script for the shell in there
set -u

as_user=
keep=
release=bookworm
while :; do
	case ${1-} in
		--sudo) as_user=1 ;;
		--keep) keep=1 ;;
		--release) release=${2:?--release NAME} && shift ;;
		*) break ;;
	esac
	shift
done
[ $# -ge 1 ] || {
	sed -n '2,/^# Exit/s/^# \{0,1\}//p' "$0" >&2
	exit 2
}
mkdir -p "$1" && scratch=$(cd "$1" && pwd) || exit 1
shift
[ $# -gt 0 ] || set -- demo check
repo=$(cd "$(dirname "$0")/../.." && pwd)
system=$scratch/system

say() { printf '\n== %s\n' "$*"; }
die() { echo "bare_system.sh: $*" >&2; exit 1; }

[ "$(id -u)" -eq 0 ] || die "has to be run as root"
command -v debootstrap >/dev/null || die "needs debootstrap: apt-get install debootstrap"

# The first archive of this machine that has Debian 12, from its own apt settings; other releases are beside it.
mirror_of_this_machine()
{
	apt-get indextargets --format '$(SITE) $(REPO_URI) $(RELEASE) $(CODENAME)' 2>/dev/null |
		awk '$NF == "bookworm" && $2 !~ /security/ { print $2; exit }'
}

# What this machine needs to reach its archives, they need in there as well.
copy_apt_settings()
{
	local file
	for file in /etc/apt/apt.conf /etc/apt/apt.conf.d/*proxy*; do
		[ -f "$file" ] && install -D -m 0644 "$file" "$system$file"
	done
	apt-config dump 2>/dev/null | grep -E '^Acquire::(http|https)::?.*[Pp]roxy' >"$system/etc/apt/apt.conf.d/90of-the-machine"
	cp -L /etc/resolv.conf /etc/hosts "$system/etc/" 2>/dev/null
	# Certificates of this machine, for archives that are reached by https.
	if [ -f /etc/ssl/certs/ca-certificates.crt ]; then
		install -D -m 0644 /etc/ssl/certs/ca-certificates.crt "$system/etc/ssl/certs/ca-certificates.crt"
	fi
}

remove_system()
{
	# Mounts are those of a namespace that has ended; make sure before removing.
	if grep -q " $system/" /proc/self/mounts; then
		die "something is still mounted below $system"
	fi
	rm -rf --one-file-system "$system"
}

make_system()
{
	local mirror
	remove_system
	mkdir -p "$system"
	if [ -f "$scratch/$release.tar" ]; then
		tar -C "$system" -xf "$scratch/$release.tar" || exit 1
		return
	fi
	mirror=$(mirror_of_this_machine)
	[ -n "$mirror" ] || die "found no archive of Debian 12 in this machine's apt sources"
	say "making a minimal Debian ($release) from $mirror"
	debootstrap --variant=minbase "$release" "$system" "$mirror" >"$scratch/debootstrap.log" 2>&1 ||
		{ tail -n 20 "$scratch/debootstrap.log" >&2; exit 1; }
	echo "deb $mirror $release main" >"$system/etc/apt/sources.list"
	copy_apt_settings
	chroot "$system" sh -c 'apt-get -q update &&
		DEBIAN_FRONTEND=noninteractive apt-get -q -y install --no-install-recommends git make' \
		>>"$scratch/debootstrap.log" 2>&1 || { tail -n 20 "$scratch/debootstrap.log" >&2; exit 1; }
	rm -rf "${system:?}"/var/cache/apt/archives/*.deb
	tar -C "$system" --one-file-system -cf "$scratch/$release.tar.new" . &&
		mv "$scratch/$release.tar.new" "$scratch/$release.tar"
}

# In namespaces of its own: mounts what programs expect and runs a command there.
inside()
{
	unshare --mount --pid --uts --ipc --fork --kill-child bash -c '
		system=$1; shift
		mount -t proc proc "$system/proc" &&
		mount -t tmpfs -o mode=755 tmpfs "$system/dev" && mkdir "$system/dev/shm" "$system/dev/pts" &&
		mount -t tmpfs -o mode=1777 tmpfs "$system/dev/shm" &&
		mount -t devpts -o newinstance,ptmxmode=0666 devpts "$system/dev/pts" &&
		ln -s pts/ptmx "$system/dev/ptmx" &&
		ln -s /proc/self/fd "$system/dev/fd" && ln -s fd/0 "$system/dev/stdin" &&
		ln -s fd/1 "$system/dev/stdout" && ln -s fd/2 "$system/dev/stderr" &&
		for node in "null 1 3" "zero 1 5" "full 1 7" "random 1 8" "urandom 1 9" "tty 5 0"; do
			set -- "$@" && mknod -m 666 "$system/dev/${node%% *}" c ${node#* } || exit
		done &&
		hostname bare && exec chroot "$system" "$@"
	' inside "$system" "$@"
}

make_system
git -C "$repo" bundle create "$system/repository.bundle" HEAD >/dev/null 2>&1 || die "cannot bundle the repository"

home=/root
user=root
if [ -n "$as_user" ]; then
	user=jane
	home=/srv/jane
	inside sh -c "
		DEBIAN_FRONTEND=noninteractive apt-get -q -y install --no-install-recommends sudo >/dev/null 2>&1 &&
		useradd --create-home --home-dir $home --shell /bin/bash $user &&
		echo '$user ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/$user" || die "cannot make a user with sudo"
fi

as() { inside env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=$home CI=true \
	setpriv --reuid "$user" --regid "$user" --init-groups bash -c "$1" </dev/null; }

as "cd && git clone -q -c advice.detachedHead=false /repository.bundle citusctl" || die "cannot clone the repository in there"
say "as $user, at $(git -C "$repo" rev-parse --short HEAD): $(chroot "$system" dpkg-query -f '.\n' -W | wc -l) packages to begin with"

status=0
for target in "$@"; do
	say "make $target"
	started=$SECONDS
	as "cd ~/citusctl && make $target"
	status=$?
	say "make $target: exit status $status after $((SECONDS - started)) s"
	[ "$status" -eq 0 ] || break
done
[ -n "$keep" ] || remove_system
exit "$status"
