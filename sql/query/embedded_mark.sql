-- Marks the schema of the embedded engine with the checksum $1 of its files.
SELECT citus_embedded.mark_installed($1)
