-- Copies the reference tables to the nodes that don't have them yet.
SELECT replicate_reference_tables($1)
