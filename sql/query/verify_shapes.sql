-- On a node: columns, constraints and indexes of the shards $1, lines as JSON; shards of a table with the same lines are one
-- row.  Names of constraints and indexes are left out, as those of shards have numbers; a foreign key says which table it
-- refers to, not which shard.  NOT VALID is left out, as a move makes the constraint valid.  Dates are written the same whatever
-- the settings, and as the embedded engine writes them.
WITH shard AS MATERIALIZED (
	SELECT s.id, s."table", to_regclass(s.name)::oid AS relation,
		set_config('DateStyle', 'ISO', true), set_config('IntervalStyle', 'postgres', true), set_config('TimeZone', 'GMT', true)
	FROM json_to_recordset($1::json) AS s(id bigint, name text, "table" text)
), line AS (
	SELECT s.id, s."table", format('column %I %s%s%s%s', a.attname, format_type(a.atttypid, a.atttypmod),
		CASE WHEN a.attcollation <> y.typcollation THEN (SELECT format(' COLLATE %I.%I', n.nspname, o.collname)
			FROM pg_collation o JOIN pg_namespace n ON n.oid = o.collnamespace WHERE o.oid = a.attcollation) END,
		CASE WHEN a.attgenerated <> '' THEN ' GENERATED' END, CASE WHEN a.attnotnull THEN ' NOT NULL' END) AS line
	FROM shard s
	JOIN pg_attribute a ON a.attrelid = s.relation
	JOIN pg_type y ON y.oid = a.atttypid
	WHERE a.attnum > 0 AND NOT a.attisdropped
	UNION ALL
	SELECT s.id, s."table", CASE k.contype
		WHEN 'f' THEN replace(d.definition, ' REFERENCES ' || f.name || '(', ' REFERENCES ' || coalesce(r."table", f.name) || '(')
		ELSE d.definition END
	FROM shard s
	JOIN pg_constraint k ON k.conrelid = s.relation
	LEFT JOIN pg_constraint p ON p.oid = k.conparentid
	LEFT JOIN shard r ON r.relation = k.confrelid
	CROSS JOIN LATERAL (SELECT regexp_replace(pg_get_constraintdef(k.oid), ' NOT VALID$', '')) AS d(definition)
	LEFT JOIN LATERAL (SELECT format('%I.%I', n.nspname, c.relname)
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = k.confrelid) AS f(name) ON true
	WHERE k.contype IN ('p', 'u', 'x', 'c', 'f') AND p.conrelid IS DISTINCT FROM k.conrelid
	UNION ALL
	SELECT s.id, s."table", u.word || 'INDEX' || substr(pg_get_indexdef(i.indexrelid), 1 + length(format('CREATE %sINDEX %I ON %s%I.%I',
		u.word, x.relname, CASE WHEN x.relkind = 'I' THEN 'ONLY ' END, n.nspname, c.relname)))
	FROM shard s
	JOIN pg_index i ON i.indrelid = s.relation
	JOIN pg_class x ON x.oid = i.indexrelid
	JOIN pg_class c ON c.oid = i.indrelid
	JOIN pg_namespace n ON n.oid = c.relnamespace
	CROSS JOIN LATERAL (SELECT CASE WHEN i.indisunique THEN 'UNIQUE ' ELSE '' END) AS u(word)
	WHERE NOT EXISTS (SELECT FROM pg_constraint k
		WHERE k.conindid = i.indexrelid AND k.conrelid = s.relation AND k.contype IN ('p', 'u', 'x'))
)
SELECT "table", lines, count(*), min(id)
FROM (SELECT id, "table", json_agg(line ORDER BY line COLLATE "C")::text AS lines FROM line GROUP BY id, "table") AS shape
GROUP BY "table", lines
ORDER BY "table", count(*) DESC
