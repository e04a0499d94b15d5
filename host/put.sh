#!/bin/sh
# Makes files hold what standard input says, one text behind the other.
# put.sh { PATH MODE BYTES }...: prints "changed PATH" for each that was not so already.
umask 077
export LC_ALL=C # bytes are counted
while [ $# -ge 3 ]; do
	# A trailing newline gets lost in $(), but not in front of an x.
	text=$(head -c "$3" && echo x) || exit 1
	text=${text%x}
	[ "${#text}" -eq "$3" ] || { echo "the connection ended early" >&2; exit 1; }
	if ! { [ -f "$1" ] && printf '%s' "$text" | cmp -s - "$1" && [ "$(stat -c %a "$1")" = "$2" ]; }; then
		printf '%s' "$text" >"$1.citusctl-new" && chmod "$2" "$1.citusctl-new" &&
			sync "$1.citusctl-new" && mv -fT "$1.citusctl-new" "$1" || exit 1
		echo "changed $1"
	fi
	shift 3
done
