-- Where each shard group is, by its first shard; the catalog alone, no node has to answer.
SELECT min(s.shardid) AS id, min(n.nodeid) AS nodeid, count(DISTINCT n.nodeid) AS nodes
FROM pg_dist_partition p
JOIN pg_dist_shard s ON s.logicalrelid = p.logicalrelid
JOIN pg_dist_placement l ON l.shardid = s.shardid
JOIN pg_dist_node n ON n.groupid = l.groupid AND n.noderole = 'primary'
WHERE (p.partmethod = 'h' OR (p.partmethod = 'n' AND p.repmodel = 's')) AND p.colocationid > 0
GROUP BY p.colocationid, s.shardminvalue
ORDER BY 1
