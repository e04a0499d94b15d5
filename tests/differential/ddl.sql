-- DDL on tables that are distributed already.
CREATE SCHEMA ddl;
SET search_path = ddl, public;
CREATE TABLE languages (code text PRIMARY KEY, name text);
CREATE TABLE users (id bigint, name text);
CREATE TABLE tweets (id bigint, author_id bigint, body text);
CREATE TABLE elsewhere (id bigint PRIMARY KEY);
CREATE TABLE plain (id bigint PRIMARY KEY);
SELECT create_reference_table('languages');
SELECT create_distributed_table('users', 'id');
SELECT create_distributed_table('tweets', 'author_id', colocate_with => 'users');
SELECT create_distributed_table('elsewhere', 'id', colocate_with => 'none');
INSERT INTO languages VALUES ('en', 'English'), ('de', 'Deutsch');
INSERT INTO users SELECT i, 'user' || i FROM generate_series(1, 20) i;
INSERT INTO tweets SELECT i, 1 + i % 20, 'tweet ' || i FROM generate_series(1, 40) i;

-- Keys.
ALTER TABLE users ADD PRIMARY KEY (id);
ALTER TABLE users ADD CONSTRAINT again PRIMARY KEY (id);
ALTER TABLE tweets ADD CONSTRAINT tweets_key UNIQUE (author_id, id);
ALTER TABLE tweets ADD CONSTRAINT author FOREIGN KEY (author_id) REFERENCES users ON DELETE CASCADE;
ALTER TABLE tweets ADD CONSTRAINT wrong FOREIGN KEY (id) REFERENCES users (id);
ALTER TABLE tweets ADD CONSTRAINT wrong FOREIGN KEY (author_id) REFERENCES elsewhere (id);
ALTER TABLE tweets ADD CONSTRAINT wrong FOREIGN KEY (id) REFERENCES plain (id);
ALTER TABLE languages ADD CONSTRAINT wrong FOREIGN KEY (code) REFERENCES users (id);
-- limit: the coordinator's table has no rows, and PostgreSQL itself says what a key of a partitioned table needs
-- embedded: ERROR:  unique constraint on partitioned table must include all partitioning columns
-- embedded: DETAIL:  PRIMARY KEY constraint on table "tweets" lacks column "author_id" which is part of the partition key.
-- embedded: ERROR:  unique constraint on partitioned table must include all partitioning columns
-- embedded: DETAIL:  UNIQUE constraint on table "tweets" lacks column "author_id" which is part of the partition key.
ALTER TABLE tweets ADD PRIMARY KEY (id);
CREATE UNIQUE INDEX ON tweets (body);
-- end of limit
INSERT INTO users VALUES (1, 'again');
INSERT INTO tweets VALUES (1, 77, 'of nobody');
DELETE FROM users WHERE id = 20;
SELECT count(*) FROM tweets;
ALTER TABLE users DROP CONSTRAINT users_pkey;
DROP TABLE users;
TRUNCATE users;
ALTER TABLE tweets DROP CONSTRAINT nothing;
ALTER TABLE tweets RENAME CONSTRAINT author TO written_by;
ALTER TABLE tweets DROP CONSTRAINT author;
INSERT INTO tweets VALUES (1, 77, 'of nobody');
DELETE FROM tweets WHERE author_id = 77;

-- Columns.
ALTER TABLE users ADD COLUMN lang text;
ALTER TABLE users ADD COLUMN karma int NOT NULL DEFAULT 7;
ALTER TABLE users ADD COLUMN created timestamptz DEFAULT now(), ADD COLUMN doubled int GENERATED ALWAYS AS (karma * 2) STORED;
ALTER TABLE users ADD COLUMN token uuid DEFAULT gen_random_uuid();
SELECT id, karma, doubled, created <= now() AS past FROM users WHERE id < 3 ORDER BY id;
SELECT count(DISTINCT token) FROM users;
ALTER TABLE users DROP COLUMN token;
ALTER TABLE users ADD COLUMN no int NOT NULL;
ALTER TABLE users ADD COLUMN IF NOT EXISTS karma int;
ALTER TABLE users ADD COLUMN s serial;
ALTER TABLE users ADD COLUMN i bigint GENERATED ALWAYS AS IDENTITY;
ALTER TABLE users ADD FOREIGN KEY (lang) REFERENCES languages;
UPDATE users SET lang = 'xx' WHERE id = 1;
UPDATE users SET lang = 'en' WHERE id = 1;
DELETE FROM languages WHERE code = 'en';
ALTER TABLE users ALTER COLUMN karma SET DEFAULT 8, ALTER COLUMN created DROP DEFAULT, ALTER COLUMN name SET NOT NULL;
INSERT INTO users (id, name) VALUES (100, 'new');
INSERT INTO users (id) VALUES (101);
SELECT id, name, lang, karma, created, doubled FROM users WHERE id = 100;
ALTER TABLE users ALTER COLUMN name DROP NOT NULL;
ALTER TABLE users ALTER COLUMN karma TYPE bigint;
ALTER TABLE users ALTER COLUMN name TYPE int;
ALTER TABLE users ADD COLUMN number text DEFAULT '12';
ALTER TABLE users ALTER COLUMN number DROP DEFAULT;
ALTER TABLE users ALTER COLUMN number TYPE int USING number::int + 1;
SELECT number FROM users WHERE id = 1;
ALTER TABLE users RENAME COLUMN number TO figure;
SELECT figure FROM users WHERE id = 1;
ALTER TABLE users DROP COLUMN doubled, DROP COLUMN figure;
ALTER TABLE users DROP COLUMN nothing;
-- limit: PostgreSQL itself says so of a partition key
-- embedded: ERROR:  cannot drop column "id" because it is part of the partition key of relation "users"
-- embedded: ERROR:  cannot alter column "id" because it is part of the partition key of relation "users"
ALTER TABLE users DROP COLUMN id;
ALTER TABLE users ALTER COLUMN id TYPE int;
-- end of limit
SELECT * FROM users WHERE id = 1 AND name IS NULL;

-- Checks.
ALTER TABLE users ADD CONSTRAINT positive CHECK (karma > 0);
INSERT INTO users (id, karma) VALUES (102, -1);
ALTER TABLE users ADD CONSTRAINT users_check CHECK (id < 50);
ALTER TABLE users ADD CONSTRAINT small CHECK (id < 50) NOT VALID;
ALTER TABLE users VALIDATE CONSTRAINT small;
INSERT INTO users VALUES (103, 'x');
DELETE FROM users WHERE id = 100;
ALTER TABLE users VALIDATE CONSTRAINT small;
ALTER TABLE users DROP CONSTRAINT small, DROP CONSTRAINT IF EXISTS nothing;
INSERT INTO users VALUES (103, 'x');

-- Indexes.
CREATE INDEX by_name ON users (lower(name)) WHERE name IS NOT NULL;
CREATE INDEX ON users USING btree (karma DESC, id);
CREATE INDEX IF NOT EXISTS by_name ON users (name);
CREATE INDEX by_name ON users (name);
CREATE UNIQUE INDEX once ON users (id, lower(name));
INSERT INTO users (id, name) VALUES (200, 'A');
ALTER TABLE users DROP CONSTRAINT users_pkey;
INSERT INTO users (id, name) VALUES (200, 'a');
ALTER INDEX once RENAME TO only_once;
INSERT INTO users (id, name) VALUES (200, 'a');
DROP INDEX only_once;
INSERT INTO users (id, name) VALUES (200, 'a');
DROP INDEX by_name, nothing;
DROP INDEX by_name;
SELECT DISTINCT result FROM run_command_on_shards('users', $$SELECT string_agg(regexp_replace(replace(relname, '_pkey', ''), '_[0-9]+', ''), ' ' ORDER BY relname)
  FROM pg_index JOIN pg_class c ON c.oid = indexrelid WHERE indrelid = '%s'::regclass$$);

-- Many at once, and in functions; all or nothing.
ALTER TABLE users ADD COLUMN a int; ALTER TABLE users ADD COLUMN b int; CREATE INDEX by_a ON users (a, b);
DO $$ BEGIN EXECUTE 'ALTER TABLE users ADD COLUMN c int'; EXECUTE format('ALTER TABLE %I ADD COLUMN d int', 'us' || 'ers'); END $$;
UPDATE users SET a = 1, b = 2, c = 3, d = 4 WHERE id = 1;
SELECT a, b, c, d FROM users WHERE id = 1;
DO $$ BEGIN EXECUTE 'ALTER TABLE ' || 'us' || 'ers ADD CONSTRAINT u UNIQUE (id, d)'; END $$;
INSERT INTO users (id, name, d) VALUES (1, 'again', 4);
DO $$ BEGIN EXECUTE 'ALTER TABLE ' || 'us' || 'ers DROP CONSTRAINT u'; END $$;
DO $$ BEGIN EXECUTE 'ALTER TABLE ' || 'us' || 'ers ALTER COLUMN d TYPE text USING ''d'' || d'; END $$;
SELECT d FROM users WHERE id = 1;
BEGIN;
ALTER TABLE users ADD COLUMN e int;
ALTER TABLE users DROP COLUMN a;
UPDATE users SET e = 5 WHERE id = 1;
SAVEPOINT s;
ALTER TABLE users RENAME COLUMN e TO f;
ROLLBACK TO s;
SELECT b, e FROM users WHERE id = 1;
ROLLBACK;
SELECT a, b FROM users WHERE id = 1;
UPDATE users SET e = 5 WHERE id = 1;

-- Names.
ALTER TABLE tweets RENAME TO "Tweets of 'all'";
SELECT count(*) FROM "Tweets of 'all'";
INSERT INTO "Tweets of 'all'" VALUES (1000, 5, 'renamed');
CREATE SCHEMA "d d l";
ALTER TABLE "Tweets of 'all'" SET SCHEMA "d d l";
SELECT body FROM "d d l"."Tweets of 'all'" WHERE author_id = 5 AND id = 1000;
SELECT count(*), bool_and(success), sum(result::int) FROM run_command_on_shards('"d d l"."Tweets of ''all''"', 'SELECT count(*) FROM %s');
ALTER TABLE "d d l"."Tweets of 'all'" RENAME "body" TO "b;--";
SELECT "b;--" FROM "d d l"."Tweets of 'all'" WHERE author_id = 5 AND id = 1000;

-- Reference tables.
ALTER TABLE languages ADD COLUMN family text DEFAULT 'unknown';
ALTER TABLE languages ADD CONSTRAINT named CHECK (name <> '');
CREATE INDEX by_family ON languages (family);
CREATE UNIQUE INDEX ON languages (name);
INSERT INTO languages VALUES ('fr', 'Français', 'romance');
INSERT INTO languages VALUES ('xx', '');
INSERT INTO languages VALUES ('yy', 'English');
ALTER TABLE languages RENAME family TO branch;
UPDATE languages SET branch = 'germanic' WHERE code <> 'fr';
SELECT count(*), count(DISTINCT result), min(result) FROM run_command_on_all_nodes($$SELECT string_agg(concat_ws(' ', code, name, branch), ', ' ORDER BY code) FROM ddl.languages$$);
ALTER TABLE languages DROP COLUMN branch;
ALTER TABLE languages RENAME TO tongues;
SELECT count(DISTINCT result) FROM run_command_on_all_nodes($$SELECT string_agg(t::text, ', ' ORDER BY code) FROM ddl.tongues t$$);
DROP INDEX by_family;
DROP INDEX languages_name_idx;
ALTER TABLE users DROP CONSTRAINT users_lang_fkey;

-- Types.
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE DOMAIN percent AS int CHECK (VALUE BETWEEN 0 AND 100);
CREATE TABLE moods (id bigint PRIMARY KEY, is mood, was mood[], p percent);
SELECT create_distributed_table('moods', 'id');
INSERT INTO moods VALUES (1, 'sad', '{happy,sad}', 50);
INSERT INTO moods VALUES (2, 'sad', '{happy}', 101);
ALTER TYPE mood ADD VALUE 'ok' BEFORE 'happy';
INSERT INTO moods VALUES (3, 'ok', '{ok}', 1);
SELECT * FROM moods ORDER BY "is";
DROP TABLE moods;
DROP TYPE mood;
DROP DOMAIN percent;

-- Rights.
GRANT SELECT (id, name), INSERT ON users TO public;
SELECT count(*), min(result), max(result) FROM run_command_on_shards('users', $$SELECT has_table_privilege('pg_monitor', '%1$s', 'INSERT')::text || has_column_privilege('pg_monitor', '%1$s', 'name', 'SELECT')$$);
REVOKE ALL ON users FROM public;
SELECT count(*), min(result), max(result) FROM run_command_on_shards('users', $$SELECT has_table_privilege('pg_monitor', '%1$s', 'INSERT')::text || has_column_privilege('pg_monitor', '%1$s', 'name', 'SELECT')$$);

-- Refused.
CREATE TRIGGER t BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
-- limit: what the workers can't be told is refused, with words of the embedded engine's own
-- embedded: ERROR:  ALTER TABLE: distributed or reference table ddl.users cannot be changed on the coordinator alone
-- embedded: HINT:  The embedded engine does not pass this command on to the workers. Create the table anew with the wanted definition before distributing it, or use Citus.
-- embedded: ERROR:  ALTER TABLE: distributed or reference table ddl.users cannot be changed on the coordinator alone
-- embedded: HINT:  The embedded engine does not pass this command on to the workers. Create the table anew with the wanted definition before distributing it, or use Citus.
-- embedded: ERROR:  CREATE RULE: distributed or reference table ddl.users cannot be changed on the coordinator alone
-- embedded: HINT:  The embedded engine does not pass this command on to the workers. Create the table anew with the wanted definition before distributing it, or use Citus.
-- embedded: ERROR:  CREATE STATISTICS: distributed or reference table ddl.users cannot be changed on the coordinator alone
-- embedded: HINT:  The embedded engine does not pass this command on to the workers. Create the table anew with the wanted definition before distributing it, or use Citus.
BEGIN;
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
ROLLBACK;
BEGIN;
ALTER TABLE users REPLICA IDENTITY FULL;
ROLLBACK;
BEGIN;
CREATE RULE r AS ON INSERT TO users DO INSTEAD NOTHING;
ROLLBACK;
BEGIN;
CREATE STATISTICS st ON id, name FROM users;
ROLLBACK;
-- end of limit
-- limit: it commits in the middle, and no transaction with the workers can
-- embedded: ERROR:  CREATE INDEX CONCURRENTLY is not supported on distributed and reference tables
-- embedded: HINT:  Leave out CONCURRENTLY, or use Citus.
-- embedded: ERROR:  CREATE INDEX CONCURRENTLY is not supported on distributed and reference tables
-- embedded: HINT:  Leave out CONCURRENTLY, or use Citus.
CREATE INDEX CONCURRENTLY slowly ON users (name);
CREATE INDEX CONCURRENTLY slowly_too ON tongues (name);
-- end of limit
-- limit: the coordinator's table is partitioned, and a key of such a table is valid for PostgreSQL
-- embedded: ERROR:  foreign keys of distributed tables cannot be NOT VALID
-- embedded: HINT:  Leave out NOT VALID, and the rows are checked at once; or use Citus.
BEGIN;
ALTER TABLE users ADD CONSTRAINT later FOREIGN KEY (lang) REFERENCES tongues NOT VALID;
ROLLBACK;
-- end of limit
-- limit: PostgreSQL itself refuses this, of foreign tables, before anything of the engine sees the command
-- embedded: ERROR:  cannot execute MERGE on relation "users"
-- embedded: DETAIL:  This operation is not supported for foreign tables.
MERGE INTO users u USING (SELECT 1::bigint AS id) n ON u.id = n.id AND u.id = 1 WHEN MATCHED THEN UPDATE SET name = 'merged';
-- end of limit
SET client_min_messages = error;
DROP TABLE users CASCADE;
DROP SCHEMA ddl, "d d l" CASCADE;
SELECT * FROM run_command_on_workers($$SELECT count(*) FROM pg_class WHERE relnamespace::regnamespace::text IN ('ddl', '"d d l"')$$);
