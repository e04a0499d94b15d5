-- How the table $1 is distributed.
SELECT citus_table_type, distribution_column, colocation_id, shard_count
FROM citus_tables
WHERE table_name = to_regclass($1::text)
