-- The nodes that are registered, from the catalogs alone: no worker has to answer.
SELECT n.nodename, n.nodeport, n.isactive, n.shouldhaveshards, count(s.shardid) AS shards, NULL::bigint AS bytes
FROM pg_dist_node n
LEFT JOIN (pg_dist_placement p
           JOIN pg_dist_shard s ON s.shardid = p.shardid
           JOIN pg_dist_partition t ON t.logicalrelid = s.logicalrelid
                AND (t.partmethod = 'h' OR (t.partmethod = 'n' AND t.repmodel <> 't' AND t.colocationid > 0)))
       ON p.groupid = n.groupid
WHERE n.noderole = 'primary'
GROUP BY n.nodeid, n.nodename, n.nodeport, n.isactive, n.shouldhaveshards, n.groupid
ORDER BY n.groupid
