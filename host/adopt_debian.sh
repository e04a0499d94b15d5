#!/bin/sh
# Takes over a server that is there: from now on its settings include ours.
# adopt_debian.sh CLUSTER MAJOR SERVER LOCALE BYTES ID: settings that have to stay, so many bytes, on
# standard input.
# Nothing of the server's own is changed but one line of its postgresql.conf, where that
# does not include conf.d already.
set -e
umask 022
mkdir -p "/var/lib/citusctl/$1"
cd "/var/lib/citusctl/$1"
exec 9>lock
flock -w 120 9 || { echo "another run works on this server" >&2; exit 1; }
config=/etc/postgresql/$2/$3
[ -e "$config/postgresql.conf" ] || { echo "there is no $config/postgresql.conf" >&2; exit 1; }
cat >kept.conf.new
[ "$(wc -c <kept.conf.new)" -eq "$5" ] || { echo "the connection ended early" >&2; exit 1; }
mv -f kept.conf.new kept.conf
install -d -o postgres -g postgres -m 755 "$config/conf.d"
if ! grep -Eq "^[[:space:]]*include_dir[[:space:]]*=?[[:space:]]*'conf\.d'" "$config/postgresql.conf" &&
	! grep -q "^include_if_exists 'conf.d/citusctl.conf'" "$config/postgresql.conf"; then
	cp -p "$config/postgresql.conf" "$config/postgresql.conf.citusctl-new"
	printf "\ninclude_if_exists 'conf.d/citusctl.conf'\t# citusctl\n" >>"$config/postgresql.conf.citusctl-new"
	mv -f "$config/postgresql.conf.citusctl-new" "$config/postgresql.conf"
fi
echo "adopted $2 $3 $4 $6" >state.new && chmod 644 state.new && mv -f state.new state
