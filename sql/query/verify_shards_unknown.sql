-- On a node: tables that look like shards of the tables $2, by their names and numbers up to $3, and are not among the shards
-- $1 that should be there, nor among $4 (text[]) that are known to be left of moves.
SELECT format('%I.%I', n.nspname, c.relname) AS name, pg_size_pretty(pg_total_relation_size(c.oid))
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p')
	AND c.relname ~ '_[0-9]{6,18}$'
	AND substring(c.relname FROM '_([0-9]{6,18})$')::bigint BETWEEN 102008 AND $3::bigint
	AND EXISTS (
		SELECT FROM json_to_recordset($2::json) AS t(schema text, relname text)
		WHERE t.schema = n.nspname AND (c.relname = t.relname || substring(c.relname FROM '_[0-9]+$')
			OR (length(c.relname) > 60 AND starts_with(t.relname, left(c.relname, 40)))))
	AND c.oid NOT IN (
		SELECT to_regclass(s.name) FROM json_to_recordset($1::json) AS s(name text) WHERE to_regclass(s.name) IS NOT NULL
		UNION ALL
		SELECT to_regclass(t.name) FROM json_to_recordset($2::json) AS t(name text) WHERE to_regclass(t.name) IS NOT NULL)
	AND format('%I.%I', n.nspname, c.relname) <> ALL ($4::text[])
ORDER BY 1
