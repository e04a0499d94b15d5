# shellcheck shell=bash
# For integration tests on hosts: source it after tests/integration/lib.sh.
#
#   lab_or_skip NAME        ends the test as skipped where there can be no laboratory
#   lab_up HOSTS            makes it in $TMP/lab, which goes away with the test
#   describe_lab [MEMBERS]  writes cluster.json
#   on HOST COMMAND...      runs it as root in a host (0: the coordinator)

lab() { bash "$REPO/tests/lab/lab.sh" "$@"; }

lab_or_skip()
{
	local why
	if ! have_citus; then
		skip "$1" "Citus is not installed for PostgreSQL $PG_MAJOR here, and hosts need it"
	elif ! why=$(lab check); then
		skip "$1" "$why"
	else
		return
	fi
	finish
}

lab_up()
{
	# What the hosts see of this machine's files is not below a temporary directory of
	# the test alone: the laboratory keeps keys there and nothing else.
	LAB_OWNER=$$ lab up "$TMP/lab" "$1" >"$TMP/lab.log" 2>&1 || { diag "$(cat "$TMP/lab.log")"; return 1; }
	lab_number=$(cat "$TMP/lab/number")
	lab_hosts=$1
}

address() { echo "198.18.$lab_number.$((10 + $1))"; }

# With the laboratory's key and known_hosts, two networks open, and MEMBERS behind.
# SSH in the environment replaces the members of "ssh", HOSTS the number of hosts.
describe_lab()
{
	local i hosts=${HOSTS:-$lab_hosts}
	{
		printf '{"name": "lab", "deploy": "ssh", "access": ["198.18.%s.0/24"], ' "$lab_number"
		printf '"ssh": {%s}, ' "${SSH-"\"user\": \"admin\", \"identity_file\": \"$TMP/lab/id_ed25519\", \"known_hosts\": \"$TMP/lab/known_hosts\""}"
		printf '"coordinator": {"host": "%s"}, "workers": [' "$(address 0)"
		for ((i = 1; i < hosts; i++)); do
			[ "$i" -gt 1 ] && printf ', '
			printf '{"host": "%s"}' "$(address "$i")"
		done
		printf ']%s}\n' "${1:+, $1}"
	} >cluster.json
}

on() { lab exec "$TMP/lab" "$@"; }

# As the superuser in the database of the host, by its socket.
on_sql()
{
	local host=$1
	shift
	on "$host" setpriv --reuid postgres --regid postgres --init-groups env -C / psql -X -q -A -t -v ON_ERROR_STOP=1 -d lab "$@"
}

# Cuts a host off from this machine (and what comes back from it), without a word.
black_hole() { ip -n "lab$lab_number-$1" route add blackhole "198.18.$lab_number.1/32"; }
no_black_hole() { ip -n "lab$lab_number-$1" route del blackhole "198.18.$lab_number.1/32"; }

clean_up_lab()
{
	lab down "$TMP/lab"
	clean_up
}
trap clean_up_lab EXIT
