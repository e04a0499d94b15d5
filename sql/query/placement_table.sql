-- The table $1 as number and its colocation group; nulls where there is none.
SELECT to_regclass($1)::oid::bigint, (SELECT colocationid FROM pg_dist_partition WHERE logicalrelid = to_regclass($1))
