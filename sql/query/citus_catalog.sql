-- On a node of Citus: its copy of the catalog as lines, in an order that does not depend on the locale.
SELECT line FROM (
	SELECT format('node %s:%s is group %s, id %s%s%s', nodename, nodeport, groupid, nodeid,
		CASE WHEN isactive THEN '' ELSE ', inactive' END, CASE WHEN shouldhaveshards THEN '' ELSE ', takes no shards' END)
	FROM pg_dist_node
	UNION ALL
	SELECT format('colocation group %s has %s shards of %s', colocationid, shardcount, distributioncolumntype::regtype)
	FROM pg_dist_colocation
	UNION ALL
	SELECT format('table %s is distributed by %s in colocation group %s (%s%s)', logicalrelid,
		coalesce(column_to_column_name(logicalrelid, partkey), 'nothing'), colocationid, partmethod, repmodel)
	FROM pg_dist_partition WHERE partmethod IN ('h', 'n')
	UNION ALL
	SELECT format('shard %s is of table %s, hashes %s to %s', s.shardid, s.logicalrelid, s.shardminvalue, s.shardmaxvalue)
	FROM pg_dist_shard s JOIN pg_dist_partition t ON t.logicalrelid = s.logicalrelid WHERE t.partmethod IN ('h', 'n')
	UNION ALL
	SELECT format('shard %s lies on group %s', p.shardid, p.groupid)
	FROM pg_dist_placement p JOIN pg_dist_shard s ON s.shardid = p.shardid
	JOIN pg_dist_partition t ON t.logicalrelid = s.logicalrelid WHERE t.partmethod IN ('h', 'n')
) AS catalog(line)
ORDER BY line COLLATE "C"
