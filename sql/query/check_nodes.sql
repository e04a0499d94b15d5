-- The nodes that the coordinator knows.
SELECT nodename, nodeport, isactive AND noderole = 'primary' AS is_active
FROM pg_dist_node
ORDER BY groupid, nodename, nodeport
