-- What applications do all day, and what their migrations use that a table's own definition does not say.
CREATE SCHEMA "Ordi nary";
SET search_path = "Ordi nary", public;

-- Columns that are called like what SQL calls them by; with and without a key.
CREATE TABLE letters (t text PRIMARY KEY, c int, r int, o int, n int, id int, nth int, times int, chunk int, changed int, rows int);
CREATE TABLE keyless (t text, c int, r int);
CREATE TABLE single (c text);
INSERT INTO letters VALUES ('a', 1, 2, 3, 4, 5, 6, 7, 8, 9), ('b', 1, 2, 3, 4, 5, 6, 7, 8, 9);
INSERT INTO keyless VALUES ('a', 1, 1), ('a', 1, 1), ('a', 2, 2), ('b', 1, 1);
SELECT create_reference_table('letters');
SELECT create_reference_table('keyless');
SELECT create_reference_table('single');
INSERT INTO letters VALUES ('c', 1);
UPDATE letters SET c = 5, t = 'd' WHERE t = 'c';
DELETE FROM letters WHERE t = 'a';
INSERT INTO keyless VALUES ('a', 3, 3), ('c', 4, 4);
UPDATE keyless SET c = 9 WHERE r = 2;
DELETE FROM keyless WHERE r = 3;
INSERT INTO single VALUES ('(x)'), ('y,z');
DELETE FROM single WHERE c = 'y,z';
SELECT count(DISTINCT result), min(result) FROM run_command_on_all_nodes($$SELECT string_agg(ROW(a.*)::text, ' ' ORDER BY a.t) FROM "Ordi nary".letters a$$);
SELECT count(DISTINCT result), min(result) FROM run_command_on_all_nodes($$SELECT string_agg(ROW(a.*)::text, ' ' ORDER BY a.t, a.c) FROM "Ordi nary".keyless a$$);
SELECT count(DISTINCT result), min(result) FROM run_command_on_all_nodes($$SELECT string_agg(ROW(a.*)::text, ' ' ORDER BY a.c) FROM "Ordi nary".single a$$);

-- A session that writes dates its own way.
CREATE TABLE times (d date, ts timestamp, tstz timestamptz, b bytea, m text);
SELECT create_reference_table('times');
SET datestyle = 'SQL, DMY';
SET timezone = 'Europe/Berlin';
SET bytea_output = 'escape';
INSERT INTO times VALUES ('03/02/2024', '03/02/2024 04:05:06', '03/02/2024 04:05:06', '\000\\x', 'one');
UPDATE times SET m = 'two', d = d + 1;
SET datestyle = 'German';
UPDATE times SET m = 'three';
RESET datestyle;
RESET bytea_output;
UPDATE times SET m = 'four';
RESET timezone;
-- limit: the copies are equal; Citus has workers read dates that are written in the session's way
-- embedded:  count |                              min
-- embedded: -------+----------------------------------------------------------------
-- embedded:      1 | 2024-02-04 2024-02-03 04:05:06 1706929506.000000 \x005c78 four
-- embedded: (1 row)
-- embedded:
SELECT count(DISTINCT result), min(result) FROM run_command_on_all_nodes($$SELECT string_agg(concat_ws(' ', d, ts, extract(epoch FROM tstz), b, m), ' ') FROM "Ordi nary".times$$);
-- end of limit

-- Foreign keys that act, between reference tables and from distributed ones.
CREATE TABLE p (id int PRIMARY KEY, v text);
CREATE TABLE ch (id int PRIMARY KEY, p int REFERENCES p ON UPDATE CASCADE ON DELETE SET NULL, q int REFERENCES p ON DELETE CASCADE);
CREATE TABLE dch (id int PRIMARY KEY, p int REFERENCES p ON UPDATE CASCADE ON DELETE SET NULL, ch int REFERENCES ch ON DELETE CASCADE);
SELECT create_reference_table('p');
SELECT create_reference_table('ch');
SELECT create_distributed_table('dch', 'id');
INSERT INTO p SELECT i, 'v' FROM generate_series(1, 5) i;
INSERT INTO ch VALUES (1, 1, 2), (2, 2, 3), (3, 3, 4);
INSERT INTO dch SELECT i, 1 + i % 3, 1 + i % 3 FROM generate_series(1, 9) i;
UPDATE p SET id = 11 WHERE id = 1;
DELETE FROM p WHERE id IN (2, 3);
SELECT count(DISTINCT result), min(result) FROM run_command_on_all_nodes($$SELECT (SELECT string_agg(p::text, ' ' ORDER BY id) FROM "Ordi nary".p) || (SELECT string_agg(ch::text, ' ' ORDER BY id) FROM "Ordi nary".ch)$$);
SELECT * FROM dch ORDER BY id;
TRUNCATE ch;
TRUNCATE ch CASCADE;
SELECT count(*) FROM dch;
INSERT INTO p VALUES (7);
INSERT INTO ch VALUES (7, 7, 7);
INSERT INTO dch VALUES (7, 7, 7);
TRUNCATE p, ch;
BEGIN;
TRUNCATE p CASCADE;
ROLLBACK;
SELECT count(*) FROM dch;
TRUNCATE p, ch, dch;
SELECT count(*) FROM dch;
SELECT count(DISTINCT result), min(result) FROM run_command_on_all_nodes($$SELECT count(*) FROM "Ordi nary".ch$$);
INSERT INTO dch VALUES (8, 8, NULL);

-- A table like another has its keys.
CREATE TABLE src (id bigint PRIMARY KEY, email text NOT NULL, UNIQUE (id, email));
SELECT create_distributed_table('src', 'id');
CREATE INDEX src_l ON src (lower(email));
INSERT INTO src VALUES (1, 'a');
CREATE TABLE lk (LIKE src INCLUDING ALL);
INSERT INTO lk VALUES (1, 'a');
INSERT INTO lk VALUES (1, 'a');
SELECT count(*) FROM src;

-- Types and extensions that a distributed table gets later; an enum that comes again with other labels.
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE DOMAIN email AS text CHECK (VALUE ~ '@');
ALTER TABLE src ADD COLUMN m mood DEFAULT 'sad', ADD COLUMN ms mood[], ADD COLUMN e email;
UPDATE src SET m = 'ok', e = 'a@b', ms = '{sad,ok}' WHERE id = 1;
SELECT * FROM src;
ALTER TABLE src DROP COLUMN m, DROP COLUMN ms;
DROP TYPE mood;
CREATE TYPE mood AS ENUM ('worse', 'better');
CREATE TABLE moods (id int PRIMARY KEY, m mood);
SELECT create_distributed_table('moods', 'id');
INSERT INTO moods VALUES (1, 'better');
SELECT * FROM moods WHERE id = 1;
SET client_min_messages = error;
CREATE EXTENSION pg_trgm SCHEMA "Ordi nary";
CREATE EXTENSION citext SCHEMA "Ordi nary";
SET client_min_messages = warning;
CREATE INDEX src_trgm ON src USING gin (email gin_trgm_ops);
ALTER TABLE src ADD COLUMN ci citext;
UPDATE src SET ci = 'ABC';
SELECT id FROM src WHERE ci = 'abc' AND email LIKE '%a%';
SET client_min_messages = error;
DROP EXTENSION citext CASCADE;
CREATE EXTENSION citext SCHEMA public;
SET client_min_messages = warning;
ALTER TABLE src ADD COLUMN ci2 citext DEFAULT 'X';
SELECT id FROM src WHERE ci2 = 'x';
CREATE TABLE searched (id int PRIMARY KEY, x text);
CREATE INDEX ON searched USING gin (x gin_trgm_ops);
SELECT create_distributed_table('searched', 'id');
INSERT INTO searched VALUES (1, 'hello');
SELECT * FROM searched WHERE x LIKE '%ell%';

-- Functions of one's own in a table, and a new version of one.
CREATE FUNCTION twice(i int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT i * 2';
CREATE TABLE fn (id int PRIMARY KEY, n int, g int GENERATED ALWAYS AS (twice(n)) STORED, CHECK (twice(n) < 100));
CREATE INDEX ON fn (twice(n));
SELECT create_distributed_table('fn', 'id');
INSERT INTO fn VALUES (1, 5);
INSERT INTO fn VALUES (2, 50);
CREATE OR REPLACE FUNCTION twice(i int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT i * 2 - i % 2';
INSERT INTO fn VALUES (2, 7);
SELECT * FROM fn ORDER BY id;
ALTER TABLE fn DROP COLUMN n CASCADE;
SELECT * FROM fn ORDER BY id;

-- One that another calls, as the catalog knows, since the body is not text.
CREATE FUNCTION thrice(i int) RETURNS int LANGUAGE sql IMMUTABLE BEGIN ATOMIC SELECT "Ordi nary".twice(i) + i; END;
CREATE FUNCTION half(i int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT i / 2';
CREATE FUNCTION one_and_a_half(i int) RETURNS int LANGUAGE sql IMMUTABLE BEGIN ATOMIC SELECT "Ordi nary".thrice("Ordi nary".half(i)); END;
CREATE TABLE calls (id int PRIMARY KEY, n int CHECK (one_and_a_half(n) < 100));
SELECT create_distributed_table('calls', 'id');
INSERT INTO calls VALUES (1, 5);
INSERT INTO calls VALUES (2, 80);
DROP TABLE calls;

-- Names so long that with the shard's id they are too long for PostgreSQL, and alike where they are cut.
CREATE TABLE a_table_with_a_name_as_long_as_those_that_frameworks_make_up (id bigint PRIMARY KEY, n int);
SELECT create_distributed_table('a_table_with_a_name_as_long_as_those_that_frameworks_make_up', 'id');
ALTER TABLE a_table_with_a_name_as_long_as_those_that_frameworks_make_up ADD CONSTRAINT a_table_with_a_name_as_long_as_those_that_frameworks_make_up_un UNIQUE (id, n);
INSERT INTO a_table_with_a_name_as_long_as_those_that_frameworks_make_up SELECT i, i FROM generate_series(1, 20) i;
CREATE INDEX an_index_with_a_name_as_long_as_those_that_frameworks_make_up_1 ON a_table_with_a_name_as_long_as_those_that_frameworks_make_up (n);
CREATE INDEX an_index_with_a_name_as_long_as_those_that_frameworks_make_up_2 ON a_table_with_a_name_as_long_as_those_that_frameworks_make_up (n DESC);
CREATE UNIQUE INDEX an_index_with_a_name_as_long_as_those_that_frameworks_make_up_3 ON a_table_with_a_name_as_long_as_those_that_frameworks_make_up (id, (n + 1));
CREATE INDEX "ein_Index_mit_einem_Namen_wie_ihn_für_Größen_und_Maße_üblich" ON a_table_with_a_name_as_long_as_those_that_frameworks_make_up (n, id);
SELECT count(*), sum(n) FROM a_table_with_a_name_as_long_as_those_that_frameworks_make_up;
SELECT count(*), count(DISTINCT result), min(result) FROM run_command_on_shards('a_table_with_a_name_as_long_as_those_that_frameworks_make_up',
  $$SELECT string_agg(regexp_replace(relname, '\d{6}$', 'shardid'), ' ' ORDER BY relname) FROM pg_index JOIN pg_class c ON c.oid = indexrelid WHERE indrelid = '%s'::regclass$$);
DROP INDEX an_index_with_a_name_as_long_as_those_that_frameworks_make_up_2;
ALTER TABLE a_table_with_a_name_as_long_as_those_that_frameworks_make_up DROP CONSTRAINT a_table_with_a_name_as_long_as_those_that_frameworks_make_up_un;
SELECT count(DISTINCT result), min(result) FROM run_command_on_shards('a_table_with_a_name_as_long_as_those_that_frameworks_make_up', $$SELECT count(*) FROM pg_index WHERE indrelid = '%s'::regclass$$);
DROP TABLE a_table_with_a_name_as_long_as_those_that_frameworks_make_up;

-- Domains over domains, enums and arrays, and what their checks call; one that comes again as another.
CREATE TYPE size AS ENUM ('s', 'm', 'l');
CREATE DOMAIN fit AS size CHECK (VALUE <> 'l');
CREATE FUNCTION decent(t text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT t !~ 'damn' $$;
CREATE DOMAIN word AS text COLLATE "C" NOT NULL CONSTRAINT not_empty CHECK (VALUE <> '') CONSTRAINT be_decent CHECK ("Ordi nary".decent(VALUE));
CREATE DOMAIN a_name AS word CHECK (length(VALUE) < 9);
CREATE DOMAIN names AS a_name[] CHECK (cardinality(VALUE) < 3);
CREATE TABLE dressed (id int PRIMARY KEY, f fit, n a_name, ns names, fs fit[], CHECK (f::size <> 's'));
INSERT INTO dressed VALUES (1, 'm', 'ann', '{bob}', '{s,m}');
SELECT create_distributed_table('dressed', 'id');
INSERT INTO dressed VALUES (2, 'm', 'bob', '{ann,eve}', '{m}');
SET search_path = public;
INSERT INTO "Ordi nary".dressed VALUES (3, 'l', 'eve');
INSERT INTO "Ordi nary".dressed VALUES (3, 'm', 'damned');
INSERT INTO "Ordi nary".dressed VALUES (3, 'm', 'e', '{"damn"}');
INSERT INTO "Ordi nary".dressed VALUES (3, 'm', NULL);
SET search_path = "Ordi nary", public;
SELECT * FROM dressed ORDER BY n DESC;
SELECT id FROM dressed WHERE f::size = 'm' AND n = 'bob' AND ns[2] = 'eve';
ALTER TYPE size ADD VALUE 'xl' AFTER 'l';
INSERT INTO dressed VALUES (4, 'xl', 'xander');
SELECT id, f FROM dressed WHERE id = 4;
CREATE TABLE sizes (id int PRIMARY KEY, size fit, other fit DEFAULT 'xl');
SELECT create_reference_table('sizes');
INSERT INTO sizes VALUES (1, 's');
SELECT count(DISTINCT result), min(result) FROM run_command_on_all_nodes($$SELECT string_agg(s::text, ' ') FROM "Ordi nary".sizes s$$);
ALTER TABLE sizes ADD COLUMN all_of fit[];
UPDATE sizes SET all_of = '{s,xl}';
SELECT * FROM sizes;
CREATE DOMAIN answer AS text DEFAULT 'none' CHECK (VALUE <> '');
ALTER TABLE dressed ADD COLUMN called a_name DEFAULT 'x', ADD COLUMN said answer;
INSERT INTO dressed VALUES (5, 'm', 'five');
SELECT id, called, said FROM dressed ORDER BY id;
DROP TABLE dressed, sizes;
DROP DOMAIN names, a_name, fit, answer;
CREATE DOMAIN a_name AS word CHECK (length(VALUE) < 5);
CREATE TABLE dressed (id int PRIMARY KEY, n a_name);
SELECT create_distributed_table('dressed', 'id');
INSERT INTO dressed VALUES (1, 'anna');
SET search_path = public;
INSERT INTO "Ordi nary".dressed VALUES (2, 'annabel');
SET search_path = "Ordi nary", public;
SELECT DISTINCT result FROM run_command_on_workers($$SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE contypid = '"Ordi nary".a_name'::regtype$$);
DROP TABLE dressed;

-- Sequences count for the whole cluster, and are not altered.
CREATE SEQUENCE counted;
CREATE TABLE counters (id serial PRIMARY KEY, i bigint GENERATED BY DEFAULT AS IDENTITY, n bigint DEFAULT nextval('counted'));
CREATE TABLE ref_counters (id serial PRIMARY KEY);
SELECT create_distributed_table('counters', 'i') IS NULL;
ALTER TABLE counters DROP CONSTRAINT counters_pkey;
SELECT create_distributed_table('counters', 'i');
SELECT create_reference_table('ref_counters');
ALTER SEQUENCE counters_id_seq RESTART WITH 100;
ALTER SEQUENCE counters_id_seq INCREMENT 5 CACHE 10;
ALTER SEQUENCE counters_id_seq AS bigint;
ALTER SEQUENCE counters_id_seq OWNED BY NONE;
ALTER SEQUENCE IF EXISTS counters_i_seq RESTART;
ALTER SEQUENCE counters_n_seq RESTART;
ALTER SEQUENCE counted RESTART WITH 7;
ALTER SEQUENCE ref_counters_id_seq RESTART WITH 7;
ALTER TABLE counters ALTER COLUMN i RESTART WITH 4;
CREATE SEQUENCE free;
ALTER SEQUENCE free RESTART WITH 7 OWNED BY counters.id;
ALTER SEQUENCE free INCREMENT 3;
ALTER SEQUENCE counted OWNED BY counters.n;
ALTER SEQUENCE counters_id_seq INCREMENT 3 OWNED BY NONE;
ALTER SEQUENCE counters_id_seq RENAME TO "counters' ids";
ALTER SEQUENCE "counters' ids" RESTART;
ALTER SEQUENCE "counters' ids" OWNER TO CURRENT_USER;
SELECT setval('counted', 5), nextval('counted');
INSERT INTO counters DEFAULT VALUES RETURNING *;
DROP TABLE counters, ref_counters;
DROP SEQUENCE counted;

-- All in one transaction, and what is done with it.
BEGIN;
CREATE TABLE w (tenant text, id serial, body text, PRIMARY KEY (tenant, id));
SELECT create_distributed_table('w', 'tenant');
INSERT INTO w (tenant, body) SELECT 't' || i % 5, 'b' FROM generate_series(1, 50) i;
ALTER TABLE w ADD COLUMN len int GENERATED ALWAYS AS (length(body)) STORED;
CREATE INDEX ON w (len);
UPDATE w SET body = body || 'x' WHERE tenant = 't1';
SAVEPOINT s;
INSERT INTO w (tenant, id, body) VALUES ('t1', 1, 'again');
ROLLBACK TO s;
ALTER TABLE w RENAME TO "W 2";
COMMIT;
SELECT tenant, sum(len) FROM "W 2" GROUP BY 1 ORDER BY 1;
INSERT INTO "W 2" (tenant, body) VALUES ('t1', 'new') RETURNING tenant, len;
UPDATE "W 2" SET body = s.b FROM (VALUES ('t1', 1, 'v1'), ('t2', 2, 'v2')) s (t, i, b) WHERE tenant = s.t AND id = s.i;
SELECT tenant, id, body, len FROM "W 2" WHERE body LIKE 'v%' ORDER BY id;
DELETE FROM "W 2" a USING "W 2" b WHERE a.tenant = b.tenant AND a.id < b.id AND b.tenant = 't3';
SELECT count(*) FROM "W 2" WHERE tenant = 't3';
INSERT INTO "W 2" (tenant, id, body) VALUES ('t3', 1000, 'dup'), ('t3', 1000, 'dup') ON CONFLICT DO NOTHING;
SELECT count(*) FROM "W 2" x WHERE EXISTS (SELECT FROM "W 2" y WHERE y.tenant = x.tenant AND y.id = x.id + 5);
COPY "W 2" (tenant, body) FROM STDIN WITH (FORMAT csv);
t9,"a,b"
t9,
\.
SELECT body, len FROM "W 2" WHERE tenant = 't9' ORDER BY id;
DO $$ BEGIN
  BEGIN INSERT INTO "W 2" (tenant, id) VALUES ('t3', 1000); EXCEPTION WHEN unique_violation THEN INSERT INTO p VALUES (99, 'caught'); END;
  BEGIN INSERT INTO p VALUES (99, 'twice'); EXCEPTION WHEN unique_violation THEN UPDATE p SET v = v || '!' WHERE id = 99; END;
END $$;
SELECT count(DISTINCT result), min(result) FROM run_command_on_all_nodes($$SELECT string_agg(p::text, ' ') FROM "Ordi nary".p$$);
PREPARE q (text, int) AS SELECT body, len FROM "W 2" WHERE tenant = $1 AND id < $2 ORDER BY id;
EXECUTE q ('t2', 10); EXECUTE q ('t2', 10); EXECUTE q ('t2', 10); EXECUTE q ('t2', 10); EXECUTE q ('t2', 10); EXECUTE q ('t2', 5); EXECUTE q ('t1', 5);
ALTER TABLE "W 2" ADD COLUMN extra text DEFAULT 'e';
EXECUTE q ('t1', 5);
-- limit: foreign tables are no part of the table itself
-- embedded:  count
-- embedded: -------
-- embedded:      0
-- embedded: (1 row)
-- embedded:
SELECT count(*) FROM ONLY src;
-- end of limit
-- limit: PostgreSQL itself says so of a partitioned table
-- embedded: ERROR:  cannot copy from partitioned table "src"
-- embedded: HINT:  Try the COPY (SELECT ...) TO variant.
COPY src (id, email) TO STDOUT;
-- end of limit
COPY (SELECT id, email FROM src) TO STDOUT;
SET client_min_messages = error;
DROP SCHEMA "Ordi nary" CASCADE;
DROP EXTENSION IF EXISTS pg_trgm, citext;
SELECT result FROM run_command_on_workers($$SELECT count(*) FROM pg_class WHERE relnamespace::regnamespace::text = '"Ordi nary"' AND relkind IN ('r', 'p')$$);
