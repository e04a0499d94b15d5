#!/bin/sh
# Prints the size of a log on a line of its own, and its last lines or what is new.
# log.sh FILE LINES OFFSET: with an OFFSET of 0 or more what stands behind it, at most
# 200 kB; a file that became shorter was begun anew.
size=$(stat -c %s -- "$1") || exit 1
echo "$size"
offset=$3
[ "$offset" -gt "$size" ] && offset=0
if [ "$offset" -lt 0 ]; then
	tail -n "$2" -- "$1"
else
	tail -c "+$((offset + 1))" -- "$1" | head -c "$((size - offset))" | tail -c 200000
fi
