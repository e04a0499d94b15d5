-- The distributed and reference tables, from the catalogs alone: no worker has to answer.
SELECT t.logicalrelid::text, CASE t.partmethod WHEN 'h' THEN 'distributed' ELSE 'reference' END,
       CASE t.partmethod WHEN 'h' THEN column_to_column_name(t.logicalrelid, t.partkey::text) END,
       t.colocationid, count(s.shardid), 0 AS bytes
FROM pg_dist_partition t
JOIN pg_dist_shard s ON s.logicalrelid = t.logicalrelid
WHERE t.partmethod IN ('h', 'n')
GROUP BY t.logicalrelid, t.partmethod, t.partkey::text, t.colocationid
ORDER BY 2, t.colocationid, 1
