-- The shard of table $1 that holds the row with key $2, the first shard of its group, the shard's table, and its node.
SELECT s.shardid,
	(SELECT min(o.shardid) FROM pg_dist_partition q JOIN pg_dist_shard o ON o.logicalrelid = q.logicalrelid
		WHERE q.colocationid = p.colocationid AND o.shardminvalue IS NOT DISTINCT FROM s.shardminvalue),
	n.nodename, n.nodeport
FROM pg_dist_shard s
JOIN pg_dist_partition p ON p.logicalrelid = s.logicalrelid
JOIN pg_dist_placement l ON l.shardid = s.shardid
JOIN pg_dist_node n ON n.groupid = l.groupid AND n.noderole = 'primary'
WHERE s.shardid = get_shard_id_for_distribution_column($1::regclass, $2::text)
