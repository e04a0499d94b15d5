SELECT citus_remove_node($1, $2::int)
