-- Node $1:$2, called $3, was removed by $4 and $5 shards were lost with it.
INSERT INTO citusctl_nodes.removed (host, port, name, operator, lost_shards) VALUES ($1, $2::int, $3, $4, $5::bigint)
ON CONFLICT (host, port) DO UPDATE
SET name = excluded.name, operator = excluded.operator, removed_at = now(),
    lost_shards = excluded.lost_shards, fenced = false
