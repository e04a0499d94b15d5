-- What is wrong with the hash ranges of colocated tables, a row for each colocation group and kind of fault: the kind, the
-- tables (three of them at most by name), how many ranges it concerns, the first of them with the shard that is to blame.  The
-- row "all" counts shards and ranges.
WITH shard AS (
	SELECT *, low <> coalesce(before + 1, -2147483648) OR (next IS NULL AND high <> 2147483647) AS is_odd
	FROM (
		SELECT t.colocationid, s.logicalrelid, s.shardid, s.shardminvalue::bigint AS low, s.shardmaxvalue::bigint AS high,
			(SELECT array_agg(p.groupid ORDER BY p.groupid) FROM pg_dist_placement p WHERE p.shardid = s.shardid) AS groups,
			lag(s.shardmaxvalue::bigint) OVER (PARTITION BY s.logicalrelid ORDER BY s.shardminvalue::bigint) AS before,
			lead(s.shardid) OVER (PARTITION BY s.logicalrelid ORDER BY s.shardminvalue::bigint) AS next
		FROM pg_dist_partition t
		JOIN pg_dist_shard s ON s.logicalrelid = t.logicalrelid
		WHERE t.partmethod = 'h'
	) AS neighbours
), range AS (
	SELECT colocationid, low, high, array_agg(DISTINCT logicalrelid::regclass::text) AS tables,
		mode() WITHIN GROUP (ORDER BY groups) AS usual,
		count(DISTINCT groups) > 1 AS is_apart,
		bool_or(groups IS NULL) AS is_nowhere,
		count(DISTINCT logicalrelid) <> (SELECT count(*) FROM pg_dist_partition g
			WHERE g.colocationid = shard.colocationid AND g.partmethod = 'h') AS is_lacking,
		bool_or(is_odd) AS is_odd
	FROM shard
	GROUP BY colocationid, low, high
), fault AS (
	SELECT colocationid, kind, min(tables) AS tables, count(*) AS ranges, min(low) AS low
	FROM range, LATERAL (VALUES ('apart', is_apart), ('nowhere', is_nowhere), ('lacking', is_lacking), ('odd', is_odd)) AS fault(kind, is_so)
	WHERE is_so
	GROUP BY colocationid, kind
), place AS (
	SELECT groupid, format('%s:%s', nodename, nodeport) AS name FROM pg_dist_node WHERE noderole = 'primary'
)
SELECT kind, tables, ranges, first FROM (
	SELECT 0 AS nth, 'all' AS kind, (SELECT count(*) FROM shard)::text AS tables, count(*) AS ranges, NULL AS first FROM range
	UNION ALL
	SELECT 1, f.kind, array_to_string(f.tables[1:3], ', ')
			|| CASE WHEN cardinality(f.tables) > 3 THEN format(' and %s more', cardinality(f.tables) - 3) ELSE '' END,
		f.ranges, b.first
	FROM fault f, LATERAL (
		SELECT format('%s to %s: ', s.low, s.high) || CASE f.kind
			WHEN 'apart' THEN format('shard %s of %s on %s, others on %s', s.shardid, s.logicalrelid::regclass,
				(SELECT string_agg(name, ', ' ORDER BY name) FROM place WHERE groupid = ANY (s.groups)),
				(SELECT string_agg(name, ', ' ORDER BY name) FROM place WHERE groupid = ANY (r.usual)))
			WHEN 'lacking' THEN (SELECT 'none of ' || min(g.logicalrelid::regclass::text) FROM pg_dist_partition g
				WHERE g.colocationid = f.colocationid AND g.partmethod = 'h' AND g.logicalrelid::regclass::text <> ALL (r.tables))
			ELSE format('shard %s of %s', s.shardid, s.logicalrelid::regclass) END AS first
		FROM range r
		JOIN shard s ON s.colocationid = r.colocationid AND s.low = r.low AND s.high = r.high
		WHERE r.colocationid = f.colocationid AND r.low = f.low AND CASE f.kind
			WHEN 'apart' THEN s.groups <> r.usual
			WHEN 'nowhere' THEN s.groups IS NULL
			WHEN 'lacking' THEN r.is_lacking
			ELSE s.is_odd END
		ORDER BY s.shardid
		LIMIT 1
	) AS b
) AS found
ORDER BY nth, tables, kind
