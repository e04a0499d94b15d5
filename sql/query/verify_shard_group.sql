-- The group of the node that shard $1 lies on by the catalog; no row when there is no such shard any more.
SELECT groupid
FROM pg_dist_placement
WHERE shardid = $1::bigint
ORDER BY groupid
LIMIT 1
