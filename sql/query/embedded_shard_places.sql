-- What lies on each node by the catalog: a JSON array of {"id", "name", "table", "reference"} a node group, names with their schema.
SELECT p.groupid, json_agg(json_build_object('id', s.shardid, 'name', format('%I.%I', n.nspname, s.shardname),
	'table', format('%I.%I', n.nspname, c.relname), 'reference', d.partmethod = 'n') ORDER BY s.shardid)::text
FROM citus_embedded.shard s
JOIN pg_class c ON c.oid = s.logicalrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN citus_embedded.dist_table d ON d.logicalrelid = s.logicalrelid
JOIN citus_embedded.placement p ON p.shardid = s.shardid
GROUP BY p.groupid
