#!/bin/sh
# Logs in from this host to other servers, as a node does, and prints for each
# "login INDEX ok" or "login INDEX WHY".  Passwords are in a file, never among the words.
# logins.sh PSQL SERVICEFILE COUNT: the service file has sections n0, n1, ...
psql=$1 count=$3
export PGSERVICEFILE="$2" PGCONNECT_TIMEOUT=4 PGPASSFILE=/dev/null LC_ALL=C
i=0
while [ "$i" -lt "$count" ]; do
	(
		if said=$("$psql" -X -w -A -t -d "service=n$i" -c 'SELECT 1' 2>&1); then
			echo "login $i ok"
		else
			echo "login $i $(printf '%s' "$said" | tr '\n' ' ')"
		fi
	) &
	i=$((i + 1))
done
wait
