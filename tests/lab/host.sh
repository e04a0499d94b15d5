#!/usr/bin/env bash
# The first process of a host of the laboratory; lab.sh starts it in namespaces of
# its own.  Makes the root file system, prints the host's public key, runs sshd, and
# stays: the host ends with it.
set -u

# A place that all laboratories have, seen by this mount namespace alone.
root=$LAB_ROOT
mount -t tmpfs -o "size=${LAB_DISK:-4g},mode=755" tmpfs "$root" || exit 1
mkdir "$root/upper" "$root/work" "$root/root"

mount -t overlay overlay -o "lowerdir=/,upperdir=$root/upper,workdir=$root/work" "$root/root" || exit 1
cd "$root/root" || exit 1

# What this machine's servers keep is not there.
rm -rf etc/postgresql/* var/lib/postgresql/* var/log/postgresql/* var/lib/citusctl

mount -t proc proc proc
mount --bind /sys sys && mount -o remount,bind,ro sys
mount -t tmpfs -o mode=755 tmpfs dev
for device in null:3 zero:5 full:7 random:8 urandom:9; do
	mknod -m 666 "dev/${device%:*}" c 1 "${device#*:}"
done
mknod -m 666 dev/tty c 5 0
mkdir -m 1777 dev/shm && mkdir dev/pts
mount -t devpts -o newinstance,ptmxmode=666,mode=620 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd && ln -s fd/0 dev/stdin && ln -s fd/1 dev/stdout && ln -s fd/2 dev/stderr
mount -t tmpfs -o mode=1777 tmpfs tmp
mount -t tmpfs -o mode=755 tmpfs run
mkdir run/sshd && mkdir -m 1777 run/lock && mkdir -m 700 run/sudo
install -d -o postgres -g postgres -m 2775 run/postgresql

# Names of the laboratory's hosts, and no name server.
hostname "$LAB_NAME"
rm -f etc/resolv.conf etc/hostname etc/hosts
echo "$LAB_NAME" >etc/hostname
: >etc/resolv.conf
{ echo "127.0.0.1 localhost"; cat "$LAB_DIR/hosts"; } >etc/hosts

# The user that citusctl logs in as; "*" is no password and no lock.
sed -i '/^admin:/d' etc/passwd etc/group etc/shadow
echo 'admin:x:4321:4321::/srv/admin:/bin/bash' >>etc/passwd
echo 'admin:x:4321:' >>etc/group
echo 'admin:*:19000:0:99999:7:::' >>etc/shadow
install -d -o 4321 -g 4321 -m 700 srv/admin srv/admin/.ssh
install -o 4321 -g 4321 -m 600 "$LAB_DIR/id_ed25519.pub" srv/admin/.ssh/authorized_keys
echo 'admin ALL=(ALL:ALL) NOPASSWD: ALL' >etc/sudoers.d/admin
chmod 440 etc/sudoers.d/admin

rm -f etc/ssh/ssh_host_* etc/ssh/sshd_config etc/ssh/sshd_config.d/*
ssh-keygen -q -t ed25519 -N '' -f etc/ssh/ssh_host_ed25519_key || exit 1
cat >etc/ssh/sshd_config <<CONFIG
HostKey /etc/ssh/ssh_host_ed25519_key
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PrintMotd no
AcceptEnv LANG LC_*
MaxStartups 100
CONFIG
cat etc/ssh/ssh_host_ed25519_key.pub

# This shell collects what ends here, as the first process of a system does.
exec chroot . /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
	bash -c 'cd /; /usr/sbin/sshd -E /var/log/sshd.log; while :; do sleep 1000000 & wait $!; done'
