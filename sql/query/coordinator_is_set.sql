-- Whether the coordinator is registered as $1:$2.
SELECT EXISTS (SELECT FROM pg_dist_node
               WHERE groupid = 0 AND nodename = $1 AND nodeport = $2::int)
