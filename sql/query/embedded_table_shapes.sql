-- The lines of sql/query/verify_shapes.sql that the shards of each table should have.
SELECT citus_embedded.qualified(d.logicalrelid), json_agg(line ORDER BY line COLLATE "C")::text
FROM citus_embedded.dist_table d
CROSS JOIN LATERAL citus_embedded.describe(d.logicalrelid) AS is_made
CROSS JOIN LATERAL (
	SELECT format('column %I %s%s%s%s', value ->> 'name', value ->> 'type', ' COLLATE ' || (value ->> 'collation'),
		CASE WHEN value ->> 'generated' IS NOT NULL THEN ' GENERATED' END, CASE WHEN (value ->> 'notnull')::boolean THEN ' NOT NULL' END)
	FROM jsonb_each(is_made -> 'columns')
	UNION ALL
	SELECT regexp_replace(value ->> 1, ' NOT VALID$', '') FROM jsonb_each(is_made -> 'constraints')
	UNION ALL
	SELECT (value ->> 0) || 'INDEX ' || (value ->> 1) FROM jsonb_each(is_made -> 'indexes')
) AS shape(line)
GROUP BY d.logicalrelid
