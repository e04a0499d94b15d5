-- Distributing tables that exist, and what the catalog says of them.
CREATE SCHEMA tables;
SET search_path = tables, public;
CREATE TABLE languages (code text PRIMARY KEY, name text);
CREATE TABLE users (id bigint PRIMARY KEY, name text NOT NULL CHECK (name <> ''), lang text REFERENCES languages);
INSERT INTO languages VALUES ('en', 'English'), ('de', 'Deutsch');
INSERT INTO users VALUES (1, 'ann', 'en'), (2, 'bob', 'de');
SELECT create_distributed_table('users', 'id');
SELECT create_reference_table('languages');
SELECT create_distributed_table('users', 'id');
SELECT * FROM users ORDER BY id;
INSERT INTO users VALUES (1, 'again', 'en');
INSERT INTO users VALUES (3, 'c', 'xx');
INSERT INTO users VALUES (3, '', 'en');
-- limit: a unique index can't stand on a table of foreign partitions, so ON CONFLICT has no target to name
-- embedded: ERROR:  there is no unique or exclusion constraint matching the ON CONFLICT specification
INSERT INTO users VALUES (1, 'x', 'en') ON CONFLICT (id) DO NOTHING;
-- end of limit
SET client_min_messages = error;
DROP SCHEMA tables CASCADE;
