-- What lies on each node by the catalog: a JSON array of {"id", "name", "table", "reference"} a node group, names with their schema.
SELECT p.groupid, json_agg(json_build_object('id', s.shardid,
	'name', CASE n.nspname WHEN 'public' THEN 'public.' ELSE '' END || shard_name(s.logicalrelid, s.shardid),
	'table', format('%I.%I', n.nspname, c.relname), 'reference', t.partmethod = 'n' AND t.repmodel = 't') ORDER BY s.shardid)::text
FROM pg_dist_partition t
JOIN pg_class c ON c.oid = t.logicalrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_dist_shard s ON s.logicalrelid = t.logicalrelid
JOIN pg_dist_placement p ON p.shardid = s.shardid
WHERE p.shardstate = 1
GROUP BY p.groupid
