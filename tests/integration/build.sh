#!/usr/bin/env bash
# The program as built and installed: one file that needs neither the repository
# nor the current directory.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

in_repo() { make -s -C "$REPO" "BUILD=$BUILD" "$@"; }

test_help()
{
	local target
	runs "make help works" 0 make -s -C "$REPO" help
	for target in all demo check check-unit check-integration lint asan bench install uninstall clean help; do
		like "$out" "make $target +[^ ]" "make help tells what make $target does"
	done
}

test_install()
{
	local dest=$TMP/dest program=$TMP/dest/opt/tool/bin/citusctl

	runs "make install succeeds" 0 in_repo install "DESTDIR=$dest" PREFIX=/opt/tool
	is "$(find "$dest" -type f ! -path '*/completions/*')" "$program" \
		"make install puts one program there"
	is "$(stat -c %a "$program")" 755 "everybody may run it"

	# Away from the repository and with next to no environment.
	mkdir -p "$TMP/elsewhere" && mv "$program" "$TMP/elsewhere/citusctl"
	cd "$TMP/elsewhere" || return
	runs "the installed program runs elsewhere" 0 env -i HOME="$HOME" PATH=/usr/bin:/bin ./citusctl version
	like "$out" '[0-9]+\.[0-9]+' "version tells a version"
	runs "help succeeds" 0 env -i HOME="$HOME" PATH=/usr/bin:/bin ./citusctl help
	like "$out" '\binit\b' "help names init"
	cd "$TMP" || return
	unlike "$(strings_of "$TMP/elsewhere/citusctl" | grep -F "$REPO")" . \
		"the program's texts do not name the folder that it was built in"

	mv "$TMP/elsewhere/citusctl" "$program"
	runs "make uninstall succeeds" 0 in_repo uninstall "DESTDIR=$dest" PREFIX=/opt/tool
	is "$(find "$dest" -type f)" '' "make uninstall leaves no file"
}

# Printable texts of a stripped copy: what the debugger is told does not count.
strings_of()
{
	strip -o "$TMP/stripped" "$1" && tr -c '[:print:]' '\n' <"$TMP/stripped"
}

test_nothing_to_do()
{
	local before after
	in_repo all >/dev/null # somebody may have changed a source since
	before=$(stat -c %y "$CITUSCTL")
	runs "a second make succeeds" 0 in_repo all
	after=$(stat -c %y "$CITUSCTL")
	is "$after" "$before" "and makes nothing"
}

test_missing_packages()
{
	mkdir -p "$TMP/empty"
	ln -sf "$(command -v bash)" "$TMP/empty/bash"
	runs "a missing compiler is noticed" 1 \
		env PATH="$TMP/empty" bash "$REPO/tests/tools/packages.sh" --check build
	like "$err" '^Missing: .*\bgcc\b.* for building citusctl' "it is named, and what it is for"
	like "$err" '"make deps"' "and what to do"
	run env PATH="$TMP/empty" bash "$REPO/tests/tools/packages.sh" nonsense
	like "$err" 'no group "nonsense"; there are' "an unknown group is refused"
}

# The library for Redis is optional: the same objects with the one file compiled without it.
test_without_redis()
{
	in_repo "$BUILD/libcitusctl.a" || return
	local objects=$BUILD flags
	[ "${BUILD#/}" = "$BUILD" ] && objects=$REPO/$BUILD
	read -ra flags <<<"$(pkg-config --cflags libpq libcjson libssh libcrypto)"
	runs "it can be compiled without hiredis" 0 "${CC:-gcc}" -std=c17 -D_POSIX_C_SOURCE=200809L -I"$REPO/citusctl" "${flags[@]}" \
		-c -o redis.o "$REPO/citusctl/io/redis.c"
	read -ra flags <<<"$(pkg-config --libs libpq libcjson libssh libcrypto) ${SANITIZE:+-fsanitize=$SANITIZE}"
	runs "and linked" 0 "${CC:-gcc}" -o plain "$objects/citusctl/main.o" redis.o "$objects/libcitusctl.a" "${flags[@]}" -lpthread -lm
	runs "the cache then says what is missing" 1 ./plain demo --cache --users 100 --duration 1
	like "$err" 'built without hiredis' "that is named"
	like "$err" 'apt-get install libhiredis-dev redis-server' "and how to get it"
	is "$(ls "$CITUSCTL_HOME")" '' "the throw-away cluster was taken down"
}

test_help
test_without_redis
test_nothing_to_do
test_install
test_missing_packages
finish
