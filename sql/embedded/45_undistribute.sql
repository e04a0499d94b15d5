-- Embedded engine, undistribute_table: a table becomes a plain one again, with all its rows, keys, indexes and rights.

CREATE OR REPLACE FUNCTION citus_embedded.foreign_keys(OUT conrelid oid, OUT confrelid oid) RETURNS SETOF record LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT h.conrelid, h.confrelid FROM citus_embedded.held h WHERE h.contype = 'f'
    UNION SELECT c.conrelid, c.confrelid FROM pg_constraint c WHERE c.contype = 'f' AND c.conparentid = 0 $$;

-- The distributed and reference tables tied to one by foreign keys, itself included.
CREATE OR REPLACE FUNCTION citus_embedded.tied_tables(relation regclass) RETURNS SETOF regclass LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    WITH RECURSIVE tied AS (
        SELECT relation AS tab
        UNION SELECT CASE tab WHEN conrelid THEN confrelid ELSE conrelid END::regclass FROM tied JOIN citus_embedded.foreign_keys() ON tab IN (conrelid, confrelid))
    SELECT tab FROM tied JOIN citus_embedded.dist_table ON logicalrelid = tab $$;

CREATE OR REPLACE FUNCTION citus_embedded.unregister(actor name, tables regclass[]) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET citus_embedded.busy = 'on' AS $$
BEGIN
    PERFORM citus_embedded.check_owner(tab, actor) FROM unnest(tables) tab;
    DELETE FROM citus_embedded.held WHERE conrelid = ANY (tables);
    DELETE FROM citus_embedded.dist_table WHERE logicalrelid = ANY (tables);
    PERFORM citus_embedded.forget_dropped();
END $$;
REVOKE EXECUTE ON FUNCTION citus_embedded.unregister FROM public;

CREATE OR REPLACE FUNCTION citus_embedded.undistribute(tables regclass[]) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET citus_embedded.busy = 'on' SET client_min_messages = warning AS $$
DECLARE
    before text;
    item record;
    key text[];
    made regclass;
    sent jsonb;                       -- which tables each group loses, for each owner
    keys text[];                      -- tables, and what puts a key on them again
    views text := '';
    tied text;
BEGIN
    PERFORM citus_embedded.check_owner(t) FROM unnest(tables) t;
    -- Over one owner's connection rows are read that the other's would have to lock, to take the key away.
    SELECT format('%s and %s', a.oid::regclass, b.oid::regclass) INTO tied
    FROM citus_embedded.foreign_keys() k JOIN pg_class a ON a.oid = k.conrelid JOIN pg_class b ON b.oid = k.confrelid
    WHERE a.oid = ANY (tables) AND b.oid = ANY (tables) AND a.relowner <> b.relowner LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'cannot undistribute tables of different owners with a foreign key between them: %', tied USING errcode = 'feature_not_supported',
            hint = 'Give them the same owner first, with ALTER TABLE ... OWNER TO, or drop the foreign key. Citus has no such limit.';
    END IF;
    -- Each table by its owner: rows are read and tables dropped over one connection.
    SELECT jsonb_agg(g) INTO sent FROM (
        SELECT p.groupid, min(citus_embedded.qualified(s.logicalrelid)) AS one, string_agg(DISTINCT citus_embedded.qualified(s.logicalrelid), ', ') AS names
        FROM citus_embedded.shard s JOIN citus_embedded.placement p USING (shardid) JOIN pg_class c ON c.oid = s.logicalrelid
        WHERE s.logicalrelid = ANY (tables) AND p.groupid <> 0 GROUP BY p.groupid, c.relowner) g;
    -- Also those of local tables, which were waiting until these are distributed too.
    SELECT array_agg(ARRAY[citus_embedded.qualified(conrelid), CASE contype
               WHEN 'i' THEN format('CREATE UNIQUE INDEX %I ON %s %s; ', conname, citus_embedded.qualified(conrelid), definition::jsonb ->> 1)
               ELSE format('ALTER TABLE %s ADD CONSTRAINT %I %s; ', citus_embedded.qualified(conrelid), conname, definition) END]
               ORDER BY contype = 'f') INTO keys
    FROM citus_embedded.held
    WHERE conrelid = ANY (tables)
       OR (confrelid = ANY (tables)
           AND columns <@ ARRAY(SELECT attname FROM pg_attribute WHERE attrelid = conrelid AND attnum > 0 AND NOT attisdropped));

    FOR item IN SELECT d.*, citus_embedded.qualified(logicalrelid) AS name FROM citus_embedded.dist_table d
                WHERE logicalrelid = ANY (tables) ORDER BY logicalrelid::oid LOOP
        before := citus_embedded.become_owner(item.logicalrelid);
        EXECUTE format('LOCK TABLE ONLY %s IN ACCESS EXCLUSIVE MODE', item.name);
        IF item.partmethod = 'h' THEN
            views := citus_embedded.take_views(item.logicalrelid) || views;
            made := citus_embedded.rebuild(item.logicalrelid, '');
            PERFORM citus_embedded.refill(made, item.logicalrelid);
        ELSE
            EXECUTE (SELECT string_agg(format('DROP TRIGGER %I ON %s', tgname, item.name), '; ') FROM pg_trigger
                     WHERE tgrelid = item.logicalrelid AND tgname ~ '^Citus_embedded_');
        END IF;
        PERFORM citus_embedded.become(before);
    END LOOP;
    FOREACH key SLICE 1 IN ARRAY coalesce(keys, '{}') LOOP
        before := citus_embedded.become_owner(key[1]::regclass);
        EXECUTE key[2];
        PERFORM citus_embedded.become(before);
    END LOOP;
    FOR item IN SELECT * FROM jsonb_to_recordset(sent) r (groupid integer, one text, names text) LOOP
        before := citus_embedded.become_owner(item.one::regclass);
        PERFORM citus_embedded.send(item.groupid, format('DROP TABLE %s CASCADE', item.names));
        PERFORM citus_embedded.become(before);
    END LOOP;
    EXECUTE views;
    INSERT INTO citus_embedded.act (what, args)
    SELECT 'unregister', jsonb_agg(t::oid) FROM unnest(tables) t WHERE EXISTS (SELECT FROM pg_class WHERE oid = t);
END $$;

CREATE OR REPLACE FUNCTION pg_catalog.undistribute_table(table_name regclass, cascade_via_foreign_keys boolean DEFAULT false) RETURNS void
LANGUAGE plpgsql STRICT SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    tables regclass[] := ARRAY(SELECT citus_embedded.tied_tables(table_name));
BEGIN
    PERFORM citus_embedded.check_coordinator();
    IF NOT EXISTS (SELECT FROM citus_embedded.dist_table WHERE logicalrelid = table_name) THEN
        RAISE EXCEPTION 'cannot undistribute table because the table is not distributed' USING errcode = 'invalid_table_definition';
    ELSIF NOT cascade_via_foreign_keys AND cardinality(tables) > 1 THEN
        RAISE EXCEPTION 'cannot complete operation because table % %', (SELECT relname FROM pg_class WHERE oid = table_name),
            CASE WHEN EXISTS (SELECT FROM citus_embedded.held WHERE conrelid = table_name AND contype = 'f')
                   OR EXISTS (SELECT FROM pg_constraint WHERE conrelid = table_name AND contype = 'f')
                 THEN 'has a foreign key' ELSE 'is referenced by a foreign key' END
            USING hint = format('Use cascade option to undistribute all the relations involved in a foreign key relationship with %s by '
                                'executing SELECT undistribute_table($$%1$s$$, cascade_via_foreign_keys=>true)', citus_embedded.qualified(table_name));
    ELSIF EXISTS (SELECT FROM pg_attribute WHERE attrelid = ANY (tables) AND attidentity <> '' AND NOT attisdropped) THEN
        RAISE EXCEPTION 'cannot complete operation on a table with identity column' USING errcode = 'feature_not_supported';
    END IF;
    PERFORM citus_embedded.undistribute(tables);
END $body$;

-- Before pg_dump, on the way to Citus: all tables, identity columns included.
CREATE OR REPLACE FUNCTION citus_embedded.undistribute_all() RETURNS void LANGUAGE sql
SET search_path = pg_catalog, pg_temp AS
$$ SELECT citus_embedded.undistribute(ARRAY(SELECT logicalrelid FROM citus_embedded.dist_table)) WHERE EXISTS (SELECT FROM citus_embedded.dist_table) $$;

-- Migrations call this after create_distributed_table. The embedded engine leaves no rows behind.
CREATE OR REPLACE FUNCTION pg_catalog.truncate_local_data_after_distributing_table(function_name regclass) RETURNS void LANGUAGE plpgsql STRICT
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM citus_embedded.dist_table WHERE logicalrelid = function_name) THEN
        RAISE EXCEPTION 'supplied parameter is not a distributed relation' USING errcode = 'wrong_object_type',
            detail = 'This UDF only truncates local data of distributed tables.';
    END IF;
END $$;
