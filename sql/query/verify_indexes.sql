-- On a node: invalid indexes of the shards $1, but those of tables whose indexes are being made now.
SELECT s."table", count(*), min(format('%I.%I', n.nspname, c.relname))
FROM json_to_recordset($1::json) AS s(name text, "table" text)
JOIN pg_index i ON i.indrelid = to_regclass(s.name)
JOIN pg_class c ON c.oid = i.indexrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE NOT (i.indisvalid AND i.indisready)
	AND NOT EXISTS (SELECT FROM pg_stat_progress_create_index p WHERE i.indexrelid = p.index_relid OR i.indrelid = p.relid)
GROUP BY s."table"
ORDER BY 1
