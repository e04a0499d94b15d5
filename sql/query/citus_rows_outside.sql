-- For each shard of a table distributed by hash: the node group, the table, the shard, and the statement that counts its rows
-- whose hash is not in its range, and the shard's number. Values of an enum are hashed by their numbers, which differ on each node: such tables are
-- left out.
SELECT p.groupid, format('%I.%I', n.nspname, c.relname), q.name,
	format('SELECT count(*) FROM %s WHERE worker_hash(%2$I) NOT BETWEEN %3$s AND %4$s OR %2$I IS NULL', q.name,
		a.attname, s.shardminvalue, s.shardmaxvalue), s.shardid
FROM pg_dist_partition t
JOIN pg_class c ON c.oid = t.logicalrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = t.logicalrelid AND a.attname = column_to_column_name(t.logicalrelid, t.partkey)
JOIN pg_type y ON y.oid = a.atttypid
JOIN pg_type b ON b.oid = coalesce(nullif(y.typbasetype, 0), y.oid) AND b.typtype <> 'e'
JOIN pg_dist_shard s ON s.logicalrelid = t.logicalrelid
JOIN pg_dist_placement p ON p.shardid = s.shardid
CROSS JOIN LATERAL (SELECT CASE n.nspname WHEN 'public' THEN 'public.' ELSE '' END || shard_name(s.logicalrelid, s.shardid)) AS q(name)
WHERE t.partmethod = 'h' AND c.relkind = 'r'
ORDER BY p.groupid, s.shardid
