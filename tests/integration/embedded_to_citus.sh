#!/usr/bin/env bash
# The way of a database from the embedded engine to Citus that the README describes: dump, init, load. And that neither engine
# is installed beside the other.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

describe()
{
	printf '{"name": "from_%s", "workers": 2, "shard_count": 4, "engine": "%s", "postgres": {"database": "shop", "user": "shop"},
		"schema": ["shop.sql"], "tables": [{"name": "countries", "reference": true},
		{"name": "companies", "distribution_column": "id"},
		{"name": "orders", "distribution_column": "company_id", "colocate_with": "companies"}]}\n' "$1" "$1" >"$1.json"
}

everything()
{
	DATABASE=shop node_sql "from_$1" coordinator <<-'SQL'
		SELECT * FROM countries ORDER BY code;
		SELECT * FROM companies ORDER BY id;
		SELECT * FROM orders ORDER BY company_id, id;
		SELECT c.name, sum(o.total) FROM companies c JOIN orders o ON o.company_id = c.id GROUP BY 1 ORDER BY 1;
	SQL
}

cat >shop.sql <<'SQL'
CREATE TABLE countries (code char(2) PRIMARY KEY, name text);
CREATE TABLE companies (id bigserial PRIMARY KEY, "its name" text, name text GENERATED ALWAYS AS (upper("its name")) STORED);
CREATE TABLE orders (company_id bigint REFERENCES companies, id bigint GENERATED ALWAYS AS IDENTITY, country char(2) REFERENCES countries,
	total numeric(10, 2) DEFAULT 1 CHECK (total > 0), note text, PRIMARY KEY (company_id, id));
CREATE INDEX by_country ON orders (country);
SQL

describe embedded
runs 'embedded: init succeeds' 0 citusctl -c embedded.json init
DATABASE=shop node_sql from_embedded coordinator >/dev/null <<'SQL'
INSERT INTO countries VALUES ('de', 'Germany'), ('fr', E'Tab\tand \\ "quotes"');
INSERT INTO companies ("its name") SELECT 'company ' || i FROM generate_series(1, 20) i;
INSERT INTO orders (company_id, country, total, note) SELECT 1 + i % 20, CASE i % 3 WHEN 0 THEN 'de' WHEN 1 THEN 'fr' END, i, NULLIF(i % 5, 0)
FROM generate_series(1, 200) i;
SQL
everything embedded >before
DATABASE=shop node_sql from_embedded coordinator -c 'SELECT citus_embedded.undistribute_all()' >/dev/null
everything embedded >plain
is "$(wc -l <before)" 242 'the embedded cluster has its rows'
ok 'and has them when its tables are plain' cmp before plain
PGPASSWORD=$(cat "$CITUSCTL_HOME/from_embedded/superuser-password") "$BINDIR/pg_dump" --data-only --schema=public \
	-h "$CITUSCTL_HOME/from_embedded/run" -p "$(jq .nodes.coordinator.port "$CITUSCTL_HOME/from_embedded/state.json")" -U postgres shop >dump.sql 2>dump.err
is "$?$(cat dump.err)" 0 'pg_dump has nothing to complain of'
unlike "$(cat dump.sql)" 'citus_embedded|password' 'and dumps nothing of the engine'

to_citus()
{
	if [ "$1" != citus ]; then
		return
	fi
	describe citus
	runs 'citus: init succeeds' 0 citusctl -c citus.json init
	ok 'citus: the dump is loaded' eval 'DATABASE=shop node_sql from_citus coordinator <dump.sql'
	everything citus >after
	ok 'citus: with the same rows' cmp before after
	is "$(DATABASE=shop node_sql from_citus coordinator -c "INSERT INTO companies (\"its name\") VALUES ('next') RETURNING id" \
		-c "INSERT INTO orders (company_id) VALUES (21) RETURNING id" | tr '\n' ' ')" '21 201 ' 'citus: sequences go on'
	run eval 'DATABASE=shop node_sql from_citus coordinator <"$REPO/sql/embedded/00_catalog.sql"'
	like "$err" 'extension citus is installed in database shop' 'a database with Citus refuses the embedded engine'
}
for_each_engine to_citus
run eval 'DATABASE=shop node_sql from_embedded coordinator -c "CREATE EXTENSION citus"'
like "$err" 'database shop has the embedded engine' 'a database with the embedded engine refuses Citus'
finish
