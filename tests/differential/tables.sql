-- Distributing tables that exist, what the catalog says of them, and making them plain again.
CREATE SCHEMA tables;
SET search_path = tables, public;
CREATE TABLE languages (code text PRIMARY KEY, name text);
CREATE TABLE users (id bigint PRIMARY KEY, name text NOT NULL CHECK (name <> ''), lang text REFERENCES languages);
INSERT INTO languages VALUES ('en', 'English'), ('de', 'Deutsch');
INSERT INTO users VALUES (1, 'ann', 'en'), (2, 'bob', 'de');
SELECT create_distributed_table('users', 'id');
SELECT create_reference_table('languages');
SELECT create_reference_table('languages');
SELECT create_distributed_table('users', 'id');
SELECT create_distributed_table('users', 'id');
SELECT create_reference_table('users');
SELECT * FROM users ORDER BY id;
INSERT INTO users VALUES (1, 'again', 'en');
INSERT INTO users VALUES (3, 'c', 'xx');
INSERT INTO users VALUES (3, '', 'en');
DELETE FROM languages WHERE code = 'en';
-- limit: a unique index can't stand on a table of foreign partitions, so ON CONFLICT has no target to name
-- embedded: ERROR:  there is no unique or exclusion constraint matching the ON CONFLICT specification
INSERT INTO users VALUES (1, 'x', 'en') ON CONFLICT (id) DO NOTHING;
-- end of limit
INSERT INTO users VALUES (1, 'x', 'en') ON CONFLICT DO NOTHING;
-- limit: PostgreSQL does not move rows between foreign partitions, and the shard refuses the row
-- embedded: ERROR:  new row for relation "users" violates partition constraint
-- embedded: DETAIL:  Failing row contains (4711, ann, en).
UPDATE users SET id = 4711 WHERE id = 1;
-- end of limit

-- Views stay, whatever reads them.
CREATE TABLE viewed (id bigint PRIMARY KEY, n int);
INSERT INTO viewed SELECT i, i FROM generate_series(1, 5) i;
SET client_min_messages = error;
CREATE VIEW high AS SELECT id, n FROM viewed WHERE n > 1;
CREATE VIEW "high er" (key, "the name") WITH (security_barrier = true) AS
  SELECT h.id, l.name FROM high h JOIN languages l ON l.code = 'en' WHERE h.n > (SELECT count(*) FROM viewed WHERE n < 3);
GRANT SELECT (key) ON "high er" TO public;
SET client_min_messages = warning;
COMMENT ON VIEW high IS 'it''s';
COMMENT ON COLUMN "high er".key IS 'of viewed';
SELECT create_distributed_table('viewed', 'id');
SELECT * FROM "high er" ORDER BY 1;
INSERT INTO viewed VALUES (6, 6);
SELECT c.relname, pg_get_viewdef(c.oid), reloptions, has_column_privilege('pg_monitor', c.oid, 'key', 'SELECT') AS granted,
  obj_description(c.oid, 'pg_class'), col_description(c.oid, 1) FROM pg_class c WHERE c.relname = 'high er';
SELECT obj_description('high'::regclass, 'pg_class'), pg_get_userbyid(relowner) FROM pg_class WHERE relname = 'high';
DROP TABLE viewed;
SELECT undistribute_table('viewed');
SELECT * FROM "high er" ORDER BY 1;
DROP VIEW "high er", high;
DROP TABLE viewed;

-- What can't be distributed.
CREATE TABLE plain (id bigint, a int, PRIMARY KEY (a));
SELECT create_distributed_table('plain', 'nothing');
SELECT create_distributed_table('plain', 'id');
SELECT create_distributed_table('nothing', 'id');
SELECT create_distributed_table('plain', 'a', colocate_with => 'users');
SELECT create_distributed_table('plain', 'a', colocate_with => 'nothing');
SELECT create_distributed_table('plain', 'a', colocate_with => 'languages');
SELECT create_distributed_table('plain', 'a', shard_count => 0);
SELECT create_distributed_table('plain', 'a', shard_count => 64001);
SELECT create_distributed_table('plain', 'a', colocate_with => 'users', shard_count => 3);
SELECT create_distributed_table(NULL, 'a');
CREATE VIEW a_view AS SELECT * FROM languages;
SELECT create_distributed_table('a_view', 'code');
SELECT create_reference_table('a_view');
DROP VIEW a_view;
CREATE TEMP TABLE temporary (id int);
SELECT create_distributed_table('temporary', 'id');
CREATE TABLE triggered (id int);
CREATE TRIGGER t BEFORE INSERT ON triggered FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
SELECT create_distributed_table('triggered', 'id');
CREATE TABLE elsewhere (id bigint PRIMARY KEY);
CREATE TABLE refers (id bigint REFERENCES elsewhere);
SELECT create_distributed_table('elsewhere', 'id', colocate_with => 'none');
SELECT create_distributed_table('refers', 'id', colocate_with => 'none');
DROP TABLE triggered, refers, elsewhere;
CREATE TABLE refers (id bigint PRIMARY KEY);
SELECT create_reference_table('refers');
ALTER TABLE refers ADD FOREIGN KEY (id) REFERENCES users;
DROP TABLE refers;

-- A table is carried over whole.
CREATE TABLE "Whole;""x" (
    "K ey" uuid NOT NULL,
    s serial,
    i bigint GENERATED ALWAYS AS IDENTITY (START 5),
    n numeric(8, 2) DEFAULT 1.5,
    t text COLLATE "C" DEFAULT 'it''s',
    g text GENERATED ALWAYS AS (upper(t)) STORED,
    d timestamptz NOT NULL DEFAULT '2024-01-01 UTC',
    a int[] DEFAULT '{1,2}',
    j jsonb,
    CONSTRAINT pk PRIMARY KEY ("K ey", s),
    CONSTRAINT un UNIQUE (i, "K ey"),
    CHECK (n > 0));
CREATE INDEX "by t" ON "Whole;""x" (lower(t) DESC, n) WHERE n > 1;
CREATE UNIQUE INDEX once ON "Whole;""x" ("K ey", t);
COMMENT ON TABLE "Whole;""x" IS 'what it''s for';
COMMENT ON COLUMN "Whole;""x".n IS 'a number';
GRANT SELECT, INSERT ON "Whole;""x" TO public;
ALTER TABLE "Whole;""x" DROP COLUMN a;
INSERT INTO "Whole;""x" ("K ey", j) SELECT ('00000000-0000-0000-0000-' || lpad(i::text, 12, '0'))::uuid, to_jsonb(i) FROM generate_series(1, 9) i;
SELECT create_distributed_table('"Whole;""x"', 'K ey', colocate_with => 'none');
INSERT INTO "Whole;""x" ("K ey", t) VALUES ('10000000-0000-0000-0000-000000000000', 'later');
SELECT * FROM "Whole;""x" ORDER BY s;
INSERT INTO "Whole;""x" ("K ey", n) VALUES ('10000000-0000-0000-0000-000000000001', 0);
INSERT INTO "Whole;""x" ("K ey", t) VALUES ('10000000-0000-0000-0000-000000000000', 'later');
INSERT INTO "Whole;""x" ("K ey", d) VALUES ('10000000-0000-0000-0000-000000000001', NULL);
INSERT INTO "Whole;""x" ("K ey", i) VALUES ('10000000-0000-0000-0000-000000000001', 1);
SELECT obj_description('"Whole;""x"'::regclass, 'pg_class'), col_description('"Whole;""x"'::regclass, 4);
-- MAINTAIN, the letter m, is of PostgreSQL 17.
SELECT replace(relacl::text, 'Dxtm', 'Dxt') AS relacl FROM pg_class WHERE oid = '"Whole;""x"'::regclass;
SELECT min(result), max(result) FROM run_command_on_shards('"Whole;""x"', $$SELECT count(*) || ' ' || string_agg(indisunique::text, ' ' ORDER BY indisunique) FROM pg_index WHERE indrelid = '%s'::regclass$$);
SELECT shardid = get_shard_id_for_distribution_column('"Whole;""x"', '10000000-0000-0000-0000-000000000000') AS same
FROM run_command_on_shards('"Whole;""x"', $$SELECT count(*) FROM %s WHERE t = 'later'$$) WHERE result = '1';
SELECT undistribute_table('"Whole;""x"');
CREATE TABLE "Whole;""y" ("K ey" uuid PRIMARY KEY, s serial, n numeric(8, 2) DEFAULT 1.5 CHECK (n > 0), t text COLLATE "C" DEFAULT 'it''s',
    g text GENERATED ALWAYS AS (upper(t)) STORED, CONSTRAINT un2 UNIQUE (s, "K ey"));
CREATE INDEX "by n" ON "Whole;""y" (n DESC) WHERE n > 1;
CREATE UNIQUE INDEX once2 ON "Whole;""y" ("K ey", lower(t));
COMMENT ON TABLE "Whole;""y" IS 'what it''s for';
GRANT SELECT, INSERT ON "Whole;""y" TO public;
INSERT INTO "Whole;""y" SELECT "K ey" FROM "Whole;""x" ORDER BY 1; -- the serial column counts
SELECT create_distributed_table('"Whole;""y"', 'K ey', colocate_with => '"Whole;""x"');
DROP TABLE "Whole;""x";
SELECT undistribute_table('"Whole;""y"');
INSERT INTO "Whole;""y" ("K ey", t) VALUES ('10000000-0000-0000-0000-000000000001', 'plain');
SELECT * FROM "Whole;""y" WHERE s > 9 ORDER BY s;
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = '"Whole;""y"'::regclass ORDER BY 1;
SELECT indexrelid::regclass, indisunique FROM pg_index WHERE indrelid = '"Whole;""y"'::regclass ORDER BY indexrelid::regclass::text;
SELECT replace(relacl::text, 'Dxtm', 'Dxt') AS relacl FROM pg_class WHERE oid = '"Whole;""y"'::regclass;
DROP TABLE "Whole;""y";

-- Keys of other types.
CREATE TABLE ints (k int, v text);
CREATE TABLE texts (k text, v text);
CREATE TABLE varchars (k varchar(9), v text);
CREATE TABLE dates (k date, v text);
INSERT INTO ints VALUES (-1, 'minus'), (0, 'zero');
INSERT INTO texts VALUES ('', 'empty'), ('ü', 'umlaut'), ('it''s "q"', 'quotes');
INSERT INTO varchars VALUES ('abc', 'abc');
INSERT INTO dates VALUES ('2024-02-29', 'leap');
SELECT create_distributed_table('ints', 'k'), create_distributed_table('texts', 'k'), create_distributed_table('varchars', 'k'), create_distributed_table('dates', 'k', colocate_with => 'none', shard_count => 2);
SELECT v FROM ints WHERE k = -1;
SELECT v FROM texts WHERE k IN ('it''s "q"', 'ü') ORDER BY v;
SELECT v FROM varchars WHERE k = 'abc';
SELECT v FROM dates WHERE k = '2024-02-29';
-- limit: it is the shard that refuses it
-- embedded: ERROR:  null value in column "k" of relation "ints" violates not-null constraint
-- embedded: DETAIL:  Failing row contains (null, null).
INSERT INTO ints VALUES (NULL, 'null');
-- end of limit
SELECT shardid = get_shard_id_for_distribution_column('texts', 'ü') AS same FROM run_command_on_shards('texts', $$SELECT count(*) FROM %s WHERE k = 'ü'$$) WHERE result = '1';
SELECT get_shard_id_for_distribution_column('plain', 1);
SELECT get_shard_id_for_distribution_column('users', NULL::bigint);
SELECT get_shard_id_for_distribution_column('languages', 'x') = get_shard_id_for_distribution_column('languages');
SELECT get_shard_id_for_distribution_column('users', 'x');

-- What is said of them.
SELECT table_name, citus_table_type, distribution_column, shard_count, table_owner, access_method FROM citus_tables ORDER BY table_name::text;
SELECT table_name, citus_table_type, count(DISTINCT shardid), count(*), count(DISTINCT nodeport), bool_and(shard_name ~ table_name::text) FROM citus_shards GROUP BY 1, 2 ORDER BY table_name::text;
SELECT t.table_name, count(*) AS others FROM citus_tables t JOIN citus_tables o USING (colocation_id) GROUP BY 1 ORDER BY t.table_name::text;
SELECT logicalrelid, partmethod, column_to_column_name(logicalrelid, partkey), repmodel, autoconverted FROM pg_dist_partition ORDER BY logicalrelid::text;
SELECT logicalrelid, count(*), min(shardstorage), count(DISTINCT shardminvalue), min(shardminvalue::int), max(shardmaxvalue::int) FROM pg_dist_shard GROUP BY 1 ORDER BY logicalrelid::text;
SELECT shardstate, shardlength, count(*) FROM pg_dist_placement GROUP BY 1, 2;
SELECT shardcount, replicationfactor, distributioncolumntype::regtype FROM pg_dist_colocation ORDER BY 1, 2, 3;
SELECT count(*) = (SELECT count(*) FROM pg_dist_placement JOIN pg_dist_node USING (groupid) WHERE isactive) FROM citus_shard_sizes();
SELECT citus_relation_size('users') > 0, citus_table_size('users') >= citus_relation_size('users'), citus_total_relation_size('users') >= citus_table_size('users');
SELECT citus_total_relation_size('users') = sum(shard_size) FROM citus_shards WHERE table_name = 'users'::regclass;
SELECT pg_catalog.citus_relation_size(logicalrelid => 'plain');
SELECT citus_table_size('plain');
SELECT citus_total_relation_size('plain', fail_on_error => true);

-- Together.
CREATE TABLE tweets (author bigint REFERENCES users, id bigint, body text, PRIMARY KEY (author, id));
SELECT create_distributed_table('tweets', 'author');
INSERT INTO tweets SELECT 1 + i % 2, i, 'tweet ' || i FROM generate_series(1, 10) i;
SELECT name, count(*), max(body) FROM users JOIN tweets ON author = users.id GROUP BY 1 ORDER BY 1;
SELECT l.name, count(*) FROM languages l JOIN users ON code = lang GROUP BY 1 ORDER BY 1;
SELECT undistribute_table('plain');
SELECT undistribute_table('users');
SELECT undistribute_table('tweets');
SELECT undistribute_table('languages');
DROP TABLE users;
DROP TABLE languages;
TRUNCATE users;
TRUNCATE users, tweets;
SELECT count(*) FROM tweets;
INSERT INTO users VALUES (1, 'ann', 'en');
INSERT INTO tweets VALUES (1, 1, 'x');
TRUNCATE users CASCADE;
SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM tweets);
INSERT INTO users VALUES (1, 'ann', 'en');
INSERT INTO tweets VALUES (1, 1, 'x');
SELECT pg_catalog.undistribute_table(table_name => 'tweets', cascade_via_foreign_keys => true);
SELECT count(*) FROM pg_dist_partition WHERE logicalrelid IN ('users'::regclass, 'tweets'::regclass, 'languages'::regclass);
SELECT conrelid::regclass, conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid IN ('users'::regclass, 'tweets'::regclass, 'languages'::regclass) ORDER BY conrelid::regclass::text, 2;
SELECT * FROM users JOIN tweets ON author = users.id JOIN languages ON code = lang;
SET client_min_messages = error;
DROP SCHEMA tables CASCADE;
SELECT * FROM run_command_on_workers($$SELECT count(*) FROM pg_class WHERE relnamespace::regnamespace::text = 'tables' AND relkind IN ('r', 'p')$$);
