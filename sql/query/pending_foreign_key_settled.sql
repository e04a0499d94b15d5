-- Whether the foreign key $1 that waits has nothing to wait for: it holds already, or its table is gone.
SELECT to_regclass(p.table_name) IS NULL
	OR EXISTS (SELECT FROM pg_constraint c WHERE c.conrelid = to_regclass(p.table_name) AND c.conname = p.name AND c.contype = 'f')
FROM citusctl.pending_foreign_keys p
WHERE p.id = $1::bigint
