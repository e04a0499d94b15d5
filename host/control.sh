#!/bin/sh
# Starts, stops or restarts a server and waits for it; on failure shows the end of its log.
# control.sh start|stop|restart UNIT MAJOR SERVER LOG: by systemd where that runs.
# Debian's servers have pg_ctlcluster; nothing here may hold on to our output.
size=$(stat -c %s "$5" 2>/dev/null || echo 0)
if [ -d /run/systemd/system ]; then
	said=$(systemctl "$1" "$2" 2>&1 </dev/null)
else
	said=$(pg_ctlcluster "$3" "$4" "$1" 2>&1 </dev/null)
fi
status=$?
[ "$status" -eq 0 ] || [ "$status" -eq 2 ] && exit 0
tail=$(tail -c "+$((size + 1))" "$5" 2>/dev/null | tail -n 8)
echo "${tail:-$said}" >&2
exit 1
