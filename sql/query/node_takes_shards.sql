-- Whether the node $1:$2 is there and takes shards.
SELECT EXISTS (SELECT FROM pg_dist_node WHERE nodename = $1 AND nodeport = $2::int AND isactive AND shouldhaveshards)
