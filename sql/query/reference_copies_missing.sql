-- How many copies of reference tables active nodes lack, and whether a table has no
-- key by which changes could be replicated during the copy.
SELECT count(*), coalesce(bool_or(c.relreplident = 'n' OR (c.relreplident = 'd' AND NOT EXISTS (
           SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary))), false)
FROM pg_dist_partition t
JOIN pg_dist_shard s ON s.logicalrelid = t.logicalrelid
JOIN pg_class c ON c.oid = t.logicalrelid
CROSS JOIN pg_dist_node n
WHERE t.partmethod = 'n' AND t.repmodel = 't' AND n.isactive AND n.noderole = 'primary'
  AND (n.groupid <> 0 OR n.shouldhaveshards)
  AND NOT EXISTS (SELECT FROM pg_dist_placement p WHERE p.shardid = s.shardid AND p.groupid = n.groupid)
