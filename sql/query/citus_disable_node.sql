-- The node $1:$2 is not to be asked any more, on every other node at once.
SELECT citus_disable_node($1, $2::int, true)
