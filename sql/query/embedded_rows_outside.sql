-- For each shard of a distributed table: the node group, the table, the shard, and the statement that counts its rows that
-- belong to another one, and the shard's number.
SELECT p.groupid, q.name, format('%I.%I', n.nspname, s.shardname),
	format('SELECT count(*) FROM ONLY %I.%I WHERE NOT satisfies_hash_partition(%L::regclass, %s, %s, %I)', n.nspname, s.shardname, q.name,
		g.shardcount, s.shardindex, d.partkey), s.shardid
FROM citus_embedded.shard s
JOIN citus_embedded.dist_table d ON d.logicalrelid = s.logicalrelid
JOIN citus_embedded.colocation g ON g.colocationid = d.colocationid
JOIN citus_embedded.placement p ON p.shardid = s.shardid
JOIN pg_class c ON c.oid = d.logicalrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (SELECT format('%I.%I', n.nspname, c.relname)) AS q(name)
WHERE d.partmethod = 'h'
ORDER BY p.groupid, s.shardid
