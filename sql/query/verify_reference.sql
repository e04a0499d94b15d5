-- Copies of reference tables that the catalog lacks: the table and the group of a node that should have one.
SELECT format('%I.%I', n.nspname, c.relname), d.groupid
FROM pg_dist_partition t
JOIN pg_class c ON c.oid = t.logicalrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_dist_shard s ON s.logicalrelid = t.logicalrelid
JOIN pg_dist_node d ON d.noderole = 'primary' AND d.isactive AND (d.groupid <> 0 OR d.shouldhaveshards)
WHERE t.partmethod = 'n' AND t.repmodel = 't'
	AND NOT EXISTS (SELECT FROM pg_dist_placement p WHERE p.shardid = s.shardid AND p.groupid = d.groupid)
ORDER BY 1, 2
