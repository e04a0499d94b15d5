-- For each hash range of each colocation group: the tables that have a shard of
-- just this range, the tables of the group, and the nodes these shards lie on.
SELECT p.colocationid,
	s.shardminvalue || ' to ' || s.shardmaxvalue AS hash_range,
	count(DISTINCT s.logicalrelid) AS tables_here,
	(SELECT count(*) FROM pg_dist_partition g
		WHERE g.colocationid = p.colocationid AND g.partmethod = 'h') AS tables,
	count(DISTINCT pl.groupid) AS nodes,
	string_agg(DISTINCT s.logicalrelid::regclass::text, ', ') AS names,
	string_agg(DISTINCT n.nodename || ':' || n.nodeport, ' and ') AS places
FROM pg_dist_partition p
JOIN pg_dist_shard s ON s.logicalrelid = p.logicalrelid
LEFT JOIN pg_dist_placement pl ON pl.shardid = s.shardid
LEFT JOIN pg_dist_node n ON n.groupid = pl.groupid AND n.noderole = 'primary'
WHERE p.partmethod = 'h'
GROUP BY p.colocationid, s.shardminvalue, s.shardmaxvalue
ORDER BY p.colocationid, s.shardminvalue::int
