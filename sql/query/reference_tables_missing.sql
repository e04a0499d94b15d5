-- How many copies of reference tables are missing on nodes that take shards.
SELECT count(*)
FROM pg_dist_partition p
JOIN pg_dist_shard s ON s.logicalrelid = p.logicalrelid
CROSS JOIN pg_dist_node n
WHERE p.partmethod = 'n' AND p.repmodel = 't' AND n.noderole = 'primary' AND n.isactive AND n.shouldhaveshards
	AND NOT EXISTS (SELECT FROM pg_dist_placement l WHERE l.shardid = s.shardid AND l.groupid = n.groupid)
