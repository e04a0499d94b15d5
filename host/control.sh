#!/bin/sh
# Starts, stops, restarts (and waits for it) or reloads a server; on failure shows the end of its log.
# control.sh start|stop|restart|reload UNIT BINDIR DATA CONFIG LOG: CONFIG is the file of
# settings where that is not in DATA, which it then names; else "".
# By systemd where that runs; elsewhere as pg_ctlcluster does it, less the seconds that it
# sleeps.  Nothing here may hold on to our output.
verb=$1 unit=$2 bindir=$3 data=$4 config=$5 log=$6
size=$(stat -c %s "$log" 2>/dev/null || echo 0)
if [ -d /run/systemd/system ]; then
	said=$(systemctl "$verb" "$unit" 2>&1 </dev/null)
	status=$?
else
	mkdir -p /run/postgresql && chown postgres:postgres /run/postgresql && chmod 2775 /run/postgresql
	start_log=$log
	set --
	if [ -n "$config" ]; then
		data=$(sed -n "s/^data_directory *= *'\([^']*\)'.*/\1/p" "$config" | tail -n 1)
		set -- -o "-c config_file=\"$config\""
	else
		start_log=${data%/*}/citusctl-start.log # its own log is begun by the server
	fi
	case $verb in
		start | restart) set -- "$@" -w -t 60 -l "$start_log" ;;
		stop) set -- -w -t 60 ;;
		*) set -- ;;
	esac
	said=$(runuser -u postgres -- "$bindir/pg_ctl" "$verb" -s -D "$data" "$@" 2>&1 </dev/null)
	status=$?
	# The start of a run that was killed may have been faster: then that server is the one.
	# shellcheck disable=SC3013 # dash and bash know -ef
	runs() { read -r pid 2>/dev/null <"$data/postmaster.pid" && [ "/proc/$pid/cwd" -ef "$data" ]; }
	tries=600
	while [ "$status" -ne 0 ] && [ "$verb" = start ] && [ "$tries" -gt 0 ] && runs; do
		sed -n 8p "$data/postmaster.pid" | grep -q '^ready' && status=0
		tries=$((tries - 1))
		sleep 0.1
	done
fi
[ "$status" -eq 0 ] && exit 0
tail=$(tail -c "+$((size + 1))" "$log" 2>/dev/null | tail -n 8)
[ -z "$tail" ] && [ -d /run/systemd/system ] && tail=$(journalctl -q -n 8 -o cat --no-pager -u "$unit" 2>/dev/null)
[ -z "$tail" ] && [ -n "$start_log" ] && tail=$(tail -n 8 "$start_log" 2>/dev/null)
echo "${tail:-$said}" >&2
exit 1
