-- Whether shards may be put on node $1:$2, to be $3.
SELECT citus_set_node_property($1, $2::int, 'shouldhaveshards', $3::boolean)
