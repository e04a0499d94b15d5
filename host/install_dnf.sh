#!/bin/sh
# Installs PostgreSQL and Citus by dnf, from repositories built as PostgreSQL's own are.
# install_dnf.sh MAJOR [PACKAGE...]: the newest Citus for that version that dnf knows, and
# the packages named.  The distribution's own PostgreSQL would hide that of the repositories.
major=$1
shift
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
dnf -q -y module disable postgresql >/dev/null 2>&1 </dev/null
citus=$(dnf -q repoquery --qf '%{name}\n' "citus*_$major" 2>"$log" </dev/null | grep -E "^citus[0-9]*_$major\$" | sort -V | tail -n 1)
if [ -z "$citus" ]; then
	tail -n 3 "$log" >&2
	echo "no repository that this host knows has a package citus_$major" >&2
	exit 1
fi
dnf -q -y install "postgresql$major-server" "postgresql$major-contrib" "$citus" "$@" >"$log" 2>&1 </dev/null ||
	{ tail -n 8 "$log" >&2; exit 1; }
echo "$citus"
