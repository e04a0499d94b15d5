-- The colocation group of table $1; 0 for a table that has no shards to move, no row when there is no such table.
SELECT coalesce((SELECT colocationid FROM pg_dist_partition
		WHERE logicalrelid = t.oid AND (partmethod = 'h' OR (partmethod = 'n' AND repmodel = 's'))), 0)
FROM (SELECT to_regclass($1) AS oid) t
WHERE t.oid IS NOT NULL
