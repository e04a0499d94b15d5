-- The tables of the catalog as a JSON array in the form of shards that are the tables themselves, and the highest shard id.
SELECT coalesce(json_agg(json_build_object('id', 0, 'name', format('%I.%I', n.nspname, c.relname),
		'table', format('%I.%I', n.nspname, c.relname), 'schema', n.nspname, 'relname', c.relname)), '[]')::text,
	(SELECT coalesce(max(shardid), 0) FROM pg_dist_shard)
FROM pg_dist_partition t
JOIN pg_class c ON c.oid = t.logicalrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
