-- The distributed and reference tables with their sizes in bytes.
SELECT t.table_name::text, t.citus_table_type, nullif(t.distribution_column, '<none>'),
       t.colocation_id, t.shard_count, coalesce(sum(s.shard_size), 0) AS bytes, t.access_method
FROM citus_tables t
LEFT JOIN citus_shards s ON s.table_name = t.table_name
WHERE t.citus_table_type IN ('distributed', 'reference')
GROUP BY 1, 2, 3, 4, 5, t.access_method
ORDER BY t.citus_table_type, t.colocation_id, 1
