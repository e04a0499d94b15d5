-- The primary nodes: secondaries hold the same shards a second time.
SELECT nodeid, groupid, nodename, nodeport, isactive, shouldhaveshards
FROM pg_dist_node
WHERE noderole = 'primary'
ORDER BY groupid
