-- Of each shard group of $1, a JSON array of {"id", "relations" (a text[])} on this node: the bytes a move copies before
-- it makes indexes, the tables without a replica identity, whether a table is columnar, and how many roles own them.
SELECT m.id,
	coalesce(sum(pg_table_size(c.oid) + coalesce(pg_relation_size(i.indexrelid), 0)), 0)::bigint AS copy_bytes,
	string_agg(DISTINCT regexp_replace(c.relname, '_[0-9]+$', ''), ', ')
		FILTER (WHERE i.indexrelid IS NULL AND c.relreplident <> 'f' AND c.relkind = 'r'
			AND a.amname IS DISTINCT FROM 'columnar') AS without_identity,
	coalesce(bool_or(a.amname = 'columnar'), false) AS columnar,
	count(DISTINCT c.relowner) AS owners,
	count(c.oid) AS found
FROM json_to_recordset($1::json) AS m(id bigint, relations text)
CROSS JOIN LATERAL unnest(m.relations::text[]) AS r(name)
LEFT JOIN pg_class c ON c.oid = to_regclass(r.name)
LEFT JOIN pg_am a ON a.oid = c.relam
LEFT JOIN pg_index i ON i.indrelid = c.oid
	AND CASE c.relreplident WHEN 'd' THEN i.indisprimary WHEN 'i' THEN i.indisreplident ELSE false END
GROUP BY m.id
