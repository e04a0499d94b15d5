#!/bin/sh
# Logs in from this host to other servers, as a node does, and prints for each
# "login INDEX ok" or "login INDEX WHY".
# logins.sh PSQL COUNT: a service file with sections n0, n1, ... on standard input.  It holds
# passwords: it is never among the words, and goes however this ends.
umask 077
psql=$1 count=$2
file=$(mktemp) || exit 1
trap 'rm -f "$file"' EXIT
trap 'exit 1' HUP INT TERM PIPE
cat >"$file"
export PGSERVICEFILE="$file" PGCONNECT_TIMEOUT=4 PGPASSFILE=/dev/null LC_ALL=C
i=0
while [ "$i" -lt "$count" ]; do
	(
		trap - EXIT
		if said=$("$psql" -X -w -A -t -d "service=n$i" -c 'SELECT 1' 2>&1 </dev/null); then
			echo "login $i ok"
		else
			echo "login $i $(printf '%s' "$said" | tr '\n' ' ')"
		fi
	) &
	i=$((i + 1))
done
wait
