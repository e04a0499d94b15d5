-- Where the catalog says that shards lie, as lines; sql/query/embedded_catalog_copy.sql has where statements go.
SELECT line FROM (
	SELECT format('shard %s of table %s lies on node %s', s.shardname, s.logicalrelid, n.nodeid)
	FROM citus_embedded.shard s
	JOIN citus_embedded.dist_table d ON d.logicalrelid = s.logicalrelid
	JOIN citus_embedded.placement p ON p.shardid = s.shardid
	JOIN citus_embedded.node n ON n.groupid = p.groupid
	WHERE d.partmethod = 'h'
) AS catalog(line)
ORDER BY line COLLATE "C"
