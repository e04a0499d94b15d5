-- Embedded engine, DDL. Dropping a table drops its shards and copies. What would change a table on the coordinator and not
-- on the workers is refused. The engine's own commands run with citus_embedded.busy = on.

CREATE OR REPLACE FUNCTION citus_embedded.refuse_ddl(command text, relation text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%: distributed or reference table % cannot be changed on the coordinator alone', command, relation
        USING errcode = 'feature_not_supported', hint = 'The embedded engine does not pass this command on to the workers. '
            'Create the table anew with the wanted definition before distributing it, or use Citus.';
END $$;

CREATE OR REPLACE FUNCTION citus_embedded.on_ddl() RETURNS event_trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    hit record;
BEGIN
    IF current_setting('citus_embedded.busy', true) = 'on' THEN
        RETURN;
    END IF;
    SELECT c.command_tag, d.logicalrelid::text AS relation INTO hit
    FROM pg_event_trigger_ddl_commands() c
    JOIN citus_embedded.dist_table d ON CASE c.classid
        WHEN 'pg_class'::regclass THEN d.logicalrelid = c.objid
            OR d.logicalrelid = (SELECT indrelid FROM pg_index WHERE indexrelid = c.objid)
            OR d.logicalrelid IN (SELECT inhparent FROM pg_inherits WHERE inhrelid = c.objid)
        WHEN 'pg_type'::regclass THEN EXISTS (SELECT FROM pg_attribute WHERE attrelid = d.logicalrelid AND atttypid = c.objid)
        WHEN 'pg_namespace'::regclass THEN EXISTS (SELECT FROM pg_class WHERE oid = d.logicalrelid AND relnamespace = c.objid)
        WHEN 'pg_policy'::regclass THEN EXISTS (SELECT FROM pg_policy WHERE oid = c.objid AND polrelid = d.logicalrelid)
        ELSE false END
    WHERE c.command_tag LIKE 'ALTER %' OR c.command_tag IN ('CREATE TABLE', 'CREATE FOREIGN TABLE', 'CREATE INDEX', 'CREATE POLICY')
    LIMIT 1;
    IF FOUND THEN
        PERFORM citus_embedded.refuse_ddl(hit.command_tag, hit.relation);
    END IF;
END $$;

CREATE OR REPLACE FUNCTION citus_embedded.on_drop() RETURNS event_trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    part record;
    target record;
    gone oid[];
    -- An event trigger isn't told of CASCADE. The workers have foreign keys that the coordinator can't have.
    cascade text := CASE WHEN current_query() ~* '\mcascade\M|\mdrop\s+owned\M' THEN ' CASCADE' ELSE '' END;
BEGIN
    IF current_setting('citus_embedded.busy', true) = 'on' THEN
        RETURN;
    END IF;
    SELECT array_agg(objid) INTO gone FROM pg_event_trigger_dropped_objects() WHERE classid = 'pg_class'::regclass AND objsubid = 0;

    SELECT d.logicalrelid::text AS relation, o.object_type INTO part
    FROM pg_event_trigger_dropped_objects() o
    JOIN citus_embedded.dist_table d ON NOT d.logicalrelid = ANY (coalesce(gone, '{}')) AND (
        (o.classid = 'pg_class'::regclass AND o.objsubid > 0 AND o.objid = d.logicalrelid)
        OR o.objid = ANY (d.indexes)
        OR (o.object_type = 'foreign table' AND o.schema_name = 'citus_embedded'
            AND o.object_name IN (SELECT shardname FROM citus_embedded.shard s WHERE s.logicalrelid = d.logicalrelid))
        OR (o.object_type = 'trigger' AND o.address_names[3] ~ '^citus_embedded_replicate' COLLATE "C"
            AND (SELECT ARRAY[nspname, relname]::text[] FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
                 WHERE c.oid = d.logicalrelid)
                = o.address_names[1:2] COLLATE "C"))
    LIMIT 1;
    IF FOUND THEN
        PERFORM citus_embedded.refuse_ddl(format('dropping the %s', part.object_type), part.relation);
    END IF;

    FOR target IN
        SELECT p.groupid, string_agg(DISTINCT format('%I.%I', o.schema_name, o.object_name), ', ') AS tables
        FROM pg_event_trigger_dropped_objects() o
        JOIN citus_embedded.shard s ON s.logicalrelid = o.objid AND o.classid = 'pg_class'::regclass AND o.objsubid = 0
        JOIN citus_embedded.placement p USING (shardid) WHERE p.groupid <> 0 GROUP BY p.groupid ORDER BY p.groupid
    LOOP
        PERFORM citus_embedded.send(target.groupid, format('DROP TABLE IF EXISTS %s%s', target.tables, cascade));
    END LOOP;
    IF gone IS NOT NULL THEN
        PERFORM citus_embedded.forget_dropped();
    END IF;
END $$;

-- Open to all, since it takes away only what is gone.
CREATE OR REPLACE FUNCTION citus_embedded.forget_dropped() RETURNS void LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
    DELETE FROM citus_embedded.held_key
    WHERE NOT EXISTS (SELECT FROM pg_class WHERE oid = conrelid) OR NOT EXISTS (SELECT FROM pg_class WHERE oid = confrelid);
    DELETE FROM citus_embedded.dist_table WHERE NOT EXISTS (SELECT FROM pg_class WHERE oid = logicalrelid);
    DELETE FROM citus_embedded.colocation c WHERE NOT EXISTS (SELECT FROM citus_embedded.dist_table d WHERE d.colocationid = c.colocationid);
$$;

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_event_trigger WHERE evtname = 'citus_embedded_ddl') THEN
        CREATE EVENT TRIGGER citus_embedded_ddl ON ddl_command_end EXECUTE FUNCTION citus_embedded.on_ddl();
        CREATE EVENT TRIGGER citus_embedded_drop ON sql_drop EXECUTE FUNCTION citus_embedded.on_drop();
    END IF;
END $$;
