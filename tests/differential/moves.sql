-- Shard moves: what they do, and what they refuse.
CREATE SCHEMA moves;
SET search_path = moves;
CREATE TABLE ref (code text PRIMARY KEY);
CREATE TABLE users (id bigint PRIMARY KEY, code text REFERENCES ref, half int GENERATED ALWAYS AS (id / 2) STORED);
CREATE TABLE "Twe ets" (author bigint, id int, body text DEFAULT 'none', PRIMARY KEY (author, id));
CREATE INDEX by_body ON "Twe ets" (body);
CREATE TABLE nokey (id bigint, v text);
CREATE TABLE plain (id int);
SELECT create_reference_table('ref');
SELECT create_distributed_table('users', 'id');
SELECT create_distributed_table('"Twe ets"', 'author', colocate_with => 'users');
SELECT create_distributed_table('nokey', 'id', colocate_with => 'none');
INSERT INTO ref VALUES ('a'), ('b');
INSERT INTO users (id, code) SELECT i, 'a' FROM generate_series(1, 100) i;
INSERT INTO "Twe ets" SELECT i, 1 FROM generate_series(1, 100) i;
INSERT INTO nokey SELECT i, 'x' FROM generate_series(1, 100) i;

SELECT min(shardid) AS shard FROM pg_dist_shard WHERE logicalrelid = 'users'::regclass \gset
SELECT min(shardid) AS bare FROM pg_dist_shard WHERE logicalrelid = 'nokey'::regclass \gset
SELECT min(shardid) AS copy FROM pg_dist_shard WHERE logicalrelid = 'ref'::regclass \gset
SELECT nodeid AS here, nodeport AS hereport FROM pg_dist_placement JOIN pg_dist_node USING (groupid) WHERE shardid = :shard \gset
SELECT nodeid AS bare_here FROM pg_dist_placement JOIN pg_dist_node USING (groupid) WHERE shardid = :bare \gset
SELECT min(nodeid) AS there FROM pg_dist_node WHERE shouldhaveshards AND nodeid NOT IN (:here, :bare_here) \gset
SELECT max(nodeid) AS other FROM pg_dist_node WHERE nodeid NOT IN (:here, :there) AND shouldhaveshards \gset
SELECT nodeport AS thereport FROM pg_dist_node WHERE nodeid = :there \gset
SELECT nodeid AS coordinator FROM pg_dist_node WHERE groupid = 0 \gset

-- What is refused.
SELECT citus_move_shard_placement(:shard, :here, :here);
SELECT citus_move_shard_placement(1, :here, :there);
SELECT citus_move_shard_placement(:copy, :here, :there);
SELECT citus_move_shard_placement(:shard, :here, 99);
SELECT citus_move_shard_placement(:shard, 99, :there);
SELECT citus_move_shard_placement(:shard, :other, :there);
SELECT citus_move_shard_placement(:shard, :here, :coordinator);
SELECT citus_move_shard_placement(:shard, '127.0.0.1', :hereport, 'nowhere', 2);
SELECT citus_move_shard_placement(:shard, 'nowhere', 2, '127.0.0.1', :thereport);
SELECT citus_move_shard_placement(:bare, :bare_here, :there);
SELECT citus_move_shard_placement(:bare, :bare_here, :there, 'auto');
SELECT citus_move_shard_placement(:shard, NULL, :there);

-- What is moved: all tables of the group, and nothing is lost.
SELECT citus_move_shard_placement(:shard, :here, :there);
SELECT logicalrelid, count(*) FROM pg_dist_shard JOIN pg_dist_placement USING (shardid) JOIN pg_dist_node USING (groupid)
    WHERE nodeid = :there AND shardminvalue = (SELECT shardminvalue FROM pg_dist_shard WHERE shardid = :shard) AND logicalrelid <> 'nokey'::regclass
    GROUP BY 1 ORDER BY logicalrelid::text;
SELECT count(*), sum(half) FROM users;
SELECT count(*), min(body) FROM "Twe ets";
SELECT citus_move_shard_placement(:shard, :here, :there);
SELECT pg_catalog.citus_move_shard_placement(shard_id := :shard, source_node_id := :there, target_node_id := :here, transfer_mode := 'block_writes');
SELECT citus_move_shard_placement(shard_id := :shard, source_node_name := '127.0.0.1', source_node_port := :hereport,
    target_node_name := '127.0.0.1', target_node_port := :thereport, shard_transfer_mode := 'force_logical');
SELECT citus_move_shard_placement(:bare, :bare_here, :there, 'force_logical');
SELECT citus_move_shard_placement(:bare, :there, :bare_here, 'block_writes');
SELECT count(*), sum(half) FROM users;
SELECT count(*), min(body) FROM "Twe ets";
SELECT count(*) FROM nokey;

-- Constraints hold on the target.
INSERT INTO "Twe ets" SELECT min(author), 1 FROM "Twe ets";
INSERT INTO users VALUES (4711, 'c');
DELETE FROM ref WHERE code = 'a';
INSERT INTO users (id, code) SELECT id, 'a' FROM users ORDER BY id LIMIT 1;
DELETE FROM users WHERE id <= 10;
DELETE FROM ref WHERE code = 'b';
SELECT count(*) FROM users;

-- Transactions.
BEGIN;
SELECT citus_move_shard_placement(:shard, :there, :here, 'block_writes');
ROLLBACK;
SELECT nodeid = :there AS where_it_was FROM pg_dist_placement JOIN pg_dist_node USING (groupid) WHERE shardid = :shard;
SELECT count(*) FROM users;
BEGIN;
CALL citus_cleanup_orphaned_resources();
ROLLBACK;
CALL citus_cleanup_orphaned_resources();
SELECT * FROM pg_dist_cleanup;
BEGIN;
SELECT citus_move_shard_placement(:shard, :there, :here, 'force_logical');
SELECT citus_move_shard_placement(:shard, :here, :there, 'force_logical');
ROLLBACK;
-- limit: what is read before the move is read in a snapshot on the workers, which would miss what moves
-- embedded: ERROR:  cannot move a shard in a transaction that has used the workers
-- embedded: HINT:  Move it in a transaction of its own.
BEGIN;
DO $$ BEGIN PERFORM count(*) FROM moves.users; END $$;
SELECT citus_move_shard_placement(:shard, :there, :here, 'block_writes') AS moved \gset
ROLLBACK;
-- end of limit

-- Progress, when there is none.
SELECT * FROM get_rebalance_progress();

-- What only a superuser may.
SELECT citus_drain_node('127.0.0.1', :hereport);
SELECT replicate_reference_tables();
\c - postgres
SET client_min_messages = warning;
SET search_path = moves;
SELECT citus_drain_node('nowhere', 1);
SELECT citus_drain_node('127.0.0.1', :thereport, 'block_writes');
SELECT count(*) FROM pg_dist_shard JOIN pg_dist_placement USING (shardid) JOIN pg_dist_node USING (groupid) JOIN pg_dist_partition USING (logicalrelid)
    WHERE nodeid = :there AND partmethod = 'h';
SELECT shouldhaveshards FROM pg_dist_node WHERE nodeid = :there;
SELECT citus_move_shard_placement(:shard, nodeid, :there, 'block_writes') FROM pg_dist_placement JOIN pg_dist_node USING (groupid) WHERE shardid = :shard;
SELECT citus_set_node_property('127.0.0.1', :thereport, 'shouldhaveshards', true);
SELECT replicate_reference_tables('block_writes');
SELECT citus_copy_shard_placement(:copy, :here, :there, 'block_writes');
SELECT citus_copy_shard_placement(:shard, :here, :there, 'block_writes');
SELECT citus_copy_shard_placement(:copy, :here, :here, 'block_writes');
SELECT count(*), sum(half) FROM users;
CALL citus_cleanup_orphaned_resources();
DROP SCHEMA moves CASCADE;
