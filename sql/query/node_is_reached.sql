-- Whether the coordinator reaches the node $1:$2.
SELECT citus_check_connection_to_node($1, $2::int)
