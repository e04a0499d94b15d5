-- The copies of every reference table: on which node, under which name.
SELECT t.table_name::text, s.nodename, s.nodeport, s.shard_name
FROM citus_tables t
JOIN citus_shards s ON s.table_name = t.table_name
WHERE t.citus_table_type = 'reference'
ORDER BY t.table_name::text, s.nodename, s.nodeport
