-- Embedded engine, refused: functions of Citus that a migration may call and that the embedded engine does not have. A clear word is
-- better than "function does not exist". Their arguments are those of Citus 13.

SET LOCAL client_min_messages = warning;

DO $$
DECLARE
    item text[];
BEGIN
    FOREACH item SLICE 1 IN ARRAY ARRAY[
        ['alter_distributed_table', 'table_name regclass, distribution_column text DEFAULT NULL, shard_count integer DEFAULT NULL, colocate_with text DEFAULT NULL, cascade_to_colocated boolean DEFAULT NULL'],
        ['create_distributed_function', 'function_name regprocedure, distribution_arg_name text DEFAULT NULL, colocate_with text DEFAULT ''default'', force_delegation boolean DEFAULT NULL'],
        ['citus_add_local_table_to_metadata', 'table_name regclass, cascade_via_foreign_keys boolean DEFAULT false'],
        ['update_distributed_table_colocation', 'table_name regclass, colocate_with text'],
        ['citus_schema_distribute', 'schemaname regnamespace'],
        ['citus_schema_undistribute', 'schemaname regnamespace']] LOOP
        EXECUTE format('CREATE OR REPLACE FUNCTION pg_catalog.%I(%s) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS %L',
            item[1], item[2], format('BEGIN RAISE EXCEPTION ''the embedded engine has no %I'' USING errcode = ''feature_not_supported'', '
                                     'hint = ''Use Citus.''; END', item[1]));
    END LOOP;
END $$;

-- This one differs from the other only in what waits meanwhile.
CREATE OR REPLACE FUNCTION pg_catalog.create_distributed_table_concurrently(table_name regclass, distribution_column text,
    distribution_type citus.distribution_type DEFAULT 'hash', colocate_with text DEFAULT 'default',
    shard_count integer DEFAULT NULL) RETURNS void LANGUAGE sql AS
$$ SELECT pg_catalog.create_distributed_table(table_name, distribution_column, distribution_type, colocate_with, shard_count) $$;
