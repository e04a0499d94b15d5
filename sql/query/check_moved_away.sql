-- For each node, the shards that wait there to be dropped after a move, as text[].
SELECT n.nodename, n.nodeport, array_agg(substring(c.object_name FROM '[^.]*$'))::text
FROM pg_dist_cleanup c
JOIN pg_dist_node n ON n.groupid = c.node_group_id AND n.noderole = 'primary'
WHERE NOT EXISTS (
	SELECT 1 FROM pg_dist_placement p
	WHERE p.groupid = c.node_group_id AND p.shardid::text = substring(c.object_name FROM '[0-9]+$'))
GROUP BY n.nodename, n.nodeport
