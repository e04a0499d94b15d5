-- The foreign keys from and to the table $1, as commands that take them off.
SELECT format('%I.%I', n.nspname, t.relname) AS table_name, c.conname AS name, pg_get_constraintdef(c.oid) AS definition
FROM pg_constraint c
JOIN pg_class t ON t.oid = c.conrelid
JOIN pg_namespace n ON n.oid = t.relnamespace
WHERE c.contype = 'f' AND to_regclass($1) IN (c.conrelid, c.confrelid) AND c.conparentid = 0
ORDER BY c.oid
