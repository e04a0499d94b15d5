-- The tables whose shards may move, one row each.
SELECT p.colocationid, p.logicalrelid::text, count(*) AS shards
FROM pg_dist_partition p
JOIN pg_dist_shard s ON s.logicalrelid = p.logicalrelid
WHERE (p.partmethod = 'h' OR (p.partmethod = 'n' AND p.repmodel = 's')) AND p.colocationid > 0
GROUP BY p.colocationid, p.logicalrelid
ORDER BY p.colocationid, p.logicalrelid::text
