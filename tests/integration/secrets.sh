#!/usr/bin/env bash
# A password appears nowhere: in no output of any verb, with -v and when things go wrong,
# in no command line and no environment of any process, in no log, no journal.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

# Looks for the passwords in the processes of this machine until the file $1 goes away.
watch_processes()
{
	local file
	while [ -e "$1" ]; do
		for file in "$CITUSCTL_HOME/$2/password" "$CITUSCTL_HOME/$2/superuser-password"; do
			[ -s "$file" ] && grep -lsaF -f "$file" /proc/[0-9]*/cmdline /proc/[0-9]*/environ
		done
		sleep 0.02
	done >"$1.seen"
}

# say STATUS WORDS...: runs a verb with -v and keeps all that it says.
say()
{
	local wanted=$1
	shift
	run citusctl -v "$@"
	printf '%s\n%s\n' "$out" "$err" >>said
	is "$status" "$wanted" "$engine: $*"
}

describe()
{
	write_description "$name" '"engine": "'"$engine"'", "workers": [{"name": "w1"}, {"name": "w2"}'"${1-}"'], "shard_count": 4, "schema": ["shop.sql"],
		"tables": [{"name": "items", "distribution_column": "id"}]'
}

test_secrets()
{
	engine=$1 name=secrets_$1
	: >said
	echo 'CREATE TABLE IF NOT EXISTS items (id bigint PRIMARY KEY)' >shop.sql
	describe
	: >watched
	watch_processes "$TMP/watched" "$name" &
	say 0 init
	# A description that does not fit, a role that is spoilt, credentials that are wrong.
	say 0 psql --superuser w1 -- -c "ALTER ROLE $name PASSWORD 'another'"
	say 0 init --dry-run
	say 3 check
	say 0 init
	say 0 check
	echo 'SELECT no_such_function()' >shop.sql
	say 1 init
	echo 'CREATE TABLE IF NOT EXISTS items (id bigint PRIMARY KEY)' >shop.sql
	say 0 init
	describe ', {"name": "w3"}'
	say 0 node add w3
	say 0 node list
	say 0 status
	say 0 node drain w3
	say 0 -y node remove w3
	say 5 init
	describe
	say 0 node restart w1
	say 0 node stop w2
	say 3 check
	say 4 -y node remove w2
	say 0 node start
	say 2 node add w9
	say 0 psql -- -c 'SELECT 1'
	say 4 psql --superuser -- -d no_such_database -c 'SELECT 1'
	say 0 exec -- true
	say 1 exec -- false
	say 0 logs -n 1000
	say 0 history
	run citusctl -o json history
	echo "$out" >>said
	rm watched
	wait
	is "$(cat watched.seen)" '' "$engine: no process has one in its command line or environment"
	for file in password superuser-password; do
		not_ok "$engine: $file is in nothing that was said" grep -qFf "$CITUSCTL_HOME/$name/$file" said
		is "$(grep -lFf "$CITUSCTL_HOME/$name/$file" "$CITUSCTL_HOME/$name"/*.log "$CITUSCTL_HOME/$name"/state.json "$CITUSCTL_HOME/$name"/*/*.conf)" '' \
			"$engine: $file is in no log and no file of settings"
		is "$(echo 'TABLE citusctl.operations' | node_sql "$name" coordinator | grep -cFf "$CITUSCTL_HOME/$name/$file")" 0 "$engine: $file is not in the journal"
		is "$(stat -c %a "$CITUSCTL_HOME/$name/$file")" 600 "$engine: $file is its owner's alone"
	done

	# What a superuser of ours writes to is not the application's, whose triggers would run as one.
	runs "$engine: the application may see the record of removed nodes" 0 citusctl psql -- -c 'TABLE citusctl_nodes.removed'
	run citusctl psql -- -v ON_ERROR_STOP=1 -c 'CREATE FUNCTION evil() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$' \
		-c 'CREATE TRIGGER evil BEFORE DELETE ON citusctl_nodes.removed EXECUTE FUNCTION evil()'
	is "$status" 1 "$engine: and may put no trigger on it"
	like "$err" 'permission denied' "$engine: for want of the right"
	citusctl -q psql --superuser -- -q -c 'SET client_min_messages TO warning; DROP SCHEMA citusctl_nodes CASCADE' >/dev/null
	run citusctl psql -- -c 'CREATE SCHEMA citusctl_nodes'
	runs "$engine: a schema that the application made before" 1 citusctl -y node remove w2
	like "$err" 'schema citusctl_nodes belongs to a role that is no superuser' "$engine: is not written to"
	runs "$engine: destroy" 0 citusctl -y destroy
}

for_each_engine test_secrets
finish
