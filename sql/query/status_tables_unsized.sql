-- The distributed and reference tables, from the catalogs alone: no worker has to answer.
SELECT t.logicalrelid::text, CASE t.partmethod WHEN 'h' THEN 'distributed' ELSE 'reference' END,
       CASE t.partmethod WHEN 'h' THEN column_to_column_name(t.logicalrelid, t.partkey::text) END,
       t.colocationid, count(s.shardid), NULL::bigint AS bytes, coalesce(a.amname, 'heap')
FROM pg_dist_partition t
JOIN pg_dist_shard s ON s.logicalrelid = t.logicalrelid
JOIN pg_class c ON c.oid = t.logicalrelid
LEFT JOIN pg_am a ON a.oid = c.relam
WHERE t.partmethod IN ('h', 'n')
GROUP BY t.logicalrelid, t.partmethod, t.partkey::text, t.colocationid, a.amname
ORDER BY 2, t.colocationid, 1
