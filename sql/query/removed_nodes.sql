-- The nodes that were removed and are not registered again.
SELECT r.name, r.host, r.port, r.operator, to_char(r.removed_at, 'YYYY-MM-DD HH24:MI'), r.fenced
FROM citusctl_nodes.removed r
WHERE NOT EXISTS (SELECT FROM pg_dist_node n WHERE n.nodename = r.host AND n.nodeport = r.port)
ORDER BY r.removed_at
