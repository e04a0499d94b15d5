-- Whether the worker $1:$2 is registered and active.
SELECT EXISTS (SELECT FROM pg_dist_node
               WHERE groupid <> 0 AND nodename = $1 AND nodeport = $2::int AND isactive)
