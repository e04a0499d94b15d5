-- Where the foreign tables send the statements on each shard, as lines.
SELECT line FROM (
	SELECT format('shard %s of table %s lies on node %s', (SELECT option_value FROM pg_options_to_table(f.ftoptions) WHERE option_name = 'table_name'),
		i.inhparent::regclass, substring(v.srvname FROM '^citus_node_(\d+)$'))
	FROM citus_embedded.dist_table d
	JOIN pg_inherits i ON i.inhparent = d.logicalrelid
	JOIN pg_foreign_table f ON f.ftrelid = i.inhrelid
	JOIN pg_foreign_server v ON v.oid = f.ftserver
) AS catalog(line)
ORDER BY line COLLATE "C"
