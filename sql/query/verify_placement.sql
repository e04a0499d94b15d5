-- How many shard groups of each colocation group lie on each node, and the first of them.
SELECT g.colocationid, g.groupid, count(*), min(g.shardid)
FROM (
	SELECT t.colocationid, p.groupid, s.shardminvalue, min(s.shardid) AS shardid
	FROM pg_dist_partition t
	JOIN pg_dist_shard s ON s.logicalrelid = t.logicalrelid
	JOIN pg_dist_placement p ON p.shardid = s.shardid
	WHERE (t.partmethod = 'h' OR (t.partmethod = 'n' AND t.repmodel = 's')) AND t.colocationid > 0
	GROUP BY t.colocationid, p.groupid, s.shardminvalue
) AS g
GROUP BY g.colocationid, g.groupid
ORDER BY 1, 2
