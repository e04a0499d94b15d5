#!/usr/bin/env bash
# Hosts with systemd, and hosts of the other family of distributions.  Neither can be had
# on one machine without starting it: a stand-in for systemctl keeps what it was called with
# and does what the units would, and hosts are dressed as of that family (its directories,
# no programs of Debian's for servers, a stand-in for dnf).  PostgreSQL and Citus are real.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/lab/lib.sh
. "$REPO/tests/lab/lib.sh"

# HOST gets a systemd that "runs".
with_systemd()
{
	on "$1" sh -c 'mkdir -p /run/systemd/system && cat >/usr/local/bin/systemctl && chmod +x /usr/local/bin/systemctl' <<-'SH'
		#!/bin/sh
		# The stand-in: one line a call into a file, then what the unit does.
		echo "$*" >>/var/log/systemctl.calls
		verb='' unit='' now=''
		for word; do
			case $word in
				--now) now=1 ;;
				-*) ;;
				*) if [ -z "$verb" ]; then verb=$word; else unit=${word%.service}; fi ;;
			esac
		done
		case $unit in
			postgresql@*)
				instance=${unit#postgresql@}
				case $verb in
					start | stop | restart | reload) exec pg_ctlcluster --skip-systemctl-redirect "${instance%%-*}" "${instance#*-}" "$verb" ;;
				esac ;;
			postgresql-*)
				major=${unit#postgresql-}
				data=/var/lib/pgsql/$major/data
				mkdir -p /run/postgresql && chown postgres:postgres /run/postgresql && chmod 2775 /run/postgresql
				case $verb$now in
					start) set -- start -w -l /var/log/unit.log ;;
					stop | disable1) set -- stop -w ;;
					restart) set -- restart -w -l /var/log/unit.log ;;
					reload) set -- reload ;;
					*) exit 0 ;;
				esac
				exec runuser -u postgres -- "/usr/pgsql-$major/bin/pg_ctl" "$@" -s -D "$data" ;;
			citusctl-pgbouncer-*)
				start=$(sed -n 's/^ExecStart=//p' "/etc/systemd/system/$unit.service")
				pid=$(cat "/run/postgresql/$unit.pid" 2>/dev/null)
				case $verb$now in
					stop | restart | disable1) [ -z "$pid" ] || kill -INT "$pid" 2>/dev/null ;;
				esac
				case $verb in
					# shellcheck disable=SC2086
					start | restart) exec runuser -u postgres -- ${start%% *} -d ${start#* } ;;
				esac ;;
		esac
		exit 0
	SH
	on "$1" sh -c ': >/var/log/systemctl.calls; chmod 666 /var/log/systemctl.calls; : >/var/log/unit.log; chown postgres /var/log/unit.log'
}

# calls HOST: what systemctl was called with since the last time.
calls() { on "$1" sh -c 'cat /var/log/systemctl.calls; : >/var/log/systemctl.calls'; }

test_debian()
{
	local unit=postgresql@$PG_MAJOR-lab pooler=''
	with_systemd 0
	with_systemd 1
	PATH=$PATH:/usr/sbin command -v pgbouncer >/dev/null && pooler='"pooler": {"port": 6432}'
	describe_lab "$pooler"
	runs 'init with systemd' 0 citusctl init
	like "$(calls 1)" "^start $unit\$" 'starts the unit of Debian'
	is "$(on 1 pg_lsclusters -h | awk '{ print $4 }')" online 'and the server runs'
	if [ -n "$pooler" ]; then
		like "$(on 0 cat /etc/systemd/system/citusctl-pgbouncer-lab.service)" '^ExecStart=/[a-z/]*/pgbouncer /etc/postgresql/.*/citusctl-pgbouncer.ini$' 'the pooler has a unit'
		run calls 0
		like "$out" '^daemon-reload$' 'which systemd is told of'
		like "$out" '^-q enable citusctl-pgbouncer-lab.service$' 'comes up when the host boots'
		like "$out" '^restart citusctl-pgbouncer-lab.service$' 'and is started'
		is "$(PGPASSWORD=$(cat "$CITUSCTL_HOME/lab/password") psql -X -A -t "host=$(address 0) port=6432 user=lab dbname=lab sslmode=require" -c 'SELECT 1')" 1 'it takes clients'
	else
		skip 'the pooler has a unit' 'PgBouncer is not installed'
	fi
	runs 'init again' 0 citusctl -o json init
	is "$(json .changed),$(calls 1)" 0, 'calls systemctl for nothing'
	describe_lab "${pooler:+$pooler, }"'"postgres": {"settings": {"shared_buffers": "64MB"}}'
	runs 'a setting that needs a restart' 0 citusctl init
	is "$(calls 1 | grep -v daemon)" "restart $unit" 'restarts the unit'
	runs 'node stop' 0 citusctl node stop worker1
	is "$(calls 1 | grep -v daemon)" "stop $unit" 'stops it'
	on 1 sh -c "echo \"shared_buffers = '900TB'\" >>/var/lib/postgresql/$PG_MAJOR/lab/postgresql.auto.conf"
	runs 'a unit that does not come up' 1 citusctl node start worker1
	like "$err" 'shared_buffers' "is told with the last lines of the server's log"
	# shellcheck disable=SC2016 # for sed
	on 1 sed -i '$d' "/var/lib/postgresql/$PG_MAJOR/lab/postgresql.auto.conf"
	runs 'node start' 0 citusctl node start worker1
	like "$(calls 1)" "^start $unit\$" 'starts it'
	runs 'destroy' 0 citusctl -y destroy
	like "$(calls 1)" "^stop $unit\$" 'stops it'
	is "$(on 0 sh -c 'ls /etc/systemd/system/citusctl-* 2>/dev/null')" '' 'leaves no unit behind'
}

# HOST becomes one of the other family, with what its packages bring but Citus.
dress()
{
	on "$1" sh -c "printf 'ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\nVERSION_ID=\"9.4\"\n' >/etc/os-release.new && rm -f /etc/os-release && mv /etc/os-release.new /etc/os-release
		rm -f /usr/bin/pg_createcluster /usr/bin/pg_ctlcluster /usr/bin/pg_dropcluster /usr/bin/pg_lsclusters /usr/bin/apt-get /usr/bin/apt-cache
		rm -rf /etc/postgresql /var/lib/postgresql; mkdir -p /usr/pgsql-$PG_MAJOR /etc/yum.repos.d /etc/pki/rpm-gpg
		ln -s /usr/lib/postgresql/$PG_MAJOR/bin /usr/pgsql-$PG_MAJOR/bin
		mv /usr/share/postgresql/$PG_MAJOR/extension/citus.control /usr/share/postgresql/$PG_MAJOR/extension/citus.control.away"
	with_systemd "$1"
	on "$1" sh -c 'cat >/usr/local/bin/dnf && chmod +x /usr/local/bin/dnf' <<-'SH'
		#!/bin/sh
		echo "$*" >>/var/log/dnf.calls
		case $* in
			*repoquery*) printf 'citus130_%s\n\ncitus132_%s\ncitus132_%s-devel\n' "${5##*_}" "${5##*_}" "${5##*_}" ;;
			*install*) for file in /usr/share/postgresql/*/extension/citus.control.away; do mv "$file" "${file%.away}"; done ;;
		esac
	SH
}

test_rhel()
{
	local unit=postgresql-$PG_MAJOR data=/var/lib/pgsql/$PG_MAJOR/data
	dress 0
	dress 1
	describe_lab
	runs 'hosts of the other family without Citus' 1 citusctl init
	like "$err" 'Citus is not installed' 'say so'
	export GNUPGHOME=$TMP/gpg
	mkdir -m 700 "$GNUPGHOME"
	gpg --batch --quiet --passphrase '' --quick-generate-key test default default never 2>/dev/null
	gpg --armor --export test >key.asc
	describe_lab '"packages": "install", "postgres": {"version": '"$PG_MAJOR"'}, "schema": ["schema.sql"], "tables": [{"name": "items", "distribution_column": "id"}],
		"repositories": [{"name": "own", "source": "https://packages.invalid/el9", "key_file": "key.asc", "fingerprint": "'"$(gpg --with-colons --list-keys test | awk -F: '/^fpr/ { print $10; exit }')"'"}]'
	echo 'CREATE TABLE IF NOT EXISTS items (id bigint PRIMARY KEY)' >schema.sql
	runs 'init installs packages by dnf' 0 citusctl init
	like "$err" "worker1 +install the packages +changed +postgresql-$PG_MAJOR, citus132_$PG_MAJOR" 'and says which'
	like "$(on 1 cat /var/log/dnf.calls)" "^-q -y install postgresql$PG_MAJOR-server postgresql$PG_MAJOR-contrib citus132_$PG_MAJOR\$" 'server, contrib and the newest Citus'
	like "$(on 1 cat /var/log/dnf.calls)" '^-q -y module disable postgresql$' 'past the module of the distribution'
	is "$(on 1 cat /etc/yum.repos.d/citusctl-own.repo)" $'[citusctl-own]\nname=own\nbaseurl=https://packages.invalid/el9\nenabled=1\ngpgcheck=1\ngpgkey=file:///etc/pki/rpm-gpg/citusctl-own.asc' 'from the repository described, whose key is demanded'
	ok 'the key is there' on 1 grep -q 'BEGIN PGP PUBLIC KEY BLOCK' /etc/pki/rpm-gpg/citusctl-own.asc
	is "$(calls 1 | grep -v daemon)" "-q enable $unit"$'\n'"start $unit" 'the service is enabled and started'
	is "$(on 1 stat -c '%U %a' "$data")" 'postgres 700' 'the data directory is where the packages have it'
	is "$(on_sql 0 <<<'INSERT INTO items SELECT generate_series(1, 50); SELECT count(*) FROM items')" 50 'and the cluster works'
	runs 'init again' 0 citusctl -o json init
	is "$(json .changed),$(calls 1)" 0, 'changes nothing'
	runs 'check' 0 citusctl check
	on_sql 1 <<<"ALTER SYSTEM SET max_connections = '150'"
	on 1 sh -c "echo 'host all all 0.0.0.0/0 trust' >>$data/pg_hba.conf"
	runs 'what somebody changed' 3 citusctl init --dry-run --exit-code
	like "$out" "$data/pg_hba.conf has a line that is not described" 'is named'
	runs 'and mended' 0 citusctl init
	runs 'node restart' 0 citusctl node restart worker1
	run citusctl logs worker1 -n 200
	like "$out" 'database system is ready' 'logs finds its log'
	runs 'node stop' 0 citusctl node stop worker1
	on 1 sh -c "echo 'nonsense = 1' >>$data/postgresql.conf"
	runs 'a server that does not come up' 1 citusctl node start worker1
	like "$err" 'the server .* does not come up' 'is told'
	# shellcheck disable=SC2016 # for sed
	on 1 sed -i '$d' "$data/postgresql.conf"
	runs 'destroy' 0 citusctl -y destroy
	is "$(on 1 sh -c "ls -d $data /var/lib/citusctl/lab 2>/dev/null; head -c 0 /dev/null")" '' 'leaves nothing'
	on 1 setpriv --reuid postgres --regid postgres --init-groups "/usr/pgsql-$PG_MAJOR/bin/initdb" --no-sync -D "$data" >/dev/null
	runs 'a server that citusctl did not make' 5 citusctl init
	like "$err" "15/data on .* port 5432, which citusctl did not create, does not fit" 'is left alone'
}

lab_or_skip 'systemd and the other family'
lab_up 2 || exit 1
test_debian
test_rhel
lab down "$TMP/lab" >/dev/null
finish
