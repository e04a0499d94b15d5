-- The foreign keys that wait to be put back: those of the demo's schema only in the demo, where its names mean its tables.
SELECT id, table_name, quote_ident(name), definition
FROM citusctl.pending_foreign_keys
WHERE (table_name LIKE 'citusctl\_demo.%') = (current_schema() IS NOT DISTINCT FROM 'citusctl_demo')
ORDER BY id
