-- Names, argument names, defaults and results of what both engines have.
\c - postgres
SELECT p.proname, pg_get_function_arguments(p.oid) AS arguments, pg_get_function_result(p.oid) AS result
FROM pg_proc p WHERE pronamespace = 'pg_catalog'::regnamespace AND proname IN (
  'citus_set_coordinator_host', 'citus_add_node', 'citus_remove_node', 'citus_update_node', 'citus_set_node_property', 'citus_drain_node',
  'citus_get_active_worker_nodes', 'citus_check_cluster_node_health', 'citus_check_connection_to_node',
  'create_distributed_table', 'create_reference_table', 'undistribute_table', 'truncate_local_data_after_distributing_table',
  'citus_move_shard_placement', 'replicate_reference_tables', 'citus_cleanup_orphaned_resources', 'get_rebalance_progress',
  'citus_shard_sizes', 'citus_relation_size', 'citus_table_size', 'citus_total_relation_size',
  'run_command_on_workers', 'run_command_on_all_nodes', 'run_command_on_shards', 'run_command_on_placements', 'run_command_on_coordinator',
  'citus_version', 'citus_is_coordinator', 'citus_coordinator_nodeid', 'citus_nodename_for_nodeid', 'citus_nodeport_for_nodeid',
  'column_to_column_name', 'citus_copy_shard_placement', 'create_distributed_table_concurrently', 'alter_distributed_table', 'create_distributed_function',
  'citus_add_local_table_to_metadata', 'update_distributed_table_colocation', 'citus_schema_distribute', 'citus_schema_undistribute',
  'remove_local_tables_from_metadata', 'citus_schema_move', 'create_time_partitions', 'alter_columnar_table_set', 'alter_columnar_table_reset',
  'citus_split_shard_by_split_points', 'rebalance_table_shards', 'get_rebalance_table_shards_plan', 'citus_rebalance_start', 'citus_rebalance_stop',
  'citus_rebalance_wait', 'citus_rebalance_status', 'citus_job_list', 'citus_job_wait', 'citus_job_cancel', 'citus_task_wait',
  'citus_add_rebalance_strategy', 'citus_set_default_rebalance_strategy', 'citus_activate_node', 'citus_disable_node', 'citus_add_inactive_node',
  'citus_add_secondary_node', 'citus_add_clone_node', 'citus_promote_clone_and_rebalance', 'start_metadata_sync_to_node',
  'start_metadata_sync_to_all_nodes', 'citus_create_restore_point')
ORDER BY 1, 2;
-- limit: a function of any type takes C, so there are overloads
-- embedded:       arguments       | result
-- embedded: ----------------------+--------
-- embedded:  regclass, text       | bigint
-- embedded:  regclass, anyelement | bigint
-- embedded:  regclass             | bigint
-- embedded: (3 rows)
-- embedded:
SELECT oidvectortypes(proargtypes) AS arguments, pg_get_function_result(oid) AS result FROM pg_proc
WHERE proname = 'get_shard_id_for_distribution_column' ORDER BY oid;
-- end of limit

-- The catalog.
SELECT c.relname, attname, format_type(atttypid, atttypmod) AS type
FROM pg_class c JOIN pg_attribute ON attrelid = c.oid AND attnum > 0 AND NOT attisdropped
WHERE c.relname IN ('pg_dist_node', 'pg_dist_partition', 'pg_dist_shard', 'pg_dist_placement', 'pg_dist_colocation', 'citus_tables', 'citus_shards', 'citus_nodes')
  AND relkind IN ('r', 'v') ORDER BY c.relname, attnum;
SELECT unnest(enum_range(NULL::noderole));
SELECT unnest(enum_range(NULL::citus.distribution_type));
SELECT unnest(enum_range(NULL::citus.shard_transfer_mode));
-- limit: it never pretends to be Citus
-- embedded:  engine
-- embedded: --------
-- embedded:
-- embedded: (1 row)
-- embedded:
SELECT substring(citus_version() FROM '^Citus \d+') AS engine;
-- end of limit
-- limit: what only Citus has is refused with a word about it, and the rest in embedded_engine.sh
-- embedded: ERROR:  the embedded engine has no citus_rebalance_start
-- embedded: HINT:  citusctl rebalance plans and runs moves on either engine; or use Citus.
-- embedded: ERROR:  the embedded engine has no citus_stat_tenants
-- embedded: HINT:  Use Citus.
BEGIN;
SELECT citus_rebalance_start(drain_only => true);
ROLLBACK;
SELECT * FROM citus_stat_tenants;
-- end of limit
SELECT role, count(*), bool_and(active) FROM citus_nodes GROUP BY role ORDER BY 1;
