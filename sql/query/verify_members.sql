-- The primary nodes that are registered, with what Citus says of the metadata on them.
SELECT groupid, hasmetadata AND metadatasynced
FROM pg_dist_node
WHERE noderole = 'primary'
ORDER BY groupid
