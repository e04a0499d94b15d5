-- The shard groups: what moves whole, with the node, the size in bytes and the shards' tables as text[].  One scan of
-- every node at the same time, however many shards there are.
SELECT min(s.shardid) AS id, s.colocation_id, min(n.nodeid) AS nodeid, coalesce(sum(s.shard_size), 0)::bigint AS bytes,
	count(DISTINCT s.shardid) AS shards, count(*) AS placements, count(DISTINCT n.nodeid) AS nodes,
	array_agg(DISTINCT s.shard_name)::text AS relations, array_agg(DISTINCT s.shardid)::text AS shard_ids
FROM citus_shards s
JOIN pg_dist_shard d ON d.shardid = s.shardid
JOIN pg_dist_node n ON n.nodename = s.nodename AND n.nodeport = s.nodeport AND n.noderole = 'primary'
WHERE s.citus_table_type IN ('distributed', 'schema') AND s.colocation_id > 0
GROUP BY s.colocation_id, d.shardminvalue
ORDER BY s.colocation_id, 1
