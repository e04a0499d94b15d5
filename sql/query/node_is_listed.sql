-- Whether the coordinator knows a node at $1:$2.
SELECT EXISTS (SELECT FROM pg_dist_node WHERE nodename = $1 AND nodeport = $2::int)
