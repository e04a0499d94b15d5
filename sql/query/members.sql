-- The primary nodes that are registered, the coordinator first, with what lies on them; secondaries hold the same shards a
-- second time.  A table of a single shard has 'n' too.
SELECT n.nodeid, n.groupid, n.nodename, n.nodeport, n.isactive, n.shouldhaveshards,
       count(*) FILTER (WHERE t.partmethod <> 'n' OR (t.repmodel <> 't' AND t.colocationid > 0)) AS shards,
       count(*) FILTER (WHERE t.partmethod = 'n' AND t.repmodel = 't')                           AS reference_copies
FROM pg_dist_node n
LEFT JOIN (pg_dist_placement p
           JOIN pg_dist_shard s ON s.shardid = p.shardid
           JOIN pg_dist_partition t ON t.logicalrelid = s.logicalrelid)
       ON p.groupid = n.groupid
WHERE n.noderole = 'primary'
GROUP BY n.nodeid, n.groupid, n.nodename, n.nodeport, n.isactive, n.shouldhaveshards
ORDER BY n.groupid
