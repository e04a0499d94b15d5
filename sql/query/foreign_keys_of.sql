-- The foreign keys from and to the table $1, as commands that take them off.
SELECT conrelid::regclass::text AS table_name, conname AS name, pg_get_constraintdef(oid) AS definition
FROM pg_constraint
WHERE contype = 'f' AND to_regclass($1) IN (conrelid, confrelid) AND conparentid = 0
ORDER BY oid
