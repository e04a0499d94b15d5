-- The migrations of an application as it grows: each a transaction, in the order they were written.
CREATE SCHEMA shop;
SET search_path = shop, public;

-- 1: a single-tenant application, not distributed yet.
BEGIN;
CREATE TABLE companies (id bigserial PRIMARY KEY, name text NOT NULL, created_at timestamptz NOT NULL DEFAULT '2024-01-01 UTC');
CREATE TABLE users (id bigserial, company_id bigint NOT NULL REFERENCES companies, email text NOT NULL, PRIMARY KEY (company_id, id));
COMMIT;
-- 2
INSERT INTO companies (name) SELECT 'company ' || i FROM generate_series(1, 5) i;
INSERT INTO users (company_id, email) SELECT 1 + i % 5, 'u' || i || '@example.com' FROM generate_series(1, 25) i;
-- 3
CREATE UNIQUE INDEX users_email ON users (company_id, lower(email));
-- 4: what all tenants share.
BEGIN;
CREATE TABLE countries (code char(2) PRIMARY KEY, name text NOT NULL);
INSERT INTO countries VALUES ('de', 'Germany'), ('fr', 'France'), ('at', 'Austria');
COMMIT;
-- 5: distributed by tenant. Citus wants the table that is referred to first.
BEGIN;
ALTER TABLE users DROP CONSTRAINT users_company_id_fkey;
SELECT create_distributed_table('companies', 'id');
SELECT create_distributed_table('users', 'company_id', colocate_with => 'companies');
ALTER TABLE users ADD CONSTRAINT users_company_id_fkey FOREIGN KEY (company_id) REFERENCES companies (id) ON DELETE CASCADE;
COMMIT;
SELECT truncate_local_data_after_distributing_table('companies');
SELECT truncate_local_data_after_distributing_table('users');
-- 6
SELECT create_reference_table('countries');
-- 7
BEGIN;
CREATE TABLE orders (company_id bigint NOT NULL, id bigserial, user_id bigint NOT NULL, country char(2) REFERENCES countries,
  total numeric(10, 2) NOT NULL DEFAULT 0 CHECK (total >= 0), state text NOT NULL DEFAULT 'new', details jsonb,
  PRIMARY KEY (company_id, id));
SELECT create_distributed_table('orders', 'company_id', colocate_with => 'companies');
ALTER TABLE orders ADD CONSTRAINT by_user FOREIGN KEY (company_id, user_id) REFERENCES users (company_id, id);
COMMIT;
INSERT INTO orders (company_id, id, user_id, country, total) SELECT company_id, id * 10, id, (ARRAY['de', 'fr', 'at'])[1 + id % 3], id * 1.5 FROM users;
-- 8
ALTER TABLE orders ADD COLUMN placed_at timestamptz NOT NULL DEFAULT '2024-05-01 UTC';
-- 9
CREATE INDEX orders_by_state ON orders (company_id, state) WHERE state <> 'done';
-- 10: fill in a column, then demand it.
BEGIN;
ALTER TABLE users ADD COLUMN display_name text;
UPDATE users SET display_name = split_part(email, '@', 1);
ALTER TABLE users ALTER COLUMN display_name SET NOT NULL;
COMMIT;
-- 11
ALTER TABLE orders ALTER COLUMN total TYPE numeric(12, 3);
-- 12
ALTER TABLE orders RENAME COLUMN details TO extra;
-- 13
BEGIN;
ALTER TABLE orders ADD CONSTRAINT known_state CHECK (state IN ('new', 'paid', 'done')) NOT VALID;
ALTER TABLE orders VALIDATE CONSTRAINT known_state;
COMMIT;
UPDATE orders SET state = 'lost' WHERE company_id = 1;
UPDATE orders SET state = 'paid' WHERE company_id = 1;
-- 14: a table of every tenant's settings; its rows come from another.
BEGIN;
CREATE TABLE settings (company_id bigint PRIMARY KEY REFERENCES companies, dark boolean NOT NULL DEFAULT false, quota int);
SELECT create_distributed_table('settings', 'company_id');
INSERT INTO settings (company_id, quota) SELECT id, 10 FROM companies;
COMMIT;
-- 15
ALTER TABLE countries ADD COLUMN vat numeric(4, 2) NOT NULL DEFAULT 20;
UPDATE countries SET vat = 19 WHERE code = 'de';
-- 16: a mistake is undone as a whole.
BEGIN;
ALTER TABLE orders ADD COLUMN oops int;
ALTER TABLE orders ADD COLUMN oops int;
ROLLBACK;
SELECT oops FROM orders;
-- 17
DROP INDEX users_email;
CREATE UNIQUE INDEX users_email ON users (company_id, email);
INSERT INTO users (company_id, email, display_name) VALUES (1, 'u5@example.com', 'again');
-- 18
ALTER TABLE users ADD COLUMN IF NOT EXISTS settings jsonb NOT NULL DEFAULT '{}', DROP COLUMN IF EXISTS nothing;
-- 19
ALTER TABLE settings RENAME TO company_settings;
-- 20
BEGIN;
ALTER TABLE company_settings ADD COLUMN plan text DEFAULT 'free';
ALTER TABLE company_settings ALTER COLUMN plan SET DEFAULT 'trial';
ALTER TABLE company_settings DROP COLUMN dark;
COMMIT;
INSERT INTO companies (id, name) VALUES (100, 'late');
INSERT INTO company_settings (company_id) VALUES (100);
-- 21
CREATE VIEW open_orders AS SELECT o.company_id, o.id, u.email, c.name AS country, o.total FROM orders o
  JOIN users u ON u.company_id = o.company_id AND u.id = o.user_id JOIN countries c ON c.code = o.country WHERE o.state <> 'done';
-- 22
TRUNCATE company_settings;
ALTER TABLE company_settings ADD CONSTRAINT plan_known CHECK (plan IN ('free', 'trial'));
-- 23: archived with their schema.
CREATE SCHEMA archive;
CREATE TABLE archive.orders (LIKE orders INCLUDING DEFAULTS);
SELECT create_distributed_table('archive.orders', 'company_id', colocate_with => 'shop.orders');
INSERT INTO archive.orders SELECT * FROM orders WHERE company_id = 2;
DELETE FROM orders WHERE company_id = 2;

-- What came of it.
SELECT count(*), sum(total), min(placed_at) = '2024-05-01 UTC' FROM orders;
SELECT count(*) FROM archive.orders;
SELECT c.name, count(*), sum(o.total) FROM companies c JOIN orders o ON o.company_id = c.id GROUP BY c.name ORDER BY 1;
SELECT country, count(*), sum(total) FROM open_orders GROUP BY 1 ORDER BY 1;
SELECT * FROM open_orders WHERE company_id = 3 ORDER BY id LIMIT 2;
SELECT * FROM countries ORDER BY code;
SELECT id, company_id, email, display_name, settings FROM users WHERE company_id = 4 ORDER BY id LIMIT 2;
DELETE FROM companies WHERE id = 100;
-- limit: of a key between shards PostgreSQL names the side that is referred to
-- embedded: ERROR:  update or delete on table "users" violates foreign key constraint "orders_company_id_user_id_fkey" on table "orders"
-- embedded: DETAIL:  Key (company_id, id)=(1, 5) is still referenced from table "orders".
DELETE FROM companies WHERE id = 1;
-- end of limit
SELECT table_name, citus_table_type, distribution_column FROM citus_tables WHERE table_name::text !~ 'pg_' ORDER BY table_name::text;
SELECT count(DISTINCT colocation_id) FROM citus_tables WHERE citus_table_type = 'distributed';
SELECT column_name, data_type, is_nullable, column_default FROM information_schema.columns WHERE table_schema = 'shop' AND table_name = 'users' ORDER BY ordinal_position;
SET client_min_messages = error;
DROP SCHEMA shop, archive CASCADE;
SELECT result FROM run_command_on_workers($$SELECT count(*) FROM pg_class WHERE relnamespace::regnamespace::text IN ('shop', 'archive') AND relkind IN ('r', 'p')$$);
