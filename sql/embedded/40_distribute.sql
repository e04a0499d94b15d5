-- Embedded engine, distributed tables. On the coordinator the table is partitioned by hash, and its partitions are foreign
-- tables in schema citus_embedded. On each worker it is a partitioned table of the same name, and its partitions there are
-- the shards. So constraints and indexes are declared once on a worker and hold on each shard, and a shard refuses
-- rows that belong to another one: postgres_fdw would not move a row when its distribution column changes.

CREATE OR REPLACE FUNCTION citus_embedded.column_names(relation oid, numbers smallint[]) RETURNS name[] LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT array_agg(attname ORDER BY i) FROM unnest(numbers) WITH ORDINALITY k (num, i)
    JOIN pg_attribute ON attrelid = relation AND attnum = num $$;

-- Puts a new table in the place of an old one, partitioned or not, with all but its rows and keys. Serial columns keep their sequence;
-- identity columns get new ones, which go on under the old names from where the old ones were. The old table is citus_old_<oid> then.
CREATE OR REPLACE FUNCTION citus_embedded.rebuild(relation regclass, partition_by text) RETURNS regclass LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET citus_embedded.busy = 'on' SET client_min_messages = warning AS $$
DECLARE
    name text := citus_embedded.qualified(relation);
    rel pg_class;
    old text;
    item record;
    sequences jsonb := '{}';
    indexes text := '';
BEGIN
    SELECT * INTO rel FROM pg_class WHERE oid = relation;
    FOR item IN SELECT indexrelid, c.relname, citus_embedded.index_definition(indexrelid) AS def, indisunique FROM pg_index
                JOIN pg_class c ON c.oid = indexrelid
                WHERE indrelid = relation AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u', 'x'))
                ORDER BY 1 LOOP
        -- Plain indexes stay on the coordinator's table too, empty as they are there: CREATE INDEX IF NOT EXISTS finds them.
        IF NOT item.indisunique THEN
            indexes := indexes || format('CREATE INDEX %I ON %s %s; ', item.relname, name, item.def ->> 1);
        END IF;
        EXECUTE format('DROP INDEX %s', citus_embedded.qualified(item.indexrelid));
    END LOOP;
    EXECUTE format('ALTER TABLE %s RENAME TO %I', name, 'citus_old_' || rel.oid);
    old := citus_embedded.qualified(relation);
    FOR item IN
        SELECT s.oid::regclass AS seq, s.relname, attname, d.deptype FROM pg_depend d
        JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
        JOIN pg_attribute ON attrelid = d.refobjid AND attnum = d.refobjsubid
        WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = relation
    LOOP
        IF item.deptype = 'i' THEN
            EXECUTE format('ALTER SEQUENCE %s RENAME TO %I', citus_embedded.qualified(item.seq), 'citus_old_' || item.seq::oid);
        END IF;
        sequences := sequences || jsonb_build_object(item.attname, jsonb_build_array(item.seq::oid, item.relname, item.deptype));
    END LOOP;
    EXECUTE format('CREATE TABLE %s (LIKE %s INCLUDING ALL EXCLUDING INDEXES) %s', name, old, partition_by);
    FOR item IN SELECT key AS attname, (value ->> 0)::oid::regclass AS seq, value ->> 1 AS relname, value ->> 2 AS deptype
                FROM jsonb_each(sequences) LOOP
        IF item.deptype = 'i' THEN
            EXECUTE format('SELECT setval(%L, last_value, is_called) FROM %s', pg_get_serial_sequence(name, item.attname),
                           citus_embedded.qualified(item.seq));
            IF pg_get_serial_sequence(name, item.attname)::regclass
               IS DISTINCT FROM to_regclass(format('%s.%I', rel.relnamespace::regnamespace, item.relname)) THEN
                EXECUTE format('ALTER SEQUENCE %s RENAME TO %I', pg_get_serial_sequence(name, item.attname), item.relname);
            END IF;
        ELSE
            EXECUTE format('ALTER SEQUENCE %s OWNED BY %s.%I', citus_embedded.qualified(item.seq), name, item.attname);
        END IF;
    END LOOP;
    EXECUTE format('%sCOMMENT ON TABLE %s IS %L', citus_embedded.grants(relation, name, false), name,
                   obj_description(relation, 'pg_class'));
    EXECUTE indexes;
    RETURN name::regclass;
END $$;

-- Drops the views that read a table, which is to be made anew, and returns the SQL that makes them again.
CREATE OR REPLACE FUNCTION citus_embedded.take_views(relation regclass) RETURNS text LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    names text;
    again text;
BEGIN
    SELECT string_agg(name, ', '),
           string_agg(format('CREATE VIEW %s%s AS %s ALTER VIEW %1$s OWNER TO %4$I; %5$sCOMMENT ON VIEW %1$s IS %6$L; %7$s', name,
                             ' WITH (' || array_to_string(v.reloptions, ', ') || ')', pg_get_viewdef(v.oid), pg_get_userbyid(v.relowner),
                             citus_embedded.grants(v.oid, name, false), obj_description(v.oid, 'pg_class'),
                             (SELECT string_agg(format('COMMENT ON COLUMN %s.%I IS %L; ', name, attname, description), '')
                              FROM pg_attribute JOIN pg_description ON classoid = 'pg_class'::regclass AND objoid = attrelid AND objsubid = attnum
                              WHERE attrelid = v.oid)), '' ORDER BY nth)
    INTO names, again FROM (SELECT *, row_number() OVER () AS nth FROM citus_embedded.views_on(relation)) v, citus_embedded.qualified(v.oid) name;
    EXECUTE coalesce('DROP VIEW ' || names, '');
    RETURN coalesce(again, '');
END $$;

-- A trigger of the engine's; also in sessions that are replicas, which other triggers leave alone. Triggers fire by name, and the capital brings
-- it before RI_...: when a foreign key cascades to another reference table, the workers have the new key already.
CREATE OR REPLACE FUNCTION citus_embedded.add_trigger(relation regclass, name text, function text, event text, clause text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET citus_embedded.busy = 'on' AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER "Citus_embedded_%s" %s ON %s %s EXECUTE FUNCTION citus_embedded.%s(); ALTER TABLE %3$s ENABLE ALWAYS TRIGGER "Citus_embedded_%1$s"',
                   name, event, citus_embedded.qualified(relation), clause, function);
END $$;

-- The rows of the old table, which is gone then.
CREATE OR REPLACE FUNCTION citus_embedded.refill(relation regclass, old regclass) RETURNS bigint LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET citus_embedded.busy = 'on' SET client_min_messages = warning AS $$
DECLARE
    copied bigint;
BEGIN
    EXECUTE format('INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE SELECT %2$s FROM %3$s',
                   citus_embedded.qualified(relation), citus_embedded.columns(old), citus_embedded.qualified(old));
    GET DIAGNOSTICS copied = row_count;
    EXECUTE format('DROP TABLE %s', citus_embedded.qualified(old));
    RETURN copied;
END $$;

-- The keys of a table that only workers can hold; and checks that are NOT VALID: on foreign tables they would count as valid,
-- and the planner would leave out rows that violate them.
CREATE OR REPLACE FUNCTION citus_embedded.keys_of(relation regclass) RETURNS SETOF citus_embedded.held LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO' SET intervalstyle = 'postgres' SET timezone = 'GMT' AS $$
    SELECT conrelid::regclass, conname, contype, nullif(confrelid, 0)::regclass, citus_embedded.column_names(conrelid, conkey),
           citus_embedded.column_names(confrelid, confkey), pg_get_constraintdef(oid)
    FROM pg_constraint WHERE conrelid = relation AND (contype IN ('p', 'u', 'f') OR contype = 'c' AND NOT convalidated) AND conparentid = 0
    UNION ALL
    SELECT indrelid::regclass, relname, 'i', NULL, NULL, NULL, citus_embedded.index_definition(indexrelid)::text
    FROM pg_index JOIN pg_class ON oid = indexrelid
    WHERE indrelid = relation AND indisunique AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u')) $$;

CREATE OR REPLACE FUNCTION citus_embedded.distribute(relation regclass, partkey text, method citus.distribution_type,
    colocation text, model regclass, shards integer) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET citus_embedded.busy = 'on' SET client_min_messages = warning AS $$
DECLARE
    name text := citus_embedded.qualified(relation);
    rel pg_class;
    item record;
    made regclass;
    before text;
    views text;
BEGIN
    IF relation IS NULL OR partkey IS NULL THEN
        RETURN;                                           -- as Citus does
    ELSIF method <> 'hash' THEN
        RAISE EXCEPTION 'the embedded engine distributes by hash only' USING errcode = 'feature_not_supported', hint = 'Use Citus.';
    END IF;
    before := citus_embedded.become_owner(relation);
    PERFORM citus_embedded.check_table(relation, partkey);
    EXECUTE format('LOCK TABLE ONLY %s IN ACCESS EXCLUSIVE MODE', name);
    SELECT * INTO rel FROM pg_class WHERE oid = relation;

    INSERT INTO citus_embedded.act (what, args) VALUES ('hold_keys', jsonb_build_array(relation::oid));
    FOR item IN SELECT conrelid, conname FROM citus_embedded.held WHERE confrelid = relation AND conrelid <> relation LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I', citus_embedded.qualified(item.conrelid), item.conname);
    END LOOP;
    views := citus_embedded.take_views(relation);
    made := citus_embedded.rebuild(relation, format('PARTITION BY HASH (%I)', partkey));
    PERFORM citus_embedded.add_trigger(made, 'truncate', 'truncate_keys', 'BEFORE TRUNCATE', 'FOR EACH STATEMENT'),
            citus_embedded.add_trigger(made, 'truncated', 'truncate_keys', 'AFTER TRUNCATE', 'FOR EACH STATEMENT');
    INSERT INTO citus_embedded.act (what, args)
    VALUES ('register_distributed', jsonb_build_array(relation::oid, made::oid, partkey, colocation, model::oid, shards));

    -- One batch of SQL for each worker, in this transaction.
    INSERT INTO citus_embedded.remote (groupid, command)
    SELECT p.groupid, citus_embedded.worker_ddl(made, distribute.partkey)
        || string_agg(format('CREATE TABLE %s PARTITION OF %s FOR VALUES WITH (MODULUS %s, REMAINDER %s)%s; ', shard, name,
                             c.shardcount, s.shardindex, ' WITH (' || array_to_string(rel.reloptions, ', ') || ')'), '' ORDER BY s.shardindex)
        || citus_embedded.grants(made, name || ', ' || string_agg(shard, ', '), true)
        || format('SELECT citus_embedded.name_indexes(%L)', name)
    FROM citus_embedded.shard s JOIN citus_embedded.placement p USING (shardid)
    JOIN citus_embedded.dist_table d USING (logicalrelid) JOIN citus_embedded.colocation c USING (colocationid),
    LATERAL format('%s.%I', rel.relnamespace::regnamespace, s.shardname) AS shard
    WHERE s.logicalrelid = made GROUP BY p.groupid;

    IF citus_embedded.refill(made, relation) > 0 THEN
        EXECUTE format('ANALYZE %s', name);               -- nothing analyzes partitioned and foreign tables by itself
    END IF;
    EXECUTE views;
    PERFORM citus_embedded.become(before);
END $$;

-- No SET search_path here: colocate_with is a name of the caller's.
CREATE OR REPLACE FUNCTION pg_catalog.create_distributed_table(table_name regclass, distribution_column text,
    distribution_type citus.distribution_type DEFAULT 'hash', colocate_with text DEFAULT 'default',
    shard_count integer DEFAULT NULL) RETURNS void LANGUAGE sql AS $$
    SELECT citus_embedded.distribute(table_name, distribution_column, distribution_type, colocate_with,
        CASE WHEN pg_catalog.lower(colocate_with) NOT IN ('default', 'none') THEN colocate_with::pg_catalog.regclass END, shard_count)
$$;

-- Before a table is distributed: its own keys, and foreign keys of local tables to it, which are held until those tables are
-- distributed. They are read here, never taken from the caller: open_tables executes them with the engine's rights.
CREATE OR REPLACE FUNCTION citus_embedded.hold_keys(actor name, relation regclass) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM citus_embedded.check_owner(relation, actor);
    PERFORM citus_embedded.check_owner(conrelid, actor) FROM pg_constraint WHERE confrelid = relation AND conrelid <> relation AND contype = 'f';
    INSERT INTO citus_embedded.held SELECT k.* FROM citus_embedded.keys_of(relation) k;
    INSERT INTO citus_embedded.held
    SELECT k.* FROM pg_constraint c, citus_embedded.keys_of(c.conrelid) k
    WHERE c.confrelid = relation AND c.conrelid <> relation AND c.contype = 'f' AND c.conparentid = 0 AND k.conname = c.conname;
END $$;

-- The part that needs the engine's rights: catalog rows, and foreign tables as partitions. Shard i of a new colocation group
-- goes to the i-th worker, round and round; in an old group, to where the group's shard i is.
CREATE OR REPLACE FUNCTION citus_embedded.register_distributed(actor name, old regclass, made regclass, partkey name, colocation text,
    model regclass, shards integer) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET citus_embedded.busy = 'on' AS $$
#variable_conflict use_column
DECLARE
    rel pg_class;
    key pg_attribute;
    grp citus_embedded.colocation;
    other citus_embedded.dist_table;
    wanted integer := coalesce(shards, nullif(current_setting('citus.shard_count', true), '')::integer, 32);
BEGIN
    PERFORM citus_embedded.check_owner(old, actor), citus_embedded.check_owner(made, actor);
    LOCK TABLE citus_embedded.node IN SHARE MODE;
    LOCK TABLE citus_embedded.colocation IN SHARE ROW EXCLUSIVE MODE;
    SELECT * INTO rel FROM pg_class WHERE oid = made;
    SELECT * INTO key FROM pg_attribute WHERE attrelid = made AND attname = register_distributed.partkey;

    IF model IS NOT NULL THEN
        SELECT * INTO other FROM citus_embedded.dist_table WHERE logicalrelid = model;
        IF shards IS NOT NULL THEN
            RAISE EXCEPTION 'Cannot use colocate_with with a table and shard_count at the same time';
        ELSIF other.partmethod IS NULL THEN
            RAISE EXCEPTION 'relation % is not distributed', (SELECT relname FROM pg_class WHERE oid = model);
        END IF;
        SELECT * INTO grp FROM citus_embedded.colocation WHERE colocationid = other.colocationid;
        IF grp.distributioncolumntype <> key.atttypid OR grp.distributioncolumncollation <> key.attcollation THEN
            RAISE EXCEPTION 'cannot colocate tables % and %', (SELECT relname FROM pg_class WHERE oid = model), rel.relname
                USING detail = format('Distribution column types don''t match for %s and %s.',
                                      (SELECT relname FROM pg_class WHERE oid = model), rel.relname);
        END IF;
    ELSIF wanted NOT BETWEEN 1 AND 64000 THEN
        RAISE EXCEPTION '% is outside the valid range for parameter "shard_count" (1 .. 64000)', wanted
            USING errcode = 'invalid_parameter_value';
    ELSIF lower(colocation) = 'default' THEN
        SELECT * INTO grp FROM citus_embedded.colocation
        WHERE isdefault AND replicationfactor = 1 AND shardcount = wanted AND distributioncolumntype = key.atttypid
          AND distributioncolumncollation = key.attcollation ORDER BY colocationid LIMIT 1;
    END IF;
    IF grp.colocationid IS NULL THEN
        INSERT INTO citus_embedded.colocation (shardcount, distributioncolumntype, distributioncolumncollation, isdefault)
        VALUES (wanted, key.atttypid, key.attcollation, lower(colocation) = 'default') RETURNING * INTO grp;
    END IF;

    IF EXISTS (SELECT FROM citus_embedded.held h LEFT JOIN citus_embedded.dist_table d ON d.logicalrelid = h.confrelid
               WHERE h.conrelid = old AND h.contype = 'f' AND h.confrelid <> old AND d.partmethod IS DISTINCT FROM 'n'
                 AND (d.colocationid IS DISTINCT FROM grp.colocationid OR array_position(h.columns, key.attname) IS NULL
                      OR array_position(h.columns, key.attname) IS DISTINCT FROM array_position(h.refcolumns, d.partkey))) THEN
        PERFORM citus_embedded.not_colocated();
    END IF;
    PERFORM citus_embedded.check_key_actions(columns, key.attname, definition) FROM citus_embedded.held WHERE conrelid = old AND contype = 'f';
    UPDATE citus_embedded.held SET conrelid = CASE WHEN conrelid = old THEN made ELSE conrelid END,
        confrelid = CASE WHEN confrelid = old THEN made ELSE confrelid END WHERE old IN (conrelid, confrelid);

    SELECT * INTO other FROM citus_embedded.dist_table WHERE colocationid = grp.colocationid LIMIT 1;
    INSERT INTO citus_embedded.dist_table
    VALUES (made, 'h', key.attname, grp.colocationid, citus_embedded.describe(made), ARRAY(SELECT indexrelid FROM pg_index WHERE indrelid = made));
    INSERT INTO citus_embedded.shard (shardid, logicalrelid, shardindex, shardname)
    SELECT id, made, i, citus_embedded.shard_name(rel.relname, id)
    FROM (SELECT nextval('citus_embedded.shardid_seq') AS id, i FROM generate_series(0, grp.shardcount - 1) i) s;
    IF other.logicalrelid IS NOT NULL THEN
        INSERT INTO citus_embedded.placement (shardid, groupid)
        SELECT s.shardid, p.groupid FROM citus_embedded.shard s
        JOIN citus_embedded.shard o ON o.logicalrelid = other.logicalrelid AND o.shardindex = s.shardindex
        JOIN citus_embedded.placement p ON p.shardid = o.shardid WHERE s.logicalrelid = made ORDER BY s.shardindex;
    ELSE
        IF NOT EXISTS (SELECT FROM citus_embedded.node WHERE groupid <> 0 AND isactive AND shouldhaveshards) THEN
            RAISE EXCEPTION 'couldn''t find any worker nodes that may have shards' USING errcode = 'object_not_in_prerequisite_state',
                hint = 'Set a worker''s property shouldhaveshards to true, or add a worker.';
        END IF;
        INSERT INTO citus_embedded.placement (shardid, groupid)
        SELECT s.shardid, n.groups[1 + s.shardindex % cardinality(n.groups)] FROM citus_embedded.shard s,
            (SELECT array_agg(groupid ORDER BY nodeid) AS groups FROM citus_embedded.node
             WHERE groupid <> 0 AND isactive AND shouldhaveshards) n
        WHERE s.logicalrelid = made ORDER BY s.shardindex;
    END IF;
    PERFORM citus_embedded.create_foreign_partitions(made);
END $$;

-- For all of a table's shards, or for one.
CREATE OR REPLACE FUNCTION citus_embedded.create_foreign_partitions(parent regclass, shard bigint DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    EXECUTE (SELECT string_agg(format(
            'CREATE FOREIGN TABLE citus_embedded.%I PARTITION OF %s FOR VALUES WITH (MODULUS %s, REMAINDER %s) '
            'SERVER %I OPTIONS (schema_name %L, table_name %L); ALTER FOREIGN TABLE citus_embedded.%1$I OWNER TO %8$I; ',
            s.shardname, citus_embedded.qualified(parent), g.shardcount, s.shardindex, 'citus_node_' || n.nodeid,
            (SELECT nspname FROM pg_namespace WHERE oid = r.relnamespace), s.shardname, pg_get_userbyid(r.relowner)), '' ORDER BY s.shardindex)
        FROM citus_embedded.shard s JOIN citus_embedded.placement p USING (shardid) JOIN citus_embedded.node n USING (groupid)
        JOIN citus_embedded.dist_table d USING (logicalrelid) JOIN citus_embedded.colocation g USING (colocationid)
        JOIN pg_class r ON r.oid = s.logicalrelid
        WHERE s.logicalrelid = parent AND (shard IS NULL OR s.shardid = shard));
END $$;

-- On a worker: names the indexes of a table's shards as Citus does, key_shardid, where PostgreSQL has chosen a name.
CREATE OR REPLACE FUNCTION citus_embedded.name_indexes(parent regclass) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET citus_embedded.busy = 'on' AS $$
BEGIN
    EXECUTE (SELECT coalesce(string_agg(format('ALTER INDEX %s RENAME TO %I', citus_embedded.qualified(i.indexrelid), wanted), '; '), '')
             FROM pg_inherits t JOIN pg_index i ON i.indrelid = t.inhrelid JOIN pg_inherits x ON x.inhrelid = i.indexrelid
             JOIN pg_class s ON s.oid = t.inhrelid JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class p ON p.oid = x.inhparent,
                 citus_embedded.index_name(p.relname, substring(s.relname FROM '_(\d+)$')::bigint) wanted
             WHERE t.inhparent = parent AND c.relname <> wanted);
END $$;

-- name_shardid, the name cut where that would be too long for PostgreSQL: the id is what makes it unique.
CREATE OR REPLACE FUNCTION citus_embedded.shard_name(relname name, shardid bigint) RETURNS name LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    base text := relname;
BEGIN
    WHILE octet_length(base || '_' || shardid) > 63 LOOP
        base := left(base, -1);
    END LOOP;
    RETURN base || '_' || shardid;
END $$;

-- The same for an index of a shard, of which a table has several: in names that are cut the hash of the whole name makes them unique.
CREATE OR REPLACE FUNCTION citus_embedded.index_name(relname name, shardid bigint) RETURNS name LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    base text := relname;
    suffix text := '_' || shardid;
BEGIN
    IF octet_length(base || suffix) > 63 THEN
        suffix := format('_%s%s', lpad(to_hex(hashtext(base)), 8, '0'), suffix);
    END IF;
    WHILE octet_length(base || suffix) > 63 LOOP
        base := left(base, -1);
    END LOOP;
    RETURN base || suffix;
END $$;

-- The shard of a value. Overloads stand in for Citus' "any", which takes C; a value is cast to the column's type.
CREATE OR REPLACE FUNCTION pg_catalog.get_shard_id_for_distribution_column(table_name regclass, distribution_value text) RETURNS bigint
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    tab citus_embedded.dist_table;
    shard bigint;
BEGIN
    SELECT * INTO tab FROM citus_embedded.dist_table WHERE logicalrelid = table_name;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'relation is not distributed' USING errcode = 'invalid_table_definition';
    ELSIF tab.partmethod = 'n' THEN
        RETURN (SELECT shardid FROM citus_embedded.shard WHERE logicalrelid = table_name);
    ELSIF distribution_value IS NULL THEN
        RAISE EXCEPTION 'distribution value cannot be NULL for tables other than reference tables.'
            USING errcode = 'null_value_not_allowed';
    END IF;
    EXECUTE format('SELECT s.shardid FROM citus_embedded.shard s WHERE s.logicalrelid = $1 '
                   'AND CASE WHEN s.logicalrelid = $1 THEN satisfies_hash_partition($1, $2, s.shardindex, $3::%s) END',
                   (SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = table_name AND attname = tab.partkey))
    INTO shard
    USING table_name, (SELECT shardcount FROM citus_embedded.colocation WHERE colocationid = tab.colocationid), distribution_value;
    RETURN shard;
END $$;
CREATE OR REPLACE FUNCTION pg_catalog.get_shard_id_for_distribution_column(table_name regclass, distribution_value anyelement) RETURNS bigint
LANGUAGE sql STABLE AS $$ SELECT pg_catalog.get_shard_id_for_distribution_column(table_name, distribution_value::text) $$;
CREATE OR REPLACE FUNCTION pg_catalog.get_shard_id_for_distribution_column(table_name regclass) RETURNS bigint
LANGUAGE sql STABLE AS $$ SELECT pg_catalog.get_shard_id_for_distribution_column(table_name, NULL::text) $$;

-- partkey holds the plain column name here.
CREATE OR REPLACE FUNCTION pg_catalog.column_to_column_name(table_name regclass, column_var_text text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT column_var_text $$;

REVOKE EXECUTE ON FUNCTION citus_embedded.create_foreign_partitions, citus_embedded.hold_keys, citus_embedded.register_distributed FROM public;
