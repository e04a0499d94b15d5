-- On one node: a statement for each shard of the table $2 in schema $1 that
-- reads its number of rows and the sum of $3 over them.  Shards are found by
-- their name, not in the engine's catalog: one that the catalog does not know
-- is found too, except those that wait to be cleaned up after a move.
SELECT format('SELECT count(*), coalesce(sum(%s), 0) FROM %I.%I', $3::text, n.nspname, c.relname)
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1::text
	AND c.relkind = 'r'
	AND starts_with(c.relname, $2::text || '_')
	AND substr(c.relname, length($2::text) + 2) ~ '^[0-9]{4,}$'
	AND c.relname <> ALL ($4::text[])
ORDER BY c.relname
