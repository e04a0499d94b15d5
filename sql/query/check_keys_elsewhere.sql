-- How many of the users $1 do not lie on the node $2:$3.
SELECT count(*)
FROM unnest($1::bigint[]) AS k (id)
JOIN pg_dist_placement p ON p.shardid = get_shard_id_for_distribution_column('users', k.id)
JOIN pg_dist_node n ON n.groupid = p.groupid AND n.noderole = 'primary'
WHERE n.nodename <> $2::text OR n.nodeport <> $3::int
