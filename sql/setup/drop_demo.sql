-- Removes what the demo made in a cluster of the user's.
DROP SCHEMA IF EXISTS citusctl_demo CASCADE;
DELETE FROM citusctl.schema_files WHERE path LIKE 'citusctl\_demo:%';
DELETE FROM citusctl.pending_foreign_keys WHERE table_name LIKE 'citusctl\_demo.%';
