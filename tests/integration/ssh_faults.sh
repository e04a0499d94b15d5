#!/usr/bin/env bash
# Hosts that are down, refuse, say nothing, changed their key or want a password, and
# what else goes wrong on them: each is named, with its remedy, and the next run goes on.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/lab/lib.sh
. "$REPO/tests/lab/lib.sh"

# fails NAME STATUS PATTERN: a dry run does, on worker1, and says why and what to do.
fails()
{
	run citusctl init --dry-run
	is "$status" "$2" "$1: exit status $2"
	like "$err" "^citusctl: worker1: could not look at the host: .*$3" "$1: and names the node"
	like "$err" '^hint:' "$1: and a remedy"
}

# is_open PORT: worker1 takes connections there.
is_open() { (exec 3<>"/dev/tcp/$(address 1)/$1") 2>/dev/null; }
is_closed() { ! is_open "$1"; }

test_connections()
{
	local started
	describe_lab
	ip -n "lab$lab_number-1" link set eth0 down
	fails 'a host that is down' 4 ''
	ip -n "lab$lab_number-1" link set eth0 up

	on 1 pkill -F /run/sshd.pid
	wait_until 20 is_closed 22
	fails 'a host that refuses' 4 'cannot reach'
	like "$err" 'refused' 'a host that refuses: says so'
	on 1 /usr/sbin/sshd
	wait_until 20 is_open 22

	black_hole 1
	started=$SECONDS
	fails 'a host that says nothing' 4 'does not answer SSH within'
	ok 'a host that says nothing: is waited for some seconds only' test $((SECONDS - started)) -lt 60
	no_black_hole 1
}

# Does what the hint says: the command is the end of it.
forget() { eval "$(sed -n 's/.*remove the old key: //p' <<<"$1")" >/dev/null 2>&1; }

test_keys()
{
	local real
	describe_lab
	cp lab/known_hosts real
	grep -v "$(address 1)" real >lab/known_hosts
	fails 'a host that is not in known_hosts' 5 'not in known_hosts'
	SSH="\"user\": \"admin\", \"identity_file\": \"$TMP/lab/id_ed25519\", \"known_hosts\": \"$TMP/lab/known_hosts\", \"host_keys\": \"accept-new\"" describe_lab
	runs 'accept-new takes its key' 0 citusctl init --dry-run
	real=$(grep -F "$(address 1)" real | cut -d ' ' -f 3)
	ok 'and puts it into known_hosts' grep -q "^$(address 1) ssh-ed25519 $real" lab/known_hosts
	ssh-keygen -q -t ed25519 -N '' -f other
	{
		grep -v "$(address 1)" real
		echo "$(address 1) $(cut -d ' ' -f 1,2 other.pub)"
	} >lab/known_hosts
	fails 'a changed key, also with accept-new' 5 'is not the one in known_hosts'
	ok 'and the file stays as it is' grep -q "$(cut -d ' ' -f 2 other.pub)" lab/known_hosts
	forget "$err"
	runs 'the command that the remedy names takes the old key away' 0 citusctl init --dry-run

	# The same on another port, under which known_hosts has it by another name.
	on 1 /usr/sbin/sshd -p 2222 -o PidFile=/run/sshd-2222.pid
	wait_until 20 is_open 2222
	{
		cat real
		echo "[$(address 1)]:2222 $(cut -d ' ' -f 1,2 other.pub)"
	} >lab/known_hosts
	SSH="\"user\": \"admin\", \"identity_file\": \"$TMP/lab/id_ed25519\"" describe_lab
	mkdir -m 700 "$HOME/.ssh"
	printf 'Host %s\n\tPort 2222\n\tUserKnownHostsFile %s\nHost *\n\tUserKnownHostsFile %s\n' "$(address 1)" "$TMP/lab/known_hosts" "$TMP/lab/known_hosts" >"$HOME/.ssh/config"
	fails 'a changed key on another port' 5 'is not the one in known_hosts'
	like "$err" "ssh-keygen -R '\\[$(address 1)\\]:2222'" 'is told by the name it has in known_hosts'
	rm -r "$HOME/.ssh"
	on 1 pkill -F /run/sshd-2222.pid
	cp real lab/known_hosts
}

test_logins()
{
	local agent i
	SSH="\"user\": \"nobody-here\", \"identity_file\": \"$TMP/lab/id_ed25519\", \"known_hosts\": \"$TMP/lab/known_hosts\"" describe_lab
	run citusctl init --dry-run
	is "$status" 4 'a user that may not log in: exit status 4'
	like "$err" 'does not let user "nobody-here" in' 'and is named'

	cp lab/id_ed25519 locked && ssh-keygen -q -p -N 'correct horse' -f locked >/dev/null
	SSH="\"user\": \"admin\", \"identity_file\": \"$TMP/locked\", \"known_hosts\": \"$TMP/lab/known_hosts\"" describe_lab
	run citusctl init --dry-run
	is "$status" 1 'a key with a passphrase and no terminal: exit status 1'
	like "$err" 'has a passphrase, and there is no terminal' 'says so'

	# On a terminal the passphrase is asked for once, and not shown.
	mkfifo typed
	script -qefc "'$CITUSCTL' init --dry-run" "$TMP/screen" <typed >/dev/null 2>&1 &
	exec 7>typed
	wait_until 30 grep -q 'Passphrase of the key' screen && echo 'correct horse' >&7
	wait_until 60 grep -q 'COMMAND_EXIT_CODE' screen
	exec 7>&-
	wait
	like "$(cat screen)" 'COMMAND_EXIT_CODE="0"' 'with a terminal the passphrase is asked for'
	is "$(grep -c 'Passphrase of the key' screen)" 1 'once for all hosts'
	unlike "$(cat screen)" 'correct horse' 'and is not shown'

	agent=$(ssh-agent -s)
	eval "$agent" >/dev/null
	ssh-add -q lab/id_ed25519
	runs 'the agent knows the key with the passphrase' 0 citusctl init --dry-run
	SSH="\"user\": \"admin\", \"known_hosts\": \"$TMP/lab/known_hosts\"" describe_lab
	runs 'the agent without a key file' 0 citusctl init --dry-run
	kill "$SSH_AGENT_PID"
	unset SSH_AUTH_SOCK SSH_AGENT_PID
	run citusctl init --dry-run
	is "$status" 4 'without agent and key files nobody is let in'
	mkdir -m 700 "$HOME/.ssh" && cp lab/id_ed25519 "$HOME/.ssh/"
	runs 'the usual key file' 0 citusctl init --dry-run

	# The public half beside it: libssh makes what is missing, and other logins meet it half written.
	cp "$HOME/.ssh/id_ed25519.pub" public
	echo nonsense >"$HOME/.ssh/id_ed25519.pub"
	run citusctl init --dry-run
	is "$status" 1 'a public key that is none'
	like "$err" "cannot use the key beside .*/[.]ssh/id_ed25519[.]pub.*" 'is named'
	like "$err" '^hint: +Remove it' 'with what to do'
	# Half of the time, in turns shorter than the second for which they look again; when they
	# begin it is.
	: >"$HOME/.ssh/id_ed25519.pub"
	{
		whole=$(cat public)
		while sleep 0.3; do
			echo "$whole" >"$HOME/.ssh/id_ed25519.pub"
			sleep 0.3
			: >"$HOME/.ssh/id_ed25519.pub"
		done
	} &
	runs 'a public key that is being written' 0 citusctl init --dry-run
	kill $! && wait $! 2>/dev/null
	cp public "$HOME/.ssh/id_ed25519.pub"

	# ~/.ssh/config: other names, another user, a jump host.  worker1 is reached by it alone.
	cat >"$HOME/.ssh/config" <<-CONFIG
		Host first
			HostName $(address 0)
		Host second
			HostName $(address 1)
			ProxyJump first
		Host *
			User admin
			IdentityFile $TMP/lab/id_ed25519
			UserKnownHostsFile $TMP/lab/known_hosts
	CONFIG
	# ssh itself looks into the home of the password file only.
	mkdir -p bin
	printf '#!/bin/sh\nexec "%s" -F "%s" "$@"\n' "$(command -v ssh)" "$HOME/.ssh/config" >bin/ssh && chmod +x bin/ssh
	printf '{"name": "lab", "deploy": "ssh", "coordinator": {"host": "%s", "manage_host": "first"},
		"workers": [{"host": "%s", "manage_host": "second"}]}\n' "$(address 0)" "$(address 1)" >cluster.json
	black_hole 1
	PATH=$TMP/bin:$PATH runs 'a jump host of ~/.ssh/config' 0 citusctl init --dry-run
	no_black_hole 1

	# A proxy that does not end by itself: it holds both ends of its standard input.
	cat >"$HOME/.ssh/config" <<-CONFIG
		Host *
			ProxyCommand bash -c 'exec 3<>/dev/tcp/%h/%p; cat <&3 & exec cat >&3'
	CONFIG
	describe_lab
	runs 'a ProxyCommand for each host ends with the connection' 0 timeout -k 5 60 "$CITUSCTL" -c cluster.json init --dry-run
	rm -r "$HOME/.ssh"
}

test_hosts()
{
	describe_lab
	on 1 sed -i 's/NOPASSWD: //' /etc/sudoers.d/admin
	fails 'sudo that wants a password' 1 'may not use sudo without a password'
	like "$err" 'NOPASSWD' 'sudo that wants a password: shows the line that is missing'
	on 1 sed -i 's/ALL$/NOPASSWD: ALL/' /etc/sudoers.d/admin

	# With a name that does not resolve sudo warns before each command.
	own_name=$(on 1 hostname)
	on 1 hostname nosuchname
	on 1 mv /usr/share/postgresql/15/extension/citus.control /usr/share/postgresql/15/extension/citus.control.away
	run citusctl init
	is "$status" 1 'a host without Citus: exit status 1'
	like "$err" "Citus is not installed .* on $(address 1)" 'is named'
	unlike "$err" 'may not use sudo' 'and what sudo warns of is not taken for the reason'
	on 1 mv /usr/share/postgresql/15/extension/citus.control.away /usr/share/postgresql/15/extension/citus.control
	on 1 hostname "$own_name"

	echo mine >kept
	not_ok 'a connection that ends before a file is sent whole' sh "$REPO/host/put.sh" "$PWD/kept" 644 4000 </dev/null
	is "$(cat kept)" mine 'leaves the file as it was'

	# The root file system is full; what there is of it is 4 GB less what was written.
	on 1 sh -c 'mkdir -p /var/fill && dd if=/dev/zero of=/var/fill/it bs=1M 2>/dev/null; true'
	run citusctl init
	is "$status" 1 'a full disk: exit status 1'
	like "$err" '^citusctl: worker1: ' 'a full disk: names the node'
	like "$err" 'No space left on device' 'a full disk: and says what it is'
	on 1 rm -r /var/fill
	runs 'with space again init finishes the job' 0 citusctl init
	runs 'and then is done' 0 citusctl init --dry-run --exit-code
	citusctl -q -y destroy >/dev/null

	# A name that one host does not know.
	printf '{"name": "lab", "deploy": "ssh", "ssh": {"user": "admin", "identity_file": "%s/lab/id_ed25519", "known_hosts": "%s/lab/known_hosts"},
		"coordinator": {"host": "coordinator", "manage_host": "%s"}, "workers": [{"host": "worker1", "manage_host": "%s"}]}\n' \
		"$TMP" "$TMP" "$(address 0)" "$(address 1)" >cluster.json
	on 1 sh -c 'sed "/coordinator/d" /etc/hosts >/etc/hosts.new && cp /etc/hosts /etc/hosts.kept && cat /etc/hosts.new >/etc/hosts'
	run citusctl init
	is "$status" 1 'a name that one host does not know: exit status 1'
	like "$err" 'worker1: .*"coordinator", has no address on worker1' 'is named, and where'
	on 1 sh -c 'cat /etc/hosts.kept >/etc/hosts'
	runs 'when it does, init succeeds' 0 citusctl init
	is "$(on_sql 0 <<<"SELECT string_agg(nodename, ' ' ORDER BY groupid) FROM pg_dist_node")" 'coordinator worker1' 'the nodes call each other by name'
	citusctl -q -y destroy >/dev/null

	describe_lab '"postgres": {"settings": {"shared_buffers": "900TB"}}'
	run citusctl init
	is "$status" 1 'a server that does not come up: exit status 1'
	like "$err" 'the server 15/lab does not come up' 'says so'
	like "$err" 'FATAL|shared memory' "and shows what its log says"
	describe_lab '"tls": "off"'
	runs 'without encryption, and the setting mended' 0 citusctl init
	like "$out" 'not encrypted \("tls" is off\)' 'says that there is none'
	is "$(on_sql 0 <<<'SHOW ssl')" off 'and there is none'
	citusctl -q -y destroy >/dev/null
}

has_ended() { ! kill -0 "$1" 2>/dev/null; }

# Ctrl-C ends it soon, by the exit status of an interrupt; the next run goes on.
test_interrupt()
{
	describe_lab
	rm -f said # of the run before
	"$CITUSCTL" -v init >said 2>&1 &
	local pid=$!
	wait_until 60 grep -q 'create the server' said
	kill -INT "$pid"
	wait "$pid"
	is "$?" 130 'Ctrl-C: exit status 130'
	runs 'init after Ctrl-C' 0 citusctl init
	runs 'is complete' 0 citusctl init --dry-run --exit-code

	black_hole 1
	runs 'status while a worker is silent' 0 citusctl -o json status
	is "$(json '[.nodes[].state] | join(" ")')" 'active down' 'says which'
	no_black_hole 1

	# It falls silent when citusctl has logged in, and asks it something every second.
	rm -f said # of the run before
	"$CITUSCTL" logs --follow worker1 >said 2>&1 &
	pid=$!
	ok 'the log of a worker' wait_until 60 test -s said
	black_hole 1
	sleep 3
	kill -INT "$pid"
	ok 'Ctrl-C while a host is asked that does not answer any more ends soon' wait_until 12 has_ended "$pid"
	no_black_hole 1
	wait "$pid"
	citusctl -q -y destroy >/dev/null
}

lab_or_skip 'faults of hosts'
LAB_DISK=700m lab_up 2 || exit 1
test_connections
test_keys
test_logins
test_hosts
test_interrupt
finish
