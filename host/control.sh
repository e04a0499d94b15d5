#!/bin/sh
# Starts, stops, restarts (and waits for it) or reloads a server; on failure shows the end of its log.
# control.sh start|stop|restart|reload UNIT MAJOR SERVER LOG
# By systemd where that runs; elsewhere as pg_ctlcluster does it, less the seconds that it
# sleeps.  Nothing here may hold on to our output.
size=$(stat -c %s "$5" 2>/dev/null || echo 0)
conf=/etc/postgresql/$3/$4/postgresql.conf
data=$(sed -n "s/^data_directory *= *'\([^']*\)'.*/\1/p" "$conf" | tail -n 1)
if [ -d /run/systemd/system ]; then
	said=$(systemctl "$1" "$2" 2>&1 </dev/null)
	status=$?
else
	mkdir -p /run/postgresql && chown postgres:postgres /run/postgresql && chmod 2775 /run/postgresql
	verb=$1 major=$3 log=$5
	shift 5
	case $verb in
		start | restart) set -- -w -t 60 -l "$log" -o "-c config_file=\"$conf\"" ;;
		stop) set -- -w -t 60 ;;
	esac
	said=$(runuser -u postgres -- "/usr/lib/postgresql/$major/bin/pg_ctl" "$verb" -s -D "$data" "$@" 2>&1 </dev/null)
	status=$?
	set -- "$verb" - "$major" - "$log"
fi
[ "$status" -eq 0 ] && exit 0
tail=$(tail -c "+$((size + 1))" "$5" 2>/dev/null | tail -n 8)
echo "${tail:-$said}" >&2
exit 1
