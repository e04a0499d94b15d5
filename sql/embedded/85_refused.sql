-- Embedded engine, refused: functions of Citus that a migration, a script or a person may call and that the embedded engine does not
-- have. A clear word is better than "function does not exist". Their arguments are those of Citus 13.

SET LOCAL client_min_messages = warning;
SET LOCAL allow_system_table_mods = on;

DO $$
DECLARE
    item record;
    mode constant text := ', shard_transfer_mode citus.shard_transfer_mode DEFAULT ''auto''';
    strategy constant text := 'rebalance_strategy name DEFAULT NULL';
    job constant text := 'TABLE(job_id bigint, state citus_job_status, job_type name, description text, started_at timestamptz, finished_at timestamptz%s)';
    moves constant text := 'relation regclass DEFAULT NULL, threshold real DEFAULT NULL, max_shard_moves integer DEFAULT 1000000, excluded_shard_list bigint[] DEFAULT ''{}''%s, '
        'drain_only boolean DEFAULT false, rebalance_strategy name DEFAULT NULL';
    instead constant text := 'citusctl rebalance plans and runs moves on either engine; or use Citus.';
BEGIN
    IF to_regtype('pg_catalog.citus_job_status') IS NULL THEN
        CREATE TYPE pg_catalog.citus_job_status AS ENUM ('scheduled', 'running', 'finished', 'cancelling', 'cancelled', 'failing', 'failed');
        CREATE TYPE pg_catalog.citus_task_status AS ENUM ('blocked', 'runnable', 'running', 'done', 'cancelling', 'error', 'unscheduled', 'cancelled');
    END IF;
    FOR item IN SELECT name, coalesce(arguments, '') AS arguments, coalesce(result, 'void') AS result, coalesce(hint, 'Use Citus.') AS hint FROM (VALUES
        -- what a table is
        ('alter_distributed_table', 'table_name regclass, distribution_column text DEFAULT NULL, shard_count integer DEFAULT NULL, colocate_with text DEFAULT NULL, '
            'cascade_to_colocated boolean DEFAULT NULL', NULL, 'undistribute_table and create_distributed_table do the same by hand; or use Citus.'),
        ('update_distributed_table_colocation', 'table_name regclass, colocate_with text', NULL, NULL),
        ('alter_table_set_access_method', 'table_name regclass, access_method text', NULL, 'Every table is a heap here. Columnar storage needs Citus.'),
        ('alter_columnar_table_set', 'table_name regclass, chunk_group_row_limit integer DEFAULT NULL, stripe_row_limit integer DEFAULT NULL, '
            'compression name DEFAULT NULL, compression_level integer DEFAULT NULL', NULL, 'Columnar storage needs Citus.'),
        ('alter_columnar_table_reset', 'table_name regclass, chunk_group_row_limit boolean DEFAULT false, stripe_row_limit boolean DEFAULT false, '
            'compression boolean DEFAULT false, compression_level boolean DEFAULT false', NULL, 'Columnar storage needs Citus.'),
        ('create_distributed_function', 'function_name regprocedure, distribution_arg_name text DEFAULT NULL, colocate_with text DEFAULT ''default'', '
            'force_delegation boolean DEFAULT NULL', NULL, NULL),
        ('citus_add_local_table_to_metadata', 'table_name regclass, cascade_via_foreign_keys boolean DEFAULT false', NULL, NULL),
        ('remove_local_tables_from_metadata', NULL, NULL, NULL),
        ('citus_schema_distribute', 'schemaname regnamespace', NULL, NULL),
        ('citus_schema_undistribute', 'schemaname regnamespace', NULL, NULL),
        ('citus_schema_move', 'schema_id regnamespace, target_node_id integer' || mode, NULL, NULL),
        ('citus_schema_move', 'schema_id regnamespace, target_node_name text, target_node_port integer' || mode, NULL, NULL),
        ('create_time_partitions', 'table_name regclass, partition_interval interval, end_at timestamptz, start_from timestamptz DEFAULT now()', 'boolean', NULL),
        -- shards
        ('isolate_tenant_to_new_shard', 'table_name regclass, tenant_id anyelement, cascade_option text DEFAULT ''''' || mode, 'bigint', NULL),
        ('isolate_tenant_to_new_shard', 'table_name regclass, tenant_id text, cascade_option text DEFAULT ''''' || mode, 'bigint', NULL),
        ('citus_split_shard_by_split_points', 'shard_id bigint, split_points text[], node_ids integer[]' || mode, NULL, NULL),
        ('replicate_table_shards', 'relation regclass, shard_replication_factor integer DEFAULT 1, max_shard_copies integer DEFAULT 1000000, '
            'excluded_shard_list bigint[] DEFAULT ''{}''' || mode, NULL, NULL),
        -- the rebalancer and its background jobs
        ('rebalance_table_shards', format(moves, mode), NULL, instead),
        ('get_rebalance_table_shards_plan', format(moves, '') || ', improvement_threshold real DEFAULT NULL', 'TABLE(table_name regclass, shardid bigint, shard_size bigint, sourcename text, '
            'sourceport integer, targetname text, targetport integer)', instead),
        ('citus_rebalance_start', strategy || ', drain_only boolean DEFAULT false' || mode || ', parallel_transfer_reference_tables boolean DEFAULT false, '
            'parallel_transfer_colocated_shards boolean DEFAULT false', 'bigint', instead),
        ('citus_rebalance_stop', NULL, NULL, instead),
        ('citus_rebalance_wait', NULL, NULL, instead),
        ('citus_rebalance_status', 'raw boolean DEFAULT false', format(job, ', details jsonb'), instead),
        ('citus_job_status', 'jobid bigint, raw boolean DEFAULT false', format(job, ', details jsonb'), instead),
        ('citus_job_list', NULL, format(job, ''), instead),
        ('citus_job_wait', 'jobid bigint, desired_status citus_job_status DEFAULT NULL', NULL, instead),
        ('citus_job_cancel', 'jobid bigint', NULL, instead),
        ('citus_task_wait', 'taskid bigint, desired_status citus_task_status DEFAULT NULL', NULL, instead),
        ('citus_add_rebalance_strategy', 'name name, shard_cost_function regproc, node_capacity_function regproc, shard_allowed_on_node_function regproc, '
            'default_threshold real, minimum_threshold real DEFAULT 0, improvement_threshold real DEFAULT 0', NULL, instead),
        ('citus_set_default_rebalance_strategy', 'name text', NULL, instead),
        -- nodes
        ('citus_disable_node', 'nodename text, nodeport integer, synchronous boolean DEFAULT false', NULL, NULL),
        ('citus_add_inactive_node', 'nodename text, nodeport integer, groupid integer DEFAULT -1, noderole noderole DEFAULT ''primary'', '
            'nodecluster name DEFAULT ''default''', 'integer', 'citus_add_node adds a node that works at once; or use Citus.'),
        ('citus_add_secondary_node', 'nodename text, nodeport integer, primaryname text, primaryport integer, nodecluster name DEFAULT ''default''', 'integer', NULL),
        ('citus_add_clone_node', 'replica_hostname text, replica_port integer, primary_hostname text, primary_port integer', 'integer', NULL),
        ('citus_promote_clone_and_rebalance', 'clone_nodeid integer, ' || strategy || ', catchup_timeout_seconds integer DEFAULT 300', NULL, NULL),
        ('start_metadata_sync_to_node', 'nodename text, nodeport integer', NULL, 'Clients connect to the coordinator here. To query any node, use Citus.'),
        ('start_metadata_sync_to_all_nodes', NULL, 'boolean', 'Clients connect to the coordinator here. To query any node, use Citus.'),
        ('citus_create_restore_point', 'text', 'pg_lsn', NULL),
        -- statistics; the views of these names read them
        ('citus_stat_statements', NULL, 'TABLE(queryid bigint, userid oid, dbid oid, query text, executor bigint, partition_key text, calls bigint)', NULL),
        ('citus_stat_tenants', 'return_all_tenants boolean DEFAULT false', 'TABLE(nodeid integer, colocation_id integer, tenant_attribute text, '
            'read_count_in_this_period integer, read_count_in_last_period integer, query_count_in_this_period integer, query_count_in_last_period integer, '
            'cpu_usage_in_this_period double precision, cpu_usage_in_last_period double precision)', NULL),
        ('citus_stat_counters', NULL, 'TABLE(database_id oid, name name, connection_establishment_succeeded bigint, '
            'connection_establishment_failed bigint, connection_reused bigint, query_execution_single_shard bigint, query_execution_multi_shard bigint, '
            'stats_reset timestamptz)', NULL),
        ('citus_stat_activity', NULL, 'TABLE(global_pid bigint, nodeid integer, is_worker_query boolean, datname name, pid integer, usename name, '
            'application_name text, state text, query text)', 'run_command_on_all_nodes can read pg_stat_activity of each node; or use Citus.'),
        ('citus_lock_waits', NULL, 'TABLE(waiting_gpid bigint, blocking_gpid bigint, blocked_statement text, '
            'current_statement_in_blocking_process text, waiting_nodeid integer, blocking_nodeid integer)',
            'run_command_on_all_nodes can read pg_locks of each node; or use Citus.')
        ) v (name, arguments, result, hint) LOOP
        EXECUTE format('CREATE OR REPLACE FUNCTION pg_catalog.%I(%s) RETURNS %s LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS %L',
            item.name, item.arguments, item.result,
            format('BEGIN RAISE EXCEPTION %L USING errcode = ''feature_not_supported'', hint = %L; END',
                   format('the embedded engine has no %I', item.name), item.hint));
        IF item.name ~ '^citus_(stat_|lock_waits)' THEN
            EXECUTE format('CREATE OR REPLACE VIEW pg_catalog.%I AS SELECT * FROM pg_catalog.%1$I(); GRANT SELECT ON pg_catalog.%1$I TO public', item.name);
        END IF;
    END LOOP;
    EXECUTE 'CREATE OR REPLACE PROCEDURE pg_catalog.alter_old_partitions_set_access_method(parent_table_name regclass, older_than timestamptz, '
        'new_access_method name) LANGUAGE plpgsql AS $f$ BEGIN RAISE EXCEPTION ''the embedded engine has no alter_old_partitions_set_access_method'' '
        'USING errcode = ''feature_not_supported'', hint = ''Columnar storage needs Citus.''; END $f$';
END $$;

-- These have little to do here.
CREATE OR REPLACE FUNCTION pg_catalog.create_distributed_table_concurrently(table_name regclass, distribution_column text,
    distribution_type citus.distribution_type DEFAULT 'hash', colocate_with text DEFAULT 'default',
    shard_count integer DEFAULT NULL) RETURNS void LANGUAGE sql AS        -- it differs from the other only in what waits meanwhile
$$ SELECT pg_catalog.create_distributed_table(table_name, distribution_column, distribution_type, colocate_with, shard_count) $$;

CREATE OR REPLACE FUNCTION pg_catalog.citus_activate_node(nodename text, nodeport integer) RETURNS integer LANGUAGE plpgsql STRICT
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (citus_embedded.node_at(nodename, nodeport)).nodeid;           -- every node is active
END $$;
REVOKE EXECUTE ON FUNCTION pg_catalog.citus_activate_node FROM public;
