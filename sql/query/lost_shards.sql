-- What would be lost with group $1: by table, the shards that stand nowhere else.
SELECT s.logicalrelid::regclass::text, count(*),
       (SELECT count(*) FROM pg_dist_shard a WHERE a.logicalrelid = s.logicalrelid),
       string_agg(s.shardid::text, ', ' ORDER BY s.shardid)
FROM pg_dist_placement p
JOIN pg_dist_shard s ON s.shardid = p.shardid
WHERE p.groupid = $1::int
  AND NOT EXISTS (SELECT FROM pg_dist_placement o WHERE o.shardid = p.shardid AND o.groupid <> p.groupid)
GROUP BY s.logicalrelid
ORDER BY 1
