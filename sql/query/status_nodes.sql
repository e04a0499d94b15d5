-- The nodes that are registered, with what lies on them.
SELECT n.nodename, n.nodeport, n.isactive, n.shouldhaveshards,
       count(s.shardid)             AS shards,
       coalesce(sum(s.shard_size), 0) AS bytes
FROM pg_dist_node n
LEFT JOIN citus_shards s ON s.nodename = n.nodename AND s.nodeport = n.nodeport
                        AND s.citus_table_type = 'distributed'
WHERE n.noderole = 'primary'
GROUP BY n.nodeid, n.nodename, n.nodeport, n.isactive, n.shouldhaveshards, n.groupid
ORDER BY n.groupid
