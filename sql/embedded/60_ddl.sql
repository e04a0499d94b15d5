-- Embedded engine, DDL on distributed and reference tables.
--
-- What a command did is seen by comparing the table's description (describe) before and after, and the difference is sent to the
-- workers as SQL, in the same transaction. So it does not matter whether the command stood alone or among others in one
-- string; only USING of ALTER COLUMN TYPE is taken from the text. What the workers can't be told is refused.
--
-- No key can stand on the coordinator's table as long as it has foreign partitions. So before a command that may be about
-- keys the tables it names are "opened": they lose their partitions and get back the keys that are held for them. PostgreSQL
-- itself then does and checks what the command says. Afterwards the keys are held again, and the partitions made anew. A command
-- in a function of LANGUAGE SQL can't be seen coming: there PostgreSQL refuses keys, and refuse_unopened what renames.
--
-- The engine's own commands run with citus_embedded.busy = on.

CREATE OR REPLACE FUNCTION citus_embedded.refuse_ddl(command text, relation text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%: distributed or reference table % cannot be changed on the coordinator alone', command, relation
        USING errcode = 'feature_not_supported', hint = 'The embedded engine does not pass this command on to the workers. '
            'Create the table anew with the wanted definition before distributing it, or use Citus.';
END $$;

-- The text of the command for which a trigger of the engine was called. That is what the client sent, or in PL/pgSQL, the statement
-- there: the context of an error, were there one now, names it next to the trigger. SECURITY DEFINER for lc_messages only.
CREATE OR REPLACE FUNCTION citus_embedded.command() RETURNS text LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET lc_messages = 'C' AS $$
DECLARE
    context text;
BEGIN
    GET DIAGNOSTICS context = PG_CONTEXT;
    -- {1,1}? makes all of the expression look for the shortest match
    RETURN coalesce(substring(context FROM '(?:function citus_embedded\.(?:on_ddl_start|on_ddl|on_drop|truncate_keys)\(\)){1,1}?[^\n]*?\n'
                              'SQL statement "(.*?)"\n(?:PL/pgSQL|SQL) '), current_query());
END $$;

CREATE OR REPLACE FUNCTION citus_embedded.mentions(command text, name text) RETURNS boolean LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$ SELECT command ~* ('(?:^|\W)' || regexp_replace(name, '\W', '\\\&', 'g') || '(?:\W|$)') $$;

-- The distributed or reference table that a command names, or whose index it names, after what the pattern says.
CREATE OR REPLACE FUNCTION citus_embedded.named_table(command text, pattern text) RETURNS citus_embedded.dist_table LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT d FROM citus_embedded.dist_table d,
        parse_ident(substring(command FROM '(?i)' || pattern || '\s+((?:"(?:[^"]|"")+"|[^\s".(;]+)(?:\s*\.\s*(?:"(?:[^"]|"")+"|[^\s".(;]+))?)'), false) n
    WHERE EXISTS (SELECT FROM pg_class c LEFT JOIN pg_index i ON i.indexrelid = c.oid
                  WHERE d.logicalrelid IN (c.oid, i.indrelid) AND c.relname = n[cardinality(n)]
                    AND (cardinality(n) = 1 OR c.relnamespace = to_regnamespace(quote_ident(n[1]))))
       OR EXISTS (SELECT FROM citus_embedded.held WHERE conrelid = d.logicalrelid AND contype = 'i' AND conname = n[cardinality(n)])
    LIMIT 1 $$;

CREATE OR REPLACE FUNCTION citus_embedded.on_ddl_start() RETURNS event_trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    command text;
BEGIN
    IF current_setting('citus_embedded.busy', true) = 'on' THEN
        RETURN;
    END IF;
    command := citus_embedded.command();
    IF tg_tag = 'CREATE EXTENSION' AND command ~* '\mcreate\s+extension\s+(if\s+not\s+exists\s+)?"?citus(_columnar)?\M' THEN
        RAISE EXCEPTION 'database % has the embedded engine of citusctl', current_database() USING errcode = 'duplicate_object',
            hint = 'Citus and the embedded engine exclude each other: create the extension in another database.';
    -- These commit in the middle, where no tables may be open.
    ELSIF command ~* '\mindex\s+concurrently\M'
          AND (tg_tag = 'CREATE INDEX' AND (citus_embedded.named_table(command, '\son(?:\s+only)?')).logicalrelid IS NOT NULL
               OR tg_tag = 'DROP INDEX' AND (citus_embedded.named_table(command, '\sconcurrently(?:\s+if\s+exists)?')).logicalrelid IS NOT NULL) THEN
        RAISE EXCEPTION '% CONCURRENTLY is not supported on distributed and reference tables', tg_tag USING errcode = 'feature_not_supported',
            hint = 'Leave out CONCURRENTLY, or use Citus.';
    ELSIF tg_tag = 'ALTER TABLE' AND command ~* '\mreferences\M[^;]*\mnot\s+valid\M'
          AND (citus_embedded.named_table(command, 'alter\s+table(?:\s+if\s+exists)?(?:\s+only)?')).partmethod = 'h' THEN
        RAISE EXCEPTION 'foreign keys of distributed tables cannot be NOT VALID' USING errcode = 'feature_not_supported',
            hint = 'Leave out NOT VALID, and the rows are checked at once; or use Citus.';
    ELSIF tg_tag IN ('ALTER TABLE', 'ALTER INDEX', 'CREATE INDEX', 'CREATE TABLE', 'DROP INDEX')
          AND command !~* '\mindex\s+concurrently\M' AND command ~* '\m(primary\s+key|unique|references|constraint|drop|rename|type|schema|index|identity|valid|including)\M' THEN
        INSERT INTO citus_embedded.act (what, args) VALUES ('open_tables', jsonb_build_array(command));
    END IF;
END $$;

-- Opens the actor's tables that occur in a text, and those tied to them by foreign keys; of a reference table only the latter.
CREATE OR REPLACE FUNCTION citus_embedded.open_tables(actor name, command text) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET citus_embedded.busy = 'on' SET client_min_messages = warning AS $$
DECLARE
    tables regclass[];
    tab regclass;
BEGIN
    WITH RECURSIVE reached AS (
        SELECT d.logicalrelid FROM citus_embedded.dist_table d JOIN pg_class c ON c.oid = d.logicalrelid
        WHERE NOT is_open AND pg_has_role(actor, relowner, 'USAGE')
          AND EXISTS (SELECT FROM (SELECT relname UNION SELECT conname FROM citus_embedded.held WHERE conrelid = d.logicalrelid) n (name)
                      WHERE citus_embedded.mentions(command, name) OR citus_embedded.mentions(command, replace(name, '"', '""')))
        UNION
        SELECT d.logicalrelid FROM reached r
        JOIN citus_embedded.held h ON h.contype = 'f' AND r.logicalrelid IN (h.conrelid, h.confrelid)
        JOIN citus_embedded.dist_table d ON d.logicalrelid IN (h.conrelid, h.confrelid) AND d.partmethod = 'h')
    SELECT array_agg(logicalrelid ORDER BY logicalrelid::oid) INTO tables FROM reached JOIN citus_embedded.dist_table USING (logicalrelid)
    WHERE partmethod = 'h';
    IF tables IS NULL THEN
        RETURN;
    END IF;
    FOREACH tab IN ARRAY tables LOOP
        EXECUTE format('LOCK TABLE ONLY %s IN ACCESS EXCLUSIVE MODE', citus_embedded.qualified(tab));
        EXECUTE (SELECT 'DROP FOREIGN TABLE ' || string_agg(citus_embedded.qualified(inhrelid), ', ') FROM pg_inherits WHERE inhparent = tab);
    END LOOP;
    EXECUTE (SELECT coalesce(string_agg(CASE contype
                 WHEN 'i' THEN format('CREATE UNIQUE INDEX %I ON %s %s; ', conname, citus_embedded.qualified(conrelid), definition::jsonb ->> 1)
                 ELSE format('ALTER TABLE %s ADD CONSTRAINT %I %s; ', citus_embedded.qualified(conrelid), conname, definition) END, ''
                 ORDER BY contype = 'f'), '')
             FROM citus_embedded.held WHERE conrelid = ANY (tables));
    DELETE FROM citus_embedded.held WHERE conrelid = ANY (tables);
    UPDATE citus_embedded.dist_table SET is_open = true WHERE logicalrelid = ANY (tables);
END $$;

REVOKE EXECUTE ON FUNCTION citus_embedded.open_tables FROM public;

-- Open to all: it changes nothing that stays.
CREATE OR REPLACE FUNCTION citus_embedded.close_tables() RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET citus_embedded.busy = 'on' SET client_min_messages = warning AS $$
DECLARE
    item citus_embedded.held;
    tab regclass;
BEGIN
    FOR item IN
        SELECT k.* FROM (SELECT logicalrelid FROM citus_embedded.dist_table WHERE is_open
                         UNION SELECT conrelid FROM pg_constraint JOIN citus_embedded.dist_table ON logicalrelid = confrelid
                         WHERE is_open AND contype = 'f') t (tab), citus_embedded.keys_of(t.tab) k
        WHERE k.conrelid IN (SELECT logicalrelid FROM citus_embedded.dist_table WHERE is_open)
           OR k.confrelid IN (SELECT logicalrelid FROM citus_embedded.dist_table WHERE is_open)
        ORDER BY k.contype <> 'f'
    LOOP
        INSERT INTO citus_embedded.held SELECT item.*;
        EXECUTE CASE WHEN item.contype = 'i' THEN format('DROP INDEX %s.%I', relnamespace::regnamespace, item.conname)
                ELSE format('ALTER TABLE %s DROP CONSTRAINT %I', citus_embedded.qualified(item.conrelid), item.conname) END
        FROM pg_class WHERE oid = item.conrelid;
    END LOOP;
    FOR tab IN UPDATE citus_embedded.dist_table SET is_open = false WHERE is_open RETURNING logicalrelid LOOP
        UPDATE citus_embedded.shard SET shardname = citus_embedded.shard_name(relname, shardid)
        FROM pg_class WHERE logicalrelid = tab AND oid = logicalrelid;
        PERFORM citus_embedded.create_foreign_partitions(tab);
    END LOOP;
END $$;

CREATE OR REPLACE FUNCTION citus_embedded.on_ddl() RETURNS event_trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    hit record;
    tables regclass[];
    before text;
BEGIN
    IF current_setting('citus_embedded.busy', true) = 'on' THEN
        RETURN;
    END IF;
    SELECT c.command_tag, d.logicalrelid::text AS relation INTO hit
    FROM pg_event_trigger_ddl_commands() c
    JOIN citus_embedded.dist_table d ON CASE c.classid
        WHEN 'pg_class'::regclass THEN c.objid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = d.logicalrelid)
        WHEN 'pg_type'::regclass THEN c.objid IN (SELECT type FROM citus_embedded.needs(d.logicalrelid))
            AND (c.command_tag <> 'ALTER TYPE' OR citus_embedded.command() ~* '\mrename\M')
        WHEN 'pg_proc'::regclass THEN c.command_tag <> 'CREATE FUNCTION' AND EXISTS (SELECT FROM citus_embedded.needs(d.logicalrelid) WHERE function = c.objid)
        WHEN 'pg_namespace'::regclass THEN c.command_tag LIKE 'ALTER %'
            AND EXISTS (SELECT FROM pg_class WHERE oid = d.logicalrelid AND relnamespace = c.objid)
        WHEN 'pg_trigger'::regclass THEN EXISTS (SELECT FROM pg_trigger WHERE oid = c.objid AND tgrelid = d.logicalrelid AND NOT tgisinternal)
        WHEN 'pg_policy'::regclass THEN EXISTS (SELECT FROM pg_policy WHERE oid = c.objid AND polrelid = d.logicalrelid)
        WHEN 'pg_rewrite'::regclass THEN EXISTS (SELECT FROM pg_rewrite WHERE oid = c.objid AND ev_class = d.logicalrelid)
        WHEN 'pg_statistic_ext'::regclass THEN EXISTS (SELECT FROM pg_statistic_ext WHERE oid = c.objid AND stxrelid = d.logicalrelid)
        ELSE false END
    WHERE NOT c.in_extension AND c.command_tag <> 'COMMENT' LIMIT 1;
    IF FOUND AND hit.command_tag = 'CREATE TRIGGER' THEN
        RAISE EXCEPTION 'triggers are not supported on distributed tables' USING errcode = 'feature_not_supported';
    ELSIF FOUND THEN
        PERFORM citus_embedded.refuse_ddl(hit.command_tag, hit.relation);
    END IF;

    IF tg_tag IN ('ALTER SEQUENCE', 'ALTER TABLE') THEN
        PERFORM citus_embedded.refuse_sequence(objid, tg_tag) FROM pg_event_trigger_ddl_commands() WHERE command_tag = 'ALTER SEQUENCE';
    END IF;

    SELECT array_agg(DISTINCT d.logicalrelid) INTO tables
    FROM citus_embedded.dist_table d LEFT JOIN pg_event_trigger_ddl_commands() c
      ON d.logicalrelid = CASE c.classid
            WHEN 'pg_class'::regclass THEN coalesce((SELECT indrelid FROM pg_index WHERE indexrelid = c.objid), c.objid)
            WHEN 'pg_constraint'::regclass THEN (SELECT conrelid FROM pg_constraint WHERE oid = c.objid) END
         OR c.command_tag IN ('GRANT', 'REVOKE')
    WHERE d.is_open OR c.command_tag IS NOT NULL;
    PERFORM citus_embedded.refuse_unopened(tables);
    PERFORM citus_embedded.close_tables();
    PERFORM citus_embedded.propagate(tables, tg_tag);
    PERFORM citus_embedded.propagate_types();
    FOR hit IN SELECT logicalrelid FROM citus_embedded.dist_table, pg_event_trigger_ddl_commands()
               WHERE command_tag = 'CREATE FUNCTION' AND objid IN (SELECT function FROM citus_embedded.needs(logicalrelid)) LOOP
        before := citus_embedded.become_owner(hit.logicalrelid);
        INSERT INTO citus_embedded.remote (groupid, command)
        SELECT DISTINCT groupid, citus_embedded.needs_ddl(logicalrelid) FROM citus_embedded.shard JOIN citus_embedded.placement USING (shardid)
        WHERE logicalrelid = hit.logicalrelid AND groupid <> 0;
        PERFORM citus_embedded.become(before);
    END LOOP;
    INSERT INTO citus_embedded.remote (groupid, command)
    SELECT groupid, citus_embedded.schema_grants(relnamespace)
    FROM (SELECT DISTINCT relnamespace FROM citus_embedded.dist_table JOIN pg_class c ON c.oid = logicalrelid JOIN pg_namespace n ON n.oid = relnamespace
          WHERE pg_has_role(nspowner, 'USAGE')) s, citus_embedded.node
    WHERE groupid <> 0 AND EXISTS (SELECT FROM pg_event_trigger_ddl_commands() WHERE command_tag IN ('GRANT', 'REVOKE') AND object_type = 'SCHEMA');
END $$;

-- What Citus says of ALTER SEQUENCE, the sequence being the default of a table's column. It may get another name or owner.
CREATE OR REPLACE FUNCTION citus_embedded.refuse_sequence(sequence oid, tag text) RETURNS void LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    command text := citus_embedded.command();
BEGIN
    IF NOT EXISTS (SELECT FROM pg_depend d LEFT JOIN pg_attrdef a ON d.classid = 'pg_attrdef'::regclass AND a.oid = d.objid
                   JOIN citus_embedded.dist_table ON logicalrelid = coalesce(adrelid, CASE WHEN d.deptype = 'i' THEN d.refobjid END)
                   WHERE (d.refclassid = 'pg_class'::regclass AND d.refobjid = sequence AND adrelid IS NOT NULL)
                      OR (d.classid = 'pg_class'::regclass AND d.objid = sequence AND d.deptype = 'i')) THEN
        RETURN;
    ELSIF tag = 'ALTER SEQUENCE' AND command ~* '\mowned\s+by\M' AND NOT EXISTS (
            SELECT FROM pg_depend JOIN citus_embedded.dist_table ON logicalrelid = refobjid
            WHERE classid = 'pg_class'::regclass AND objid = sequence AND refclassid = 'pg_class'::regclass AND deptype = 'a') THEN
        RAISE EXCEPTION 'cannot alter OWNED BY option of a sequence already owned by a distributed table' USING errcode = 'feature_not_supported';
    ELSIF tag = 'ALTER SEQUENCE' AND command !~* '\m(rename\s+to|set\s+schema|owner\s+to|set\s+(un)?logged)\M' THEN
        RAISE EXCEPTION 'Altering a distributed sequence is currently not supported.';
    ELSIF tag = 'ALTER TABLE' AND command ~* '\m(restart|set)\M' AND command !~* '\mtype\M' THEN
        PERFORM citus_embedded.refuse_subcommand();
    END IF;
END $$;

CREATE OR REPLACE FUNCTION citus_embedded.refuse_subcommand() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'alter table command is currently unsupported' USING errcode = 'feature_not_supported',
        detail = 'Only ADD|DROP COLUMN, SET|DROP NOT NULL, SET|DROP DEFAULT, ADD|DROP|VALIDATE CONSTRAINT, SET (), RESET (), ENABLE|DISABLE|NO FORCE|FORCE '
                 'ROW LEVEL SECURITY, ATTACH|DETACH PARTITION and TYPE subcommands are supported.';
END $$;

-- A command whose text does not name the table, as in a function of LANGUAGE SQL, was not seen coming. It must not rename what is named by foreign
-- partitions and held keys, and not add a check that is NOT VALID (keys_of has the reason).
CREATE OR REPLACE FUNCTION citus_embedded.refuse_unopened(tables regclass[]) RETURNS void LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found_one regclass;
BEGIN
    SELECT d.logicalrelid INTO found_one
    FROM citus_embedded.dist_table d, LATERAL citus_embedded.describe(d.logicalrelid) n (new)
    WHERE d.logicalrelid = ANY (tables) AND NOT d.is_open AND n.new <> d.definition
      AND ((d.partmethod = 'h' AND (definition -> 'schema', definition -> 'table') <> (new -> 'schema', new -> 'table'))
           OR (citus_embedded.is_renamed(definition, new)
               AND EXISTS (SELECT FROM citus_embedded.held WHERE d.logicalrelid IN (conrelid, confrelid)))
           OR EXISTS (SELECT FROM jsonb_each(definition -> 'columns') c JOIN citus_embedded.held h ON h.conrelid = d.logicalrelid
                      WHERE NOT new -> 'columns' ? c.key
                        AND (c.value ->> 'name' = ANY (h.columns) OR h.columns IS NULL AND strpos(h.definition, c.value ->> 'name') > 0))
           OR (d.partmethod = 'h' AND EXISTS (SELECT FROM pg_constraint WHERE conrelid = d.logicalrelid AND contype = 'c' AND NOT convalidated)))
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'cannot change distributed or reference table % like this within a function', found_one
            USING errcode = 'feature_not_supported', hint = 'Send the command by itself, or from PL/pgSQL: the embedded engine has to find the '
                'table''s name in its text. Citus has no such limit.';
    END IF;
END $$;

-- Sends what has changed of the tables to the workers.
CREATE OR REPLACE FUNCTION citus_embedded.propagate(tables regclass[], tag text) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET citus_embedded.busy = 'on' AS $$
DECLARE
    tab record;
    before text;
    renamed boolean;
BEGIN
    FOR tab IN
        SELECT d.*, n.new, bool_or(citus_embedded.is_renamed(d.definition, n.new)) OVER () AS renaming
        FROM citus_embedded.dist_table d, LATERAL citus_embedded.describe(d.logicalrelid) n (new)
        WHERE d.logicalrelid = ANY (tables) AND n.new <> d.definition ORDER BY d.logicalrelid::oid
    LOOP
        IF tab.definition -> 'fixed' <> tab.new -> 'fixed' THEN
            PERFORM citus_embedded.refuse_ddl(tag, tab.logicalrelid::text);
        END IF;
        PERFORM citus_embedded.check_new_keys(tab.logicalrelid, tab.definition);
        before := current_setting('role');
        IF tab.definition -> 'owner' = tab.new -> 'owner' THEN
            before := citus_embedded.become_owner(tab.logicalrelid);
        END IF;
        INSERT INTO citus_embedded.remote (groupid, command)
        SELECT p.groupid, command FROM (
            SELECT groupid, CASE WHEN tab.renaming THEN citus_embedded.renames(tab.definition, tab.new, shards)
                                 ELSE CASE WHEN (tab.definition -> 'columns', tab.definition -> 'constraints', tab.definition -> 'indexes')
                                             <> (tab.new -> 'columns', tab.new -> 'constraints', tab.new -> 'indexes') THEN citus_embedded.needs_ddl(tab.logicalrelid) ELSE '' END
                                      || citus_embedded.changes(tab.definition, tab.new, tab.partmethod = 'n')
                                      || citus_embedded.changed_rights(tab.logicalrelid, tab.definition, tab.new, shards) END AS command
            FROM (SELECT p.groupid, array_agg(s.shardid ORDER BY s.shardindex) FILTER (WHERE tab.partmethod = 'h') AS shards
                  FROM citus_embedded.shard s JOIN citus_embedded.placement p USING (shardid)
                  WHERE s.logicalrelid = tab.logicalrelid AND p.groupid <> 0 GROUP BY p.groupid) g) p
        WHERE command <> '';
        PERFORM citus_embedded.become(before);
        PERFORM citus_embedded.keep_definition(tab.logicalrelid);
    END LOOP;
END $$;

CREATE OR REPLACE FUNCTION citus_embedded.is_renamed(old jsonb, new jsonb) RETURNS boolean LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT old -> 'schema' <> new -> 'schema' OR old -> 'table' <> new -> 'table'
        OR EXISTS (SELECT FROM jsonb_each(old -> 'columns') c WHERE c.value -> 'name' <> new -> 'columns' -> c.key -> 'name') $$;

CREATE OR REPLACE FUNCTION citus_embedded.keep_definition(relation regclass) RETURNS void LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
    UPDATE citus_embedded.shard s SET shardname = c.relname FROM pg_class c, citus_embedded.dist_table d
    WHERE s.logicalrelid = relation AND c.oid = relation AND d.logicalrelid = relation AND d.partmethod = 'n';
    UPDATE citus_embedded.dist_table SET definition = citus_embedded.describe(relation),
        indexes = ARRAY(SELECT indexrelid FROM pg_index WHERE indrelid = relation),
        partkey = coalesce((SELECT attname FROM pg_partitioned_table JOIN pg_attribute ON attrelid = partrelid AND attnum = partattrs[0]
                            WHERE partrelid = relation), partkey)
    WHERE logicalrelid = relation;
$$;

-- A command that renames does nothing else. What other descriptions say of what was renamed needs no command.
CREATE OR REPLACE FUNCTION citus_embedded.renames(old jsonb, new jsonb, shards bigint[]) RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(string_agg(
            CASE WHEN o.relname <> n.relname THEN format('ALTER TABLE %s.%I RENAME TO %I; ', old ->> 'schema', o.relname, n.relname) ELSE '' END || CASE WHEN old -> 'schema' <> new -> 'schema' THEN
               format('DO $do$ BEGIN %s END $do$; ALTER TABLE %s.%I SET SCHEMA %4$s; ',
                      citus_embedded.schema_ddl((new ->> 'schema')::regnamespace), old ->> 'schema', n.relname, new ->> 'schema') ELSE '' END, ''), '')
        || coalesce((SELECT string_agg(format('ALTER TABLE %s.%I RENAME COLUMN %I TO %I; ', new ->> 'schema', new ->> 'table',
                                              c.value ->> 'name', new -> 'columns' -> c.key ->> 'name'), '')
                     FROM jsonb_each(old -> 'columns') c WHERE c.value -> 'name' <> new -> 'columns' -> c.key -> 'name'), '')
    FROM (SELECT old ->> 'table', new ->> 'table' WHERE (old -> 'schema', old -> 'table') <> (new -> 'schema', new -> 'table')
          UNION ALL SELECT citus_embedded.shard_name(old ->> 'table', id), citus_embedded.shard_name(new ->> 'table', id)
          FROM unnest(shards) id WHERE (old -> 'schema', old -> 'table') <> (new -> 'schema', new -> 'table')) r (old_name, new_name),
        LATERAL (SELECT old_name::name AS relname) o, LATERAL (SELECT new_name::name AS relname) n $$;

-- The difference in columns, constraints and indexes.
CREATE OR REPLACE FUNCTION citus_embedded.changes(old jsonb, new jsonb, reference boolean) RETURNS text LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    name constant text := format('%s.%I', new ->> 'schema', new ->> 'table');
    alter_table constant text := format('ALTER TABLE %s ', name);
    sql text := '';
    added text := '';
    item record;
    other text;
BEGIN
    FOR item IN SELECT coalesce(o.key, n.key) AS key, o.value AS old, n.value AS new
                FROM jsonb_each(old -> 'constraints') o FULL JOIN jsonb_each(new -> 'constraints') n USING (key)
                WHERE o.value IS DISTINCT FROM n.value ORDER BY n.value ->> 0 = 'f', 1 LOOP
        IF item.new IS NULL AND EXISTS (SELECT FROM jsonb_each(new -> 'constraints') n WHERE n.value = item.old AND NOT old -> 'constraints' ? n.key) THEN
            RAISE EXCEPTION 'renaming constraints belonging to distributed tables is currently unsupported' USING errcode = 'feature_not_supported';
        ELSIF item.old ->> 1 = (item.new ->> 1) || ' NOT VALID' THEN
            sql := sql || alter_table || format('VALIDATE CONSTRAINT %I; ', item.key);
        ELSE
            IF item.old IS NOT NULL THEN
                sql := sql || alter_table || format('DROP CONSTRAINT IF EXISTS %I CASCADE; ', item.key);
            END IF;
            added := added || CASE WHEN item.new IS NOT NULL THEN alter_table || format('ADD CONSTRAINT %I %s; ', item.key, item.new ->> 1) ELSE '' END;
        END IF;
    END LOOP;
    FOR item IN SELECT coalesce(o.key, n.key) AS key, o.value AS old, n.value AS new
                FROM jsonb_each(old -> 'indexes') o FULL JOIN jsonb_each(new -> 'indexes') n USING (key)
                WHERE o.value IS DISTINCT FROM n.value ORDER BY 1 LOOP
        SELECT n.key INTO other FROM jsonb_each(new -> 'indexes') n WHERE n.value = item.old AND NOT old -> 'indexes' ? n.key;
        IF item.new IS NULL AND other IS NOT NULL THEN
            sql := sql || format('ALTER INDEX %s.%I RENAME TO %I; ', new ->> 'schema', item.key, other);
        ELSIF item.old IS NULL AND EXISTS (SELECT FROM jsonb_each(old -> 'indexes') o WHERE o.value = item.new AND NOT new -> 'indexes' ? o.key) THEN
            NULL;
        ELSE
            IF item.old IS NOT NULL THEN
                sql := sql || format('DROP INDEX IF EXISTS %s.%I; ', new ->> 'schema', item.key);
            END IF;
            added := added || CASE WHEN item.new IS NOT NULL THEN
                                   format('CREATE %sINDEX %I ON %s %s; ', item.new ->> 0, item.key, name, item.new ->> 1) ELSE '' END;
        END IF;
    END LOOP;
    FOR item IN SELECT coalesce(o.value, n.value) ->> 'name' AS key, o.value AS old, n.value AS new
                FROM jsonb_each(old -> 'columns') o FULL JOIN jsonb_each(new -> 'columns') n USING (key)
                WHERE o.value IS DISTINCT FROM n.value ORDER BY key::integer LOOP
        IF item.new IS NULL THEN
            sql := sql || alter_table || format('DROP COLUMN IF EXISTS %I CASCADE; ', item.key);       -- generated columns may depend on it
        ELSIF item.old IS NULL THEN
            IF item.new ->> 'default' ~ '^nextval\(' OR (item.new ->> 'identity')::boolean THEN
                RAISE EXCEPTION 'cannot execute ADD COLUMN commands involving % when metadata is synchronized to workers',
                    CASE WHEN (item.new ->> 'identity')::boolean THEN 'identity columns' ELSE 'serial pseudotypes' END USING errcode = 'feature_not_supported';
            ELSIF reference AND item.new ->> 'default' IS NOT NULL AND item.new ->> 'missing' IS NULL AND item.new ->> 'default' !~ '^NULL' THEN
                RAISE EXCEPTION 'cannot add a column with a volatile default to a reference table' USING errcode = 'feature_not_supported',
                    hint = 'Each node would compute other values. Add the column, then set its default, then UPDATE the rows; or use Citus.';
            END IF;
            -- The rows that are there get the default; later ones get it from the coordinator.
            other := CASE WHEN reference THEN format('%L::%s', item.new ->> 'missing', item.new ->> 'type') ELSE item.new ->> 'default' END;
            sql := sql || alter_table || format('ADD COLUMN %s%s; ', citus_embedded.column_ddl(item.new), ' DEFAULT ' || other)
                || CASE WHEN item.new ->> 'default' IS NOT NULL THEN alter_table || format('ALTER COLUMN %I DROP DEFAULT; ', item.key) ELSE '' END;
        ELSE
            IF item.old -> 'type' <> item.new -> 'type' OR item.old -> 'collation' <> item.new -> 'collation' THEN
                sql := sql || alter_table || format('ALTER COLUMN %I TYPE %s%s%s; ', item.key, item.new ->> 'type', ' COLLATE ' || (item.new ->> 'collation'),
                                                    citus_embedded.using_clause());
            END IF;
            IF item.old -> 'notnull' <> item.new -> 'notnull' THEN
                sql := sql || alter_table || format('ALTER COLUMN %I %s NOT NULL; ', item.key, CASE item.new ->> 'notnull' WHEN 'true' THEN 'SET' ELSE 'DROP' END);
            END IF;
            IF (item.old ->> 'generated' IS NULL, item.old -> 'identity') <> (item.new ->> 'generated' IS NULL, item.new -> 'identity') THEN
                PERFORM citus_embedded.refuse_subcommand();
            END IF;
        END IF;
    END LOOP;
    RETURN sql || added || CASE WHEN (old -> 'constraints', old -> 'indexes') <> (new -> 'constraints', new -> 'indexes') AND NOT reference THEN format('SELECT citus_embedded.name_indexes(%L)', name) ELSE '' END;
END $$;

-- The USING of an ALTER COLUMN TYPE, which nothing but the text of the command tells; so the command has to stand alone.
CREATE OR REPLACE FUNCTION citus_embedded.using_clause() RETURNS text LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    command text := citus_embedded.command();
    expression text := substring(command FROM '(?i)^\s*alter\s+table\s[^;]*?\stype\s[^;]*?\s(using\s[^;]*?);?\s*$');
BEGIN
    IF expression IS NULL AND (command ~* '\musing\M' OR command !~* '\mtype\M') THEN
        RAISE EXCEPTION 'ALTER COLUMN TYPE with USING has to be sent as a command of its own' USING errcode = 'feature_not_supported',
            hint = 'The embedded engine takes the expression from the text of the command, which it does not see in a function of LANGUAGE SQL. Citus has no such limit.';
    END IF;
    RETURN ' ' || expression;
END $$;

-- What Citus says of foreign keys that can't be enforced.
CREATE OR REPLACE FUNCTION citus_embedded.check_new_keys(relation regclass, old jsonb) RETURNS void LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    item record;
BEGIN
    FOR item IN
        SELECT k.*, here.partmethod AS method, here.partkey, here.colocationid, there.partmethod AS refmethod, there.partkey AS refkey,
               there.colocationid AS refid, c.relname
        FROM (SELECT h.* FROM citus_embedded.held h WHERE conrelid = relation UNION SELECT k.* FROM citus_embedded.keys_of(relation) k) k
        JOIN citus_embedded.dist_table here ON here.logicalrelid = k.conrelid
        JOIN pg_class c ON c.oid = k.confrelid LEFT JOIN citus_embedded.dist_table there ON there.logicalrelid = k.confrelid
        WHERE k.contype = 'f' AND NOT old -> 'constraints' ? k.conname
    LOOP
        IF item.refmethod IS NULL THEN
            PERFORM citus_embedded.refuse_local_reference(item.relname);
        ELSIF item.method = 'n' AND item.refmethod = 'h' THEN
            PERFORM citus_embedded.refuse_key_to_distributed();
        ELSIF item.refmethod = 'h' AND item.colocationid <> item.refid THEN
            PERFORM citus_embedded.not_colocated();
        ELSIF item.refmethod = 'h' AND array_position(item.columns, item.partkey) IS DISTINCT FROM array_position(item.refcolumns, item.refkey) THEN
            RAISE EXCEPTION 'cannot create foreign key constraint' USING errcode = 'feature_not_supported',
                detail = 'Foreign keys are supported in two cases, either in between two colocated tables including partition column in the '
                         'same ordinal in the both tables or from distributed to reference tables';
        END IF;
        PERFORM citus_embedded.check_key_actions(item.columns, item.partkey, item.definition);
    END LOOP;
END $$;

-- Rights and owner, of the table and, since rights are not inherited, its shards.
CREATE OR REPLACE FUNCTION citus_embedded.changed_rights(relation regclass, old jsonb, new jsonb, shards bigint[]) RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN old -> 'acl' <> new -> 'acl' THEN
               coalesce((SELECT string_agg(DISTINCT format('REVOKE ALL ON %s FROM %s; ', array_to_string(targets, ', '), coalesce(quote_ident(rolname), 'public')), '')
                         FROM (SELECT old -> 'acl' ->> 0 UNION ALL SELECT value FROM jsonb_each_text(nullif(old -> 'acl' -> 1, 'null'))) a (acl),
                             aclexplode(acl::aclitem[]) e LEFT JOIN pg_roles r ON r.oid = e.grantee
                         WHERE r.rolname IS DISTINCT FROM (old ->> 'owner')::name
                           AND (e.grantee = 0 OR EXISTS (SELECT FROM pg_user_mappings WHERE umuser = e.grantee AND srvname LIKE 'citus\_node\_%'))), '')
               || citus_embedded.grants(relation, array_to_string(targets, ', '), true) ELSE '' END
        || CASE WHEN old -> 'owner' <> new -> 'owner' THEN
               (SELECT string_agg(format('ALTER TABLE %s OWNER TO %I; ', t, new ->> 'owner'), '') FROM unnest(targets) t) ELSE '' END
    FROM (SELECT citus_embedded.qualified(relation)
              || ARRAY(SELECT format('%s.%I', new ->> 'schema', citus_embedded.shard_name(new ->> 'table', id)) FROM unnest(shards) id)) x (targets) $$;

-- New labels of enums that tables have. The rest of ALTER TYPE is refused above.
CREATE OR REPLACE FUNCTION citus_embedded.propagate_types() RETURNS void LANGUAGE sql
SET search_path = pg_catalog, pg_temp SET citus_embedded.busy = 'on' AS $$
    INSERT INTO citus_embedded.remote (groupid, command)
    SELECT groupid, (SELECT string_agg(format('ALTER TYPE %s ADD VALUE IF NOT EXISTS %L%s; ', c.objid::regtype, enumlabel, position), '' ORDER BY enumsortorder)
                     FROM (SELECT *, coalesce(' AFTER ' || quote_literal(lag(enumlabel) OVER w), ' BEFORE ' || quote_literal(lead(enumlabel) OVER w)) AS position
                           FROM pg_enum WHERE enumtypid = c.objid WINDOW w AS (ORDER BY enumsortorder)) e)
    FROM pg_event_trigger_ddl_commands() c, citus_embedded.node
    WHERE c.command_tag = 'ALTER TYPE' AND groupid <> 0 AND EXISTS (SELECT FROM pg_enum WHERE enumtypid = c.objid)
      AND EXISTS (SELECT FROM citus_embedded.dist_table, citus_embedded.needs(logicalrelid) WHERE type = c.objid) $$;

CREATE OR REPLACE FUNCTION citus_embedded.on_drop() RETURNS event_trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    part record;
    target record;
    gone oid[];
    -- An event trigger isn't told of CASCADE. The workers have foreign keys that the coordinator can't have.
    cascade boolean := citus_embedded.command() ~* '\mcascade\M|\mdrop\s+owned\M';
BEGIN
    IF current_setting('citus_embedded.busy', true) = 'on' THEN
        RETURN;
    END IF;
    SELECT array_agg(objid) INTO gone FROM pg_event_trigger_dropped_objects() WHERE classid = 'pg_class'::regclass AND objsubid = 0;

    SELECT d.logicalrelid::text AS relation, o.object_type INTO part
    FROM pg_event_trigger_dropped_objects() o
    JOIN citus_embedded.dist_table d ON NOT d.logicalrelid = ANY (coalesce(gone, '{}')) AND (
        (o.object_type = 'foreign table' AND o.schema_name = 'citus_embedded'
            AND o.object_name IN (SELECT shardname FROM citus_embedded.shard s WHERE s.logicalrelid = d.logicalrelid))
        OR (o.object_type = 'trigger' AND o.address_names[3] ~ '^Citus_embedded_' COLLATE "C"
            AND (SELECT ARRAY[nspname, relname]::text[] FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
                 WHERE c.oid = d.logicalrelid)
                = o.address_names[1:2] COLLATE "C"))
    LIMIT 1;
    IF FOUND THEN
        PERFORM citus_embedded.refuse_ddl(format('dropping the %s', part.object_type), part.relation);
    END IF;
    SELECT o.object_name, string_agg(format('constraint %I on table %I depends on table %I', h.conname, c.relname, o.object_name), E'\n'
                                     ORDER BY c.oid, h.conname) AS dependents INTO part
    FROM pg_event_trigger_dropped_objects() o JOIN citus_embedded.held h ON h.confrelid = o.objid AND o.classid = 'pg_class'::regclass
    JOIN citus_embedded.dist_table d ON d.logicalrelid = h.conrelid JOIN pg_class c ON c.oid = h.conrelid
    WHERE NOT h.conrelid = ANY (gone) GROUP BY o.object_name LIMIT 1;
    IF FOUND AND NOT cascade THEN
        RAISE EXCEPTION 'cannot drop table % because other objects depend on it', part.object_name
            USING errcode = 'dependent_objects_still_exist', detail = part.dependents,
                  hint = 'Use DROP ... CASCADE to drop the dependent objects too.';
    END IF;

    FOR target IN
        SELECT p.groupid, string_agg(DISTINCT format('%I.%I', o.schema_name, o.object_name), ', ') AS tables
        FROM pg_event_trigger_dropped_objects() o
        JOIN citus_embedded.shard s ON s.logicalrelid = o.objid AND o.classid = 'pg_class'::regclass AND o.objsubid = 0
        JOIN citus_embedded.placement p USING (shardid) WHERE p.groupid <> 0 GROUP BY p.groupid ORDER BY p.groupid
    LOOP
        PERFORM citus_embedded.send(target.groupid, format('DROP TABLE IF EXISTS %s%s', target.tables, CASE WHEN cascade THEN ' CASCADE' END));
    END LOOP;
    IF gone IS NOT NULL THEN
        PERFORM citus_embedded.forget_dropped();
    END IF;
    -- ALTER TABLE and DROP INDEX of opened tables are looked at when they end. This is DROP INDEX, and what goes with a type or function.
    IF tg_tag LIKE 'DROP %' THEN
        PERFORM citus_embedded.close_tables();
        PERFORM citus_embedded.propagate(ARRAY(SELECT logicalrelid FROM citus_embedded.dist_table), tg_tag);
    END IF;
END $$;

-- Open to all, since it takes away only what is gone.
CREATE OR REPLACE FUNCTION citus_embedded.forget_dropped() RETURNS void LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
    DELETE FROM citus_embedded.held
    WHERE NOT EXISTS (SELECT FROM pg_class WHERE oid = conrelid) OR (confrelid IS NOT NULL AND NOT EXISTS (SELECT FROM pg_class WHERE oid = confrelid));
    DELETE FROM citus_embedded.dist_table WHERE NOT EXISTS (SELECT FROM pg_class WHERE oid = logicalrelid);
    DELETE FROM citus_embedded.colocation c WHERE NOT EXISTS (SELECT FROM citus_embedded.dist_table d WHERE d.colocationid = c.colocationid);
$$;

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_event_trigger WHERE evtname = 'citus_embedded_ddl') THEN
        CREATE EVENT TRIGGER citus_embedded_ddl_start ON ddl_command_start EXECUTE FUNCTION citus_embedded.on_ddl_start();
        CREATE EVENT TRIGGER citus_embedded_ddl ON ddl_command_end EXECUTE FUNCTION citus_embedded.on_ddl();
        CREATE EVENT TRIGGER citus_embedded_drop ON sql_drop EXECUTE FUNCTION citus_embedded.on_drop();
    END IF;
END $$;

-- TRUNCATE, which is no event: postgres_fdw empties the shards, and the workers refuse to while foreign keys refer to them. So the keys
-- to the table are off for the command; that they can be put on again is the proof that those tables were emptied too.
CREATE OR REPLACE FUNCTION citus_embedded.truncate_keys() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET citus_embedded.busy = 'on' AS $$
DECLARE
    item record;
    before text;
    command text := citus_embedded.command();
BEGIN
    IF NOT EXISTS (SELECT FROM citus_embedded.held WHERE confrelid = tg_relid) THEN
        RETURN NULL;
    END IF;
    before := citus_embedded.become_owner(tg_relid);
    FOR item IN SELECT h.*, citus_embedded.qualified(h.conrelid) AS name, c.relname FROM citus_embedded.held h
                JOIN citus_embedded.dist_table d ON d.logicalrelid = h.conrelid JOIN pg_class c ON c.oid = h.conrelid
                WHERE h.confrelid = tg_relid ORDER BY h.conrelid::oid, h.conname LOOP
        IF tg_when = 'BEFORE' AND item.conrelid <> tg_relid AND command ~* '\mcascade\M' THEN
            BEGIN
                EXECUTE format('TRUNCATE %s CASCADE', item.name);
            EXCEPTION WHEN object_in_use THEN NULL;       -- it is in the list itself
            END;
        ELSIF tg_when = 'BEFORE' AND item.conrelid <> tg_relid AND NOT citus_embedded.mentions(command, item.relname) THEN
            RAISE EXCEPTION 'cannot truncate a table referenced in a foreign key constraint' USING errcode = 'feature_not_supported',
                detail = format('Table "%s" references "%s".', item.relname, tg_table_name),
                hint = format('Truncate table "%s" at the same time, or use TRUNCATE ... CASCADE.', item.relname);
        END IF;
        INSERT INTO citus_embedded.remote (groupid, command)
        SELECT DISTINCT p.groupid, CASE tg_when WHEN 'BEFORE' THEN format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I', item.name, item.conname)
                                   ELSE format('ALTER TABLE %s ADD CONSTRAINT %I %s', item.name, item.conname, item.definition) END
        FROM citus_embedded.shard s JOIN citus_embedded.placement p USING (shardid) WHERE s.logicalrelid = item.conrelid;
    END LOOP;
    PERFORM citus_embedded.become(before);
    RETURN NULL;
END $$;
