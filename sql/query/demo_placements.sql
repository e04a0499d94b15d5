-- Where the shards of the demo's tables lie, and how large they are: for each
-- hash range of the colocation group and each table of it one row.
SELECT c.nodename, c.nodeport, c.table_name::text, s.shardminvalue::bigint AS range_start, c.shard_size
FROM citus_shards c
JOIN pg_dist_shard s ON s.shardid = c.shardid
JOIN pg_class t ON t.oid = c.table_name
WHERE c.citus_table_type = 'distributed' AND t.relnamespace = current_schema()::regnamespace
ORDER BY range_start, 3
