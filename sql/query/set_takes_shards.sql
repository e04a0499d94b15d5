-- Whether the node $1:$2 takes shards from now on.
SELECT citus_set_node_property($1, $2::int, 'shouldhaveshards', $3::boolean)
