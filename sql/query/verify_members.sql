-- The primary nodes that are registered, with what Citus says of the metadata on them, and whether they are active.
SELECT groupid, hasmetadata AND metadatasynced, isactive
FROM pg_dist_node
WHERE noderole = 'primary'
ORDER BY groupid
