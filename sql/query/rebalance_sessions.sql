-- The sessions of the coordinator that move shards now.
SELECT pid, application_name, coalesce(client_addr::text, 'this machine'), date_trunc('second', now() - query_start)::text
FROM pg_stat_activity
WHERE pid <> pg_backend_pid() AND datname = current_database() AND state = 'active'
	AND query ~* '(citus_move_shard_placement|rebalance_table_shards|citus_drain_node)\s*\('
