-- Moves the shard group of shard $1 from node $2 to node $3 (pg_dist_node.nodeid).
SELECT citus_move_shard_placement($1::bigint, $2::int, $3::int, $4)
