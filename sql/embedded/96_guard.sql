-- Embedded engine, guard: what would pull the tables from under a move is refused while the move goes on. It does not wait: it
-- has locks already that the move needs to end.

SET LOCAL client_min_messages = warning;

CREATE OR REPLACE FUNCTION citus_embedded.refuse_while_moving(colocation integer) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT pg_try_advisory_xact_lock(citus_embedded.lock_class('colocation'), colocation) THEN
        RAISE EXCEPTION 'a shard move of the colocation group is going on' USING errcode = 'object_in_use',
            hint = 'Try again when the move is over; SELECT * FROM get_rebalance_progress() shows it.';
    END IF;
END $$;

-- A table that joins the group, or leaves it.
CREATE OR REPLACE FUNCTION citus_embedded.guard_tables() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM citus_embedded.refuse_while_moving(CASE tg_op WHEN 'DELETE' THEN old.colocationid ELSE new.colocationid END)
    WHERE CASE tg_op WHEN 'DELETE' THEN old.partmethod ELSE new.partmethod END = 'h';
    RETURN CASE tg_op WHEN 'DELETE' THEN old ELSE new END;
END $$;
CREATE OR REPLACE TRIGGER guard BEFORE INSERT OR DELETE ON citus_embedded.dist_table
    FOR EACH ROW EXECUTE FUNCTION citus_embedded.guard_tables();

-- Other commands on a table of the group, on its indexes, rules and rights.
CREATE OR REPLACE FUNCTION citus_embedded.guard_ddl() RETURNS event_trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF current_setting('citus_embedded.busy', true) IS DISTINCT FROM 'on' THEN
        PERFORM citus_embedded.refuse_while_moving(colocationid)
        FROM (SELECT DISTINCT d.colocationid FROM pg_event_trigger_ddl_commands() c
              JOIN citus_embedded.dist_table d ON d.partmethod = 'h' AND CASE
                  WHEN c.command_tag IN ('GRANT', 'REVOKE') THEN d.definition -> 'acl' <> citus_embedded.describe(d.logicalrelid) -> 'acl'
                  ELSE c.classid = 'pg_class'::regclass
                       AND d.logicalrelid IN (c.objid, (SELECT indrelid FROM pg_index WHERE indexrelid = c.objid)) END) g;
    END IF;
END $$;

CREATE OR REPLACE FUNCTION citus_embedded.guard_drop() RETURNS event_trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF current_setting('citus_embedded.busy', true) IS DISTINCT FROM 'on' THEN
        PERFORM citus_embedded.refuse_while_moving(colocationid)
        FROM (SELECT DISTINCT d.colocationid FROM pg_event_trigger_dropped_objects() o
              JOIN citus_embedded.dist_table d ON d.partmethod = 'h' AND (o.objid = ANY (d.indexes)
                  OR (o.classid = 'pg_class'::regclass AND o.objid = d.logicalrelid))) g;
    END IF;
END $$;

-- Event triggers run by name: before those that bring the change to the workers.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_event_trigger WHERE evtname = 'citus_embedded_before_ddl') THEN
        CREATE EVENT TRIGGER citus_embedded_before_ddl ON ddl_command_end EXECUTE FUNCTION citus_embedded.guard_ddl();
        CREATE EVENT TRIGGER citus_embedded_before_drop ON sql_drop EXECUTE FUNCTION citus_embedded.guard_drop();
    END IF;
END $$;
