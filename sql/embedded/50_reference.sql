-- Embedded engine, reference tables. The coordinator's table stays what it was, and is what queries read; each worker has
-- a copy, for the foreign keys of shards. Triggers write each change to the copies, in the same transaction.
--   INSERT: by statement with a transition table, many times faster than by row.
--   UPDATE: by row, since only there old and new rows come in pairs; also the update side of INSERT ... ON CONFLICT.
-- Rows travel as text of the table's row type, which loses nothing, as JSON would: ROW(t.*), since plain t may be a column; and with settings
-- of their own, since the session may have others for dates, intervals and numbers than the workers.

CREATE OR REPLACE FUNCTION pg_catalog.create_reference_table(table_name regclass) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET citus_embedded.busy = 'on' SET client_min_messages = warning AS $$
DECLARE
    name text := citus_embedded.qualified(table_name);
    before text;
BEGIN
    IF table_name IS NULL THEN
        RETURN;
    END IF;
    before := citus_embedded.become_owner(table_name);
    PERFORM citus_embedded.check_table(table_name, NULL);
    EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', name);
    INSERT INTO citus_embedded.act (what, args) VALUES ('register_reference', jsonb_build_array(table_name::oid));
    INSERT INTO citus_embedded.remote (groupid, command)
    SELECT groupid, citus_embedded.reference_ddl(table_name) FROM citus_embedded.node WHERE groupid <> 0;
    PERFORM citus_embedded.copy_reference_rows(table_name, ARRAY(SELECT groupid FROM citus_embedded.node WHERE groupid <> 0));

    PERFORM citus_embedded.add_trigger(table_name, 'replicate_' || lower(event), 'replicate', format('AFTER %s', event), clause)
    FROM (VALUES ('INSERT', 'REFERENCING NEW TABLE AS changed FOR EACH STATEMENT'), ('UPDATE', 'FOR EACH ROW'),
                 ('DELETE', 'REFERENCING OLD TABLE AS changed FOR EACH STATEMENT'), ('TRUNCATE', 'FOR EACH STATEMENT')) t (event, clause);
    PERFORM citus_embedded.add_trigger(table_name, 'truncate', 'truncate_keys', 'BEFORE TRUNCATE', 'FOR EACH STATEMENT'),
            citus_embedded.add_trigger(table_name, 'truncated', 'truncate_keys', 'AFTER TRUNCATE', 'FOR EACH STATEMENT');
    PERFORM citus_embedded.become(before);
END $$;

CREATE OR REPLACE FUNCTION citus_embedded.reference_ddl(relation regclass) RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS
$$ SELECT citus_embedded.worker_ddl(relation, NULL)
       || citus_embedded.grants(relation, citus_embedded.qualified(relation), true) $$;

CREATE OR REPLACE FUNCTION citus_embedded.register_reference(actor name, relation regclass) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    grp integer;
    id bigint;
BEGIN
    PERFORM citus_embedded.check_owner(relation, actor);
    LOCK TABLE citus_embedded.node IN SHARE MODE;
    LOCK TABLE citus_embedded.colocation IN SHARE ROW EXCLUSIVE MODE;
    SELECT colocationid INTO grp FROM citus_embedded.colocation WHERE replicationfactor = -1;
    IF NOT FOUND THEN
        INSERT INTO citus_embedded.colocation (shardcount, replicationfactor) VALUES (1, -1) RETURNING colocationid INTO grp;
    END IF;
    INSERT INTO citus_embedded.dist_table
    VALUES (relation, 'n', NULL, grp, citus_embedded.describe(relation), ARRAY(SELECT indexrelid FROM pg_index WHERE indrelid = relation));
    INSERT INTO citus_embedded.shard
    SELECT nextval('citus_embedded.shardid_seq'), relation, 0, relname FROM pg_class WHERE oid = relation RETURNING shardid INTO id;
    INSERT INTO citus_embedded.placement (shardid, groupid)
    SELECT id, groupid FROM (SELECT 0 AS groupid UNION SELECT groupid FROM citus_embedded.node) g ORDER BY groupid;
END $$;

REVOKE EXECUTE ON FUNCTION citus_embedded.register_reference FROM public;

-- Brings the rows to the copies, some thousands at a time.
CREATE OR REPLACE FUNCTION citus_embedded.copy_reference_rows(relation regclass, groups integer[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO' SET intervalstyle = 'postgres' SET extra_float_digits = 3 AS $$
DECLARE
    rows text;
BEGIN
    FOR rows IN EXECUTE format('SELECT array_agg(r)::text FROM (SELECT ROW(t.*) AS r, (row_number() OVER () - 1) / 5000 AS chunk FROM ONLY %s t) s '
                               'GROUP BY chunk ORDER BY chunk', citus_embedded.qualified(relation)) LOOP
        INSERT INTO citus_embedded.remote (groupid, command)
        SELECT g, citus_embedded.replicate_command(relation, 'INSERT', rows) FROM unnest(groups) g;
    END LOOP;
END $$;

-- For a new node. Tables come in the order they were made in, which is also the order of their foreign keys. Each comes through
-- its owner's connection: a superuser's would let the owner's expressions do on the worker what the owner may not.
CREATE OR REPLACE FUNCTION citus_embedded.copy_reference_tables(new_group integer) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    tab record;
BEGIN
    FOR tab IN SELECT s.logicalrelid, s.shardid FROM citus_embedded.shard s
               JOIN citus_embedded.dist_table d USING (logicalrelid) WHERE d.partmethod = 'n' ORDER BY s.shardid LOOP
        PERFORM citus_embedded.copy_reference_table(tab.logicalrelid, new_group);
        INSERT INTO citus_embedded.placement (shardid, groupid) VALUES (tab.shardid, new_group);
    END LOOP;
END $$;

CREATE OR REPLACE FUNCTION citus_embedded.copy_reference_table(relation regclass, new_group integer) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    before text := citus_embedded.become_owner(relation);
BEGIN
    EXECUTE format('LOCK TABLE %s IN SHARE MODE', citus_embedded.qualified(relation));
    PERFORM citus_embedded.send(new_group, citus_embedded.reference_ddl(relation));
    PERFORM citus_embedded.copy_reference_rows(relation, ARRAY[new_group]);
    PERFORM citus_embedded.become(before);
END $$;

-- A change as SQL for the workers. Rows are found by primary key; without one, by all they hold, one row for each row.
CREATE OR REPLACE FUNCTION citus_embedded.replicate_command(relation regclass, operation text, rows text, old_row text DEFAULT NULL)
RETURNS text LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    name text := citus_embedded.qualified(relation);
    same text := (SELECT string_agg(format('t.%I = (o.r).%1$I', attname), ' AND ') FROM pg_index i
                  JOIN pg_attribute a ON a.attrelid = relation AND a.attnum = ANY (i.indkey)
                  WHERE i.indrelid = relation AND i.indisprimary);
BEGIN
    CASE operation
        WHEN 'INSERT' THEN
            RETURN format('INSERT INTO %1$s (%2$s) SELECT %2$s FROM unnest(%3$L::%1$s[])', name, citus_embedded.columns(relation), rows);
        WHEN 'UPDATE' THEN
            RETURN format('UPDATE %1$s t SET (%2$s) = ROW(%3$s) FROM (SELECT %4$L::%1$s AS r, %5$L::%1$s AS n) o WHERE %6$s',
                name, citus_embedded.columns(relation), citus_embedded.columns(relation, '(o.n).%I'), old_row, rows,
                coalesce(same, format('t.ctid = (SELECT c.ctid FROM %1$s c WHERE ROW(c.*)::text = %2$L::%1$s::text LIMIT 1)', name, old_row)));
        WHEN 'DELETE' THEN
            IF same IS NOT NULL THEN
                RETURN format('DELETE FROM %1$s t USING unnest(%2$L::%1$s[]) o WHERE %3$s', name, rows,
                              replace(same, '(o.r).', 'o.'));
            END IF;
            RETURN format('DELETE FROM %1$s WHERE ctid IN (SELECT c.id FROM (SELECT t.ctid AS id, ROW(t.*)::text AS r, '
                'row_number() OVER (PARTITION BY ROW(t.*)::text) AS nth FROM %1$s t) c JOIN (SELECT ROW(o.*)::text AS r, count(*) AS times '
                'FROM unnest(%2$L::%1$s[]) o GROUP BY 1) d USING (r) WHERE nth <= times)', name, rows);
        WHEN 'TRUNCATE' THEN
            RETURN format('TRUNCATE %s CASCADE', name);   -- what refers to it is truncated too by now, or the command would have been refused
    END CASE;
END $$;

CREATE OR REPLACE FUNCTION citus_embedded.replicate() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO' SET intervalstyle = 'postgres' SET extra_float_digits = 3 AS $$
DECLARE
    rows text;
    old_row text;
BEGIN
    IF tg_op = 'UPDATE' THEN
        rows := new::text;
        old_row := old::text;
    ELSIF tg_op IN ('INSERT', 'DELETE') THEN
        SELECT array_agg(ROW(c.*))::text INTO rows FROM changed c;
        IF rows IS NULL THEN
            RETURN NULL;
        END IF;
    END IF;
    INSERT INTO citus_embedded.remote (groupid, command)
    SELECT groupid, citus_embedded.replicate_command(tg_relid, tg_op, rows, old_row)
    FROM citus_embedded.node WHERE groupid <> 0;
    RETURN NULL;
END $$;
