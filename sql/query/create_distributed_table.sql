-- $1 table, $2 distribution column, $3 the colocated table or 'none', $4 shard
-- count (null when colocated with a table).
SELECT create_distributed_table($1::regclass, $2, colocate_with => $3, shard_count => $4::int)
