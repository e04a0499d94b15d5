#!/usr/bin/env bash
# Packages on hosts that lack them: from a repository of the description, whose key is
# checked, on the hosts that need them and nowhere else.  The repository is one of the
# test's own; its Citus is this machine's, which is taken away from a host first.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/lab/lib.sh
. "$REPO/tests/lab/lib.sh"

control=/usr/share/postgresql/$PG_MAJOR/extension/citus.control

make_repository()
{
	local package=postgresql-$PG_MAJOR-citus-99.1 dir=$TMP/package
	mkdir -p "$dir/DEBIAN" "$dir${control%/*}" "$TMP/repository"
	cp "$control" "$dir$control"
	printf 'Package: %s\nVersion: 99.1\nArchitecture: all\nMaintainer: nobody <nobody@invalid>\nDescription: of a test\n' \
		"$package" >"$dir/DEBIAN/control"
	dpkg-deb --root-owner-group -b "$dir" "$TMP/repository/$package.deb" >/dev/null &&
		(cd "$TMP/repository" && dpkg-scanpackages . 2>/dev/null >Packages) || return 1
	export GNUPGHOME=$TMP/gpg
	mkdir -m 700 "$GNUPGHOME"
	gpg --batch --quiet --passphrase '' --quick-generate-key test default default never 2>/dev/null
	(
		cd "$TMP/repository" || exit 1
		printf 'Date: %s\nSHA256:\n %s %s Packages\n' "$(date -u -R)" "$(sha256sum <Packages | cut -d ' ' -f 1)" "$(stat -c %s Packages)" >Release
		gpg --batch --quiet --clearsign -o InRelease Release && rm Release
	)
	gpg --armor --export test >"$TMP/key.asc"
	fingerprint=$(gpg --with-colons --list-keys test | awk -F: '/^fpr/ { print $10; exit }')
}

# Takes Citus away from a host, and gives it the repository; other sources it can't reach.
prepare()
{
	tar -C "$TMP" -c repository | on "$1" tar -C /srv -x --no-same-owner
	on "$1" sh -c "rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/*; rm '$control'"
}

describe_packages()
{
	describe_lab '"packages": "install", "postgres": {"version": '"$PG_MAJOR"'}, "repositories": [{"name": "own",
		"source": "file:/srv/repository ./", "key_file": "key.asc", "fingerprint": "'"$1"'"}]'
}

lists_are_locked() { on 1 env LC_ALL=C apt-get -q update 2>&1 | grep -q 'Could not get lock'; }

test_packages()
{
	prepare 1
	describe_packages "${fingerprint//[0-9]/0}"
	runs 'a key with another fingerprint' 5 citusctl init
	like "$err" 'is not the one of repository "own"' 'is refused'
	is "$(on 1 sh -c 'ls /etc/apt/sources.list.d')" '' 'and the host is as it was'

	gpg --batch --quiet --passphrase '' --quick-generate-key other default default never 2>/dev/null
	cp key.asc one.asc
	gpg --armor --export test other >key.asc
	describe_packages "$fingerprint"
	runs 'a file with another key beside the right one' 5 citusctl init
	like "$err" 'several keys' 'is refused, as apt would trust both'
	mv one.asc key.asc

	describe_packages "$fingerprint"
	runs 'a dry run' 3 citusctl init --dry-run --exit-code
	like "$out" 'install the packages +1 +to do' 'says which host lacks them'
	# Somebody else updates the lists, as unattended upgrades do: that is waited for.
	# shellcheck disable=SC2016 # for perl; a struct flock
	on 1 perl -MFcntl -e 'my $lock = pack("s s x4 q q i x4", F_WRLCK, 0, 0, 0, 0);
		open(F, ">>", "/var/lib/apt/lists/lock") && fcntl(F, F_SETLK, $lock) or die; sleep 600' &
	ok 'the lists of apt are locked' wait_until 30 lists_are_locked
	"$CITUSCTL" init >"$TMP/.out" 2>"$TMP/.err" &
	local pid=$!
	ok 'init waits for them' wait_until 60 on 1 pgrep -f '^sleep 3$'
	on 1 pkill -f '^perl -MFcntl'
	wait "$pid"
	is "$?" 0 'init installs them'
	err=$(cat "$TMP/.err")
	like "$err" "worker1 +install the packages +changed +postgresql-$PG_MAJOR, postgresql-$PG_MAJOR-citus-99.1" 'and says what'
	unlike "$err" 'coordinator +install the packages' 'on the host that lacked them only'
	is "$(on 1 sh -c 'ls /etc/postgresql/*')" lab 'with no server of the distribution beside'
	runs 'again' 0 citusctl init
	like "$out" 'nothing was changed' 'nothing is left to do'
	citusctl -q -y destroy >/dev/null

	# Signed by another key than the one that was named.
	prepare 1
	gpg --batch --quiet --passphrase '' --quick-generate-key other default default never 2>/dev/null
	gpg --armor --export other >key.asc
	describe_packages "$(gpg --with-colons --list-keys other | awk -F: '/^fpr/ { print $10; exit }')"
	on 1 sh -c 'dpkg -r --force-all postgresql-*-citus-99.1 >/dev/null 2>&1; rm -rf /var/lib/apt/lists/*'
	runs 'a repository that another key signed' 1 citusctl init
	like "$err" 'cannot be installed on' 'is not installed from'
	like "$err" 'not signed|NO_PUBKEY|no repository' 'and the reason is shown'
}

lab_or_skip 'packages on hosts'
for tool in dpkg-deb dpkg-scanpackages gpg apt-get; do
	command -v "$tool" >/dev/null && continue
	skip 'packages on hosts' "$tool is not installed"
	finish
done
lab_up 2 || exit 1
if make_repository; then
	test_packages
else
	fail 'make a repository'
fi
finish
