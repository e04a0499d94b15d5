-- What is wrong with the hash ranges of colocated tables, a row for each colocation group and kind of fault: the kind, the
-- tables, how many ranges it concerns, the first of them.  The row "all" counts shards and ranges.
WITH shard AS (
	SELECT t.colocationid, s.logicalrelid, s.shardid, s.shardminvalue::bigint AS low, s.shardmaxvalue::bigint AS high,
		(SELECT array_agg(p.groupid ORDER BY p.groupid) FROM pg_dist_placement p WHERE p.shardid = s.shardid) AS groups,
		lag(s.shardmaxvalue::bigint) OVER (PARTITION BY s.logicalrelid ORDER BY s.shardminvalue::bigint) AS before,
		lead(s.shardid) OVER (PARTITION BY s.logicalrelid ORDER BY s.shardminvalue::bigint) AS next
	FROM pg_dist_partition t
	JOIN pg_dist_shard s ON s.logicalrelid = t.logicalrelid
	WHERE t.partmethod = 'h'
), range AS (
	SELECT colocationid, low, high, string_agg(DISTINCT logicalrelid::regclass::text, ', ') AS tables,
		count(DISTINCT groups) > 1 AS is_apart,
		bool_or(groups IS NULL) AS is_nowhere,
		count(DISTINCT logicalrelid) <> (SELECT count(*) FROM pg_dist_partition g
			WHERE g.colocationid = shard.colocationid AND g.partmethod = 'h') AS is_lacking,
		bool_or(low <> coalesce(before + 1, -2147483648) OR (next IS NULL AND high <> 2147483647)) AS is_odd
	FROM shard
	GROUP BY colocationid, low, high
)
SELECT kind, tables, ranges, first FROM (
	SELECT 0 AS nth, 'all' AS kind, (SELECT count(*) FROM shard)::text AS tables, count(*) AS ranges, NULL AS first FROM range
	UNION ALL
	SELECT 1, kind, min(tables), count(*), min(low || ' to ' || high)
	FROM range, LATERAL (VALUES ('apart', is_apart), ('nowhere', is_nowhere), ('lacking', is_lacking), ('odd', is_odd)) AS fault(kind, is_so)
	WHERE is_so
	GROUP BY colocationid, kind
) AS found
ORDER BY nth, tables, kind
