-- Embedded engine, tables: what distributing a table and making it a reference table have in common. They describe
-- a table in SQL for the workers, and refuse what can't be done before anything is touched.

CREATE OR REPLACE FUNCTION citus_embedded.qualified(relation regclass) RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS
$$ SELECT format('%s.%I', relnamespace::regnamespace, relname) FROM pg_class WHERE oid = relation $$;

-- For superusers, who may act for any owner, the work is done as the owner: what they make is the owner's, and the owner's
-- expressions do not run as superuser. Returns the role to go back to, for become().
CREATE OR REPLACE FUNCTION citus_embedded.become_owner(relation regclass) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    before text := pg_catalog.current_setting('role');
    owner name := (SELECT pg_catalog.pg_get_userbyid(relowner) FROM pg_catalog.pg_class WHERE oid = relation);
BEGIN
    IF NOT pg_catalog.pg_has_role(owner, 'USAGE') THEN
        RAISE EXCEPTION 'must be owner of table %', (SELECT relname FROM pg_catalog.pg_class WHERE oid = relation)
            USING errcode = 'insufficient_privilege';
    END IF;
    IF owner <> current_user THEN
        PERFORM pg_catalog.set_config('role', owner, true);
    END IF;
    RETURN before;
END $$;

-- Functions of users that are SECURITY DEFINER may not set a role, not even the one that is set.
CREATE OR REPLACE FUNCTION citus_embedded.become(wanted text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF wanted <> pg_catalog.current_setting('role') THEN
        PERFORM pg_catalog.set_config('role', wanted, true);
    END IF;
END $$;

-- What needs the engine's rights: changes of its catalog, and moves. All may ask for it, each for tables of their own. A SECURITY DEFINER
-- function can't tell who called it: session_user is not who owns the SECURITY DEFINER function that it may be called from. So
-- they ask by a row, and the default of its last column, which nobody may write, says who they are.
CREATE OR REPLACE VIEW citus_embedded.act AS SELECT NULL::text AS what, NULL::jsonb AS args, NULL::name AS actor;
ALTER VIEW citus_embedded.act ALTER actor SET DEFAULT current_user;
GRANT INSERT (what, args) ON citus_embedded.act TO public;

CREATE OR REPLACE FUNCTION citus_embedded.act_trigger() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    a constant jsonb := new.args;
    first_table regclass := CASE WHEN a ->> 0 ~ '^\d+$' THEN a ->> 0 END::oid;
BEGIN
    CASE new.what
        WHEN 'open_tables' THEN PERFORM citus_embedded.open_tables(new.actor, a ->> 0);
        WHEN 'hold_keys' THEN PERFORM citus_embedded.hold_keys(new.actor, first_table);
        WHEN 'unregister' THEN PERFORM citus_embedded.unregister(new.actor, ARRAY(SELECT value::oid FROM jsonb_array_elements_text(a))::regclass[]);
        WHEN 'register_reference' THEN PERFORM citus_embedded.register_reference(new.actor, first_table);
        WHEN 'register_distributed' THEN PERFORM citus_embedded.register_distributed(new.actor, first_table, (a ->> 1)::oid::regclass, a ->> 2, a ->> 3,
            (a ->> 4)::oid::regclass, (a ->> 5)::integer);
        WHEN 'move_shard' THEN PERFORM citus_embedded.move_shard(new.actor, (a ->> 0)::bigint, a ->> 1, (a ->> 2)::integer, a ->> 3, (a ->> 4)::integer,
            (a ->> 5)::citus.shard_transfer_mode);
    END CASE;
    RETURN new;
END $$;
CREATE OR REPLACE TRIGGER act INSTEAD OF INSERT ON citus_embedded.act FOR EACH ROW EXECUTE FUNCTION citus_embedded.act_trigger();
-- Or somebody could put it on a view of their own, and say there who they are.
REVOKE EXECUTE ON FUNCTION citus_embedded.act_trigger FROM public;

CREATE OR REPLACE FUNCTION citus_embedded.check_owner(relation regclass, actor name DEFAULT current_user) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT pg_has_role(actor, (SELECT relowner FROM pg_class WHERE oid = relation), 'USAGE') THEN
        RAISE EXCEPTION 'must be owner of table %', (SELECT relname FROM pg_class WHERE oid = relation) USING errcode = 'insufficient_privilege';
    END IF;
END $$;

CREATE OR REPLACE FUNCTION citus_embedded.refuse(relation regclass, reason text) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'cannot distribute relation "%": %', (SELECT relname FROM pg_class WHERE oid = relation), reason
        USING errcode = 'feature_not_supported',
              hint = 'The embedded engine does not support this; Citus may. Nothing was changed.';
END $$;

-- What neither kind of table may have. partkey is NULL for a reference table, which stays the table it was.
CREATE OR REPLACE FUNCTION citus_embedded.check_table(relation regclass, partkey name) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    rel pg_class;
    keynum smallint;
    found_one text;
BEGIN
    PERFORM citus_embedded.check_coordinator();
    SELECT * INTO rel FROM pg_class WHERE oid = relation;
    IF EXISTS (SELECT FROM citus_embedded.dist_table WHERE logicalrelid = relation) THEN
        RAISE EXCEPTION 'table "%" is already distributed', rel.relname USING errcode = 'invalid_table_definition';
    ELSIF rel.relkind NOT IN ('r', 'p') THEN
        RAISE EXCEPTION '% is not a regular, foreign or partitioned table', rel.relname USING errcode = 'wrong_object_type';
    ELSIF rel.relkind = 'p' OR rel.relispartition
          OR EXISTS (SELECT FROM pg_inherits WHERE relation IN (inhrelid, inhparent)) THEN
        PERFORM citus_embedded.refuse(relation, 'it is a partition, or has partitions or inheritance');
    ELSIF rel.relpersistence = 't' THEN
        RAISE EXCEPTION 'cannot distribute a temporary table' USING errcode = 'feature_not_supported';
    ELSIF rel.relpersistence = 'u' THEN
        PERFORM citus_embedded.refuse(relation, 'it is unlogged');
    ELSIF rel.reloftype <> 0 THEN
        PERFORM citus_embedded.refuse(relation, 'it is a table of a composite type');
    ELSIF EXISTS (SELECT FROM pg_attribute WHERE attrelid = relation AND attgenerated NOT IN ('', 's')) THEN
        PERFORM citus_embedded.refuse(relation, 'it has a generated column that is not stored');
    ELSIF rel.relrowsecurity THEN
        PERFORM citus_embedded.refuse(relation, 'it has row level security');
    ELSIF rel.relnamespace IN ('pg_catalog'::regnamespace, 'citus_embedded'::regnamespace) THEN
        PERFORM citus_embedded.refuse(relation, 'it is a system table');
    ELSIF NOT EXISTS (SELECT FROM citus_embedded.node WHERE groupid <> 0 AND isactive) THEN
        RAISE EXCEPTION 'couldn''t find any worker nodes' USING errcode = 'object_not_in_prerequisite_state',
            hint = 'Add more worker nodes: SELECT citus_add_node(name, port).';
    END IF;

    SELECT type::regtype INTO found_one FROM citus_embedded.needs(relation) JOIN pg_type t ON t.oid = type WHERE typtype NOT IN ('b', 'e', 'd') LIMIT 1;
    IF FOUND THEN
        PERFORM citus_embedded.refuse(relation, format('it needs type %s, which is composite or a range', found_one));
    END IF;

    -- Foreign keys to tables that are still local could not follow the table to the workers.
    SELECT c.relname INTO found_one FROM pg_constraint k JOIN pg_class c ON c.oid = k.confrelid
    WHERE k.conrelid = relation AND k.contype = 'f' AND k.confrelid <> relation
      AND NOT EXISTS (SELECT FROM citus_embedded.dist_table WHERE logicalrelid = k.confrelid);
    IF FOUND THEN
        PERFORM citus_embedded.refuse_local_reference(found_one);
    END IF;
    IF partkey IS NULL THEN
        PERFORM citus_embedded.refuse_key_to_distributed() WHERE EXISTS (SELECT FROM citus_embedded.held WHERE conrelid = relation);
        RETURN;
    END IF;

    SELECT attnum INTO keynum FROM pg_attribute WHERE attrelid = relation AND attname = partkey AND attnum > 0 AND NOT attisdropped;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'column "%" of relation "%" does not exist', partkey, rel.relname USING errcode = 'undefined_column';
    ELSIF EXISTS (SELECT FROM pg_attribute, citus_embedded.type_parts(atttypid) WHERE attrelid = relation AND attnum = keynum AND typtype = 'e') THEN
        PERFORM citus_embedded.refuse(relation, 'its distribution column is an enum, whose hash values are others on each node');
    ELSIF EXISTS (SELECT FROM pg_constraint WHERE conrelid = relation AND contype = 'x')
          OR EXISTS (SELECT FROM pg_index WHERE indrelid = relation AND indisunique
                     AND NOT keynum = ANY ((indkey::smallint[])[0:indnkeyatts - 1])) THEN
        RAISE EXCEPTION 'cannot create constraint on "%"', rel.relname USING errcode = 'feature_not_supported',
            detail = 'Distributed relations cannot have UNIQUE, EXCLUDE, or PRIMARY KEY constraints that do not include the '
                     'partition column (with an equality operator if EXCLUDE).';
    ELSIF EXISTS (SELECT FROM pg_constraint WHERE conrelid = relation AND confrelid = relation
                  AND coalesce(array_position(conkey, keynum) <> array_position(confkey, keynum),
                               NOT (keynum = ANY (conkey) AND keynum = ANY (confkey)))) THEN
        PERFORM citus_embedded.not_colocated();
    ELSIF EXISTS (SELECT FROM pg_constraint k JOIN citus_embedded.dist_table d ON d.logicalrelid = k.conrelid
                  WHERE k.confrelid = relation AND k.contype = 'f') THEN
        PERFORM citus_embedded.refuse_key_to_distributed();
    ELSIF EXISTS (SELECT FROM pg_trigger WHERE tgrelid = relation AND NOT tgisinternal) THEN
        RAISE EXCEPTION 'cannot distribute relation "%" because it has triggers', rel.relname
            USING errcode = 'feature_not_supported', hint = format('Consider dropping all the triggers on "%s" and retry.', rel.relname);
    END IF;

    -- The table is made anew as a partitioned one, so whatever hangs on it and is not rebuilt below would be in the way.
    SELECT pg_describe_object(d.classid, d.objid, d.objsubid) INTO found_one
    FROM pg_depend d
    WHERE d.deptype IN ('n', 'a')
      AND ((d.refclassid = 'pg_class'::regclass AND d.refobjid = relation)
           OR (d.refclassid = 'pg_type'::regclass
               AND d.refobjid IN (rel.reltype, (SELECT typarray FROM pg_type WHERE oid = rel.reltype))))
      AND NOT (d.classid = 'pg_constraint'::regclass
               AND EXISTS (SELECT FROM pg_constraint WHERE oid = d.objid AND contype IN ('c', 'f', 'p', 'u', 'n')))
      AND NOT (d.classid = 'pg_attrdef'::regclass AND EXISTS (SELECT FROM pg_attrdef WHERE oid = d.objid AND adrelid = relation))
      AND NOT (d.classid = 'pg_class'::regclass AND EXISTS (SELECT FROM pg_index WHERE indexrelid = d.objid AND indrelid = relation))
      AND NOT (d.classid = 'pg_class'::regclass
               AND EXISTS (SELECT FROM pg_class WHERE oid = d.objid AND relkind IN ('S', 't')))
      AND NOT (d.classid = 'pg_rewrite'::regclass
               AND EXISTS (SELECT FROM pg_rewrite r JOIN pg_class v ON v.oid = r.ev_class WHERE r.oid = d.objid AND v.relkind = 'v'))
    LIMIT 1;
    IF FOUND THEN
        PERFORM citus_embedded.refuse(relation, format('%s depends on it', found_one));
    END IF;
    SELECT format('%s depends on it, and %s', pg_describe_object('pg_class'::regclass, v.oid, 0), problem) INTO found_one
    FROM citus_embedded.views_on(relation) v, LATERAL (SELECT CASE
        WHEN v.relkind <> 'v' THEN 'it is materialized'
        WHEN v.relpersistence = 't' THEN 'it is temporary'
        WHEN v.relowner <> rel.relowner THEN 'it has another owner'
        WHEN EXISTS (SELECT FROM pg_trigger WHERE tgrelid = v.oid) OR EXISTS (SELECT FROM pg_attrdef WHERE adrelid = v.oid)
          OR EXISTS (SELECT FROM pg_rewrite WHERE ev_class = v.oid AND rulename <> '_RETURN') THEN 'it has triggers, rules or defaults'
        WHEN EXISTS (SELECT FROM pg_depend d WHERE d.deptype = 'n' AND d.refobjid IN (v.oid, v.reltype) AND d.classid <> 'pg_rewrite'::regclass)
            THEN 'something else on it' END) p (problem)
    WHERE problem IS NOT NULL LIMIT 1;
    IF FOUND THEN
        PERFORM citus_embedded.refuse(relation, found_one);
    END IF;
END $$;

-- The views that read a table, also by way of other views; those that others read come first.
CREATE OR REPLACE FUNCTION citus_embedded.views_on(relation regclass) RETURNS SETOF pg_class LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    WITH RECURSIVE reads AS (
        SELECT DISTINCT r.ev_class AS reader, d.refobjid AS source FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid
        WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> r.ev_class),
    reached AS (SELECT reader, 1 AS depth FROM reads WHERE source = relation
                UNION SELECT r.reader, depth + 1 FROM reads r JOIN reached ON r.source = reached.reader)
    SELECT v.* FROM (SELECT reader, max(depth) AS depth FROM reached GROUP BY 1) r JOIN pg_class v ON v.oid = reader ORDER BY depth $$;

CREATE OR REPLACE FUNCTION citus_embedded.refuse_local_reference(referenced text) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'referenced table "%" must be a distributed table or a reference table', referenced
        USING errcode = 'invalid_table_definition',
              detail = 'To enforce foreign keys, the referencing and referenced rows need to be stored on the same node.',
              hint = format('You could use SELECT create_reference_table(''%s'') to replicate the referenced table to '
                            'all nodes or consider dropping the foreign key', referenced);
END $$;

CREATE OR REPLACE FUNCTION citus_embedded.refuse_key_to_distributed() RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'cannot create foreign key constraint since foreign keys from reference tables and local tables to distributed tables are not supported'
        USING errcode = 'feature_not_supported', detail = 'Reference tables and local tables can only have foreign keys to reference tables and local tables';
END $$;

CREATE OR REPLACE FUNCTION citus_embedded.not_colocated() RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'cannot create foreign key constraint since relations are not colocated or not referencing a reference table'
        USING errcode = 'feature_not_supported', detail = 'A distributed table can only have foreign keys if it is referencing '
            'another colocated hash distributed table or a reference table';
END $$;

-- What a foreign key would do to the distribution column, which Citus doesn't let it.
CREATE OR REPLACE FUNCTION citus_embedded.check_key_actions(columns name[], partkey name, definition text) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    problem text := CASE WHEN NOT partkey = ANY (columns) THEN NULL
        WHEN definition ~ ' ON DELETE SET (NULL|DEFAULT)' THEN
            'SET NULL or SET DEFAULT is not supported in ON DELETE operation when distribution key is included in the foreign key constraint'
        WHEN definition ~ ' ON UPDATE (SET|CASCADE)' THEN
            'SET NULL, SET DEFAULT or CASCADE is not supported in ON UPDATE operation when distribution key included in the foreign constraint.' END;
BEGIN
    IF problem IS NOT NULL THEN
        RAISE EXCEPTION 'cannot create foreign key constraint' USING errcode = 'feature_not_supported', detail = problem;
    END IF;
END $$;

-- An index without its name and table: UNIQUE or not, and what follows the table's name.
CREATE OR REPLACE FUNCTION citus_embedded.index_definition(index regclass) RETURNS jsonb LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT jsonb_build_array(word, substr(pg_get_indexdef(index), 1 + length(format('CREATE %sINDEX %I ON %s%s ', word, relname,
                             CASE WHEN relkind = 'I' THEN 'ONLY ' END, citus_embedded.qualified(indrelid)))))
    FROM (SELECT indrelid, relname, relkind, CASE WHEN indisunique THEN 'UNIQUE ' ELSE '' END AS word
          FROM pg_index JOIN pg_class ON oid = indexrelid WHERE indexrelid = index) i $$;

-- What a table is, as far as the workers have to know, and under "fixed" what they can't be told. Two of these are compared to
-- find what a DDL command did (60_ddl.sql). Defaults and identities stay with the coordinator, which fills in every column before
-- a row leaves it, so that sequences count for the whole cluster. Constants are written the same whatever the session's settings, and so that
-- the workers understand them.
CREATE OR REPLACE FUNCTION citus_embedded.describe(relation regclass) RETURNS jsonb LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO' SET intervalstyle = 'postgres' SET timezone = 'GMT' AS $$
    SELECT jsonb_build_object('schema', relnamespace::regnamespace, 'table', relname, 'owner', pg_get_userbyid(relowner),
        'columns', (
            SELECT jsonb_object_agg(attnum, jsonb_build_object('name', attname, 'type', format_type(atttypid, atttypmod),
                'collation', CASE WHEN attcollation <> typcollation THEN
                    (SELECT format('%s.%I', collnamespace::regnamespace, collname) FROM pg_collation c WHERE c.oid = attcollation) END,
                'generated', CASE WHEN attgenerated = 's' THEN pg_get_expr(adbin, adrelid) END,
                'default', CASE WHEN attgenerated = '' THEN pg_get_expr(adbin, adrelid) END,
                'missing', CASE WHEN atthasmissing THEN (attmissingval::text::text[])[1] END,
                'identity', attidentity <> '',
                'notnull', attnotnull OR EXISTS (SELECT FROM pg_partitioned_table WHERE partrelid = attrelid AND partattrs[0] = attnum)))
            FROM pg_attribute a JOIN pg_type t ON t.oid = atttypid LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
            WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped),
        'constraints', (
            SELECT coalesce(jsonb_object_agg(conname, jsonb_build_array(contype, definition)), '{}')
            FROM (SELECT conname, contype, pg_get_constraintdef(oid) AS definition FROM pg_constraint
                  WHERE conrelid = relation AND contype IN ('p', 'u', 'x', 'c', 'f') AND conparentid = 0
                  UNION ALL SELECT conname, contype, definition FROM citus_embedded.held
                  WHERE conrelid = relation AND contype <> 'i') k),
        'indexes', (
            SELECT coalesce(jsonb_object_agg(relname, definition), '{}')
            FROM (SELECT i.relname, citus_embedded.index_definition(i.oid) AS definition FROM pg_index x JOIN pg_class i ON i.oid = indexrelid
                  WHERE indrelid = relation AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = i.oid AND contype IN ('p', 'u', 'x'))
                  UNION ALL SELECT conname, definition::jsonb FROM citus_embedded.held WHERE conrelid = relation AND contype = 'i') k),
        'acl', jsonb_build_array(relacl::text, (SELECT jsonb_object_agg(attname, attacl::text) FROM pg_attribute
                                                WHERE attrelid = relation AND attnum > 0 AND attacl IS NOT NULL)),
        'fixed', jsonb_build_array(relreplident, relrowsecurity, relforcerowsecurity, reloptions, reltablespace, relpersistence,
            (SELECT array_agg(tgname || tgenabled::text ORDER BY tgname) FROM pg_trigger WHERE tgrelid = relation AND NOT tgisinternal
                 AND (tgname !~ '^Citus_embedded_' OR tgenabled <> 'A')),
            (SELECT array_agg(polname ORDER BY polname) FROM pg_policy WHERE polrelid = relation),
            (SELECT array_agg(rulename || ev_enabled::text ORDER BY rulename) FROM pg_rewrite WHERE ev_class = relation),
            (SELECT array_agg(stxname ORDER BY stxname) FROM pg_statistic_ext WHERE stxrelid = relation),
            (SELECT array_agg(inhparent ORDER BY inhparent) FROM pg_inherits WHERE inhrelid = relation),
            (SELECT jsonb_object_agg(attnum, jsonb_build_array(attstattarget, attcompression, storage, options)) FROM pg_attribute,
                 LATERAL (SELECT (SELECT array_agg(o) FROM unnest(attoptions) o WHERE o LIKE 'n\_distinct%'),
                                 (SELECT nullif(attstorage, typstorage) FROM pg_type t WHERE t.oid = atttypid)) x (options, storage)
             WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped
               AND (attstattarget <> -1 OR attcompression <> '' OR storage IS NOT NULL OR options IS NOT NULL))))
    FROM pg_class WHERE oid = relation $$;

CREATE OR REPLACE FUNCTION citus_embedded.column_ddl(col jsonb) RETURNS text LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT format('%I %s%s%s%s', col ->> 'name', col ->> 'type', ' COLLATE ' || (col ->> 'collation'),
                  ' GENERATED ALWAYS AS (' || (col ->> 'generated') || ') STORED', CASE WHEN (col ->> 'notnull')::boolean THEN ' NOT NULL' END) $$;

-- For roles that get to the workers, what they may do there with a schema.
CREATE OR REPLACE FUNCTION citus_embedded.schema_grants(namespace oid) RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(string_agg(format('GRANT %s ON SCHEMA %s TO %s; ', privilege_type, oid::regnamespace,
                                      CASE grantee WHEN 0 THEN 'public' ELSE grantee::regrole::text END), ''), '')
    FROM pg_namespace, aclexplode(nspacl) WHERE oid = namespace AND grantee <> nspowner
      AND (grantee = 0 OR EXISTS (SELECT FROM pg_user_mappings WHERE umuser = grantee AND srvname LIKE 'citus\_node\_%')) $$;

-- A schema, made where it is missing, for a DO block.
CREATE OR REPLACE FUNCTION citus_embedded.schema_ddl(namespace oid) RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS
$$ SELECT format('IF to_regnamespace(%L) IS NULL THEN CREATE SCHEMA %1$s; %sEND IF; ', namespace::regnamespace,
                 citus_embedded.schema_grants(namespace)) $$;

-- A type, and what it is an array of or a domain over, and so on.
CREATE OR REPLACE FUNCTION citus_embedded.type_parts(type oid) RETURNS SETOF pg_type LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    WITH RECURSIVE part AS (SELECT t.* FROM pg_type t WHERE t.oid = type
                            UNION ALL SELECT t.* FROM part p JOIN pg_type t ON t.oid IN (p.typbasetype, p.typelem))
    SELECT * FROM part $$;

-- What follows the name in the command that makes an enum or a domain.
CREATE OR REPLACE FUNCTION citus_embedded.type_definition(type oid) RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO' SET intervalstyle = 'postgres' SET timezone = 'GMT' AS $$
    SELECT CASE typtype
        WHEN 'e' THEN format('AS ENUM (%s)', (SELECT string_agg(quote_literal(enumlabel), ', ' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = type))
        WHEN 'd' THEN format('AS %s%s%s%s%s', format_type(typbasetype, typtypmod),
            (SELECT format(' COLLATE %s.%I', collnamespace::regnamespace, collname) FROM pg_collation c JOIN pg_type b ON b.oid = t.typbasetype
             WHERE c.oid = t.typcollation AND t.typcollation <> b.typcollation),
            -- rows get it on the coordinator, but for those that are there when a column is added; no sequence is on the workers
            (SELECT ' DEFAULT ' || expression FROM pg_get_expr(typdefaultbin, 0) expression WHERE expression !~ '^nextval\('),
            CASE WHEN typnotnull THEN ' NOT NULL' END,
            (SELECT string_agg(format(' CONSTRAINT %I %s', conname, pg_get_constraintdef(oid)), '' ORDER BY conname) FROM pg_constraint WHERE contypid = type AND contype = 'c')) END
    FROM pg_type t WHERE t.oid = type $$;

-- On a worker: with the domains that are made of it; what a table uses stays, and the command fails.
CREATE OR REPLACE FUNCTION citus_embedded.drop_type(type regtype) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM citus_embedded.drop_type(objid) FROM pg_depend JOIN pg_type d ON d.oid = objid AND d.typtype = 'd'
    WHERE classid = 'pg_type'::regclass AND refclassid = 'pg_type'::regclass AND refobjid IN (type, (SELECT typarray FROM pg_type t WHERE t.oid = type));
    IF EXISTS (SELECT FROM pg_type t WHERE t.oid = type) THEN
        EXECUTE format('DROP TYPE %s', type);
    END IF;
END $$;

-- What a table needs that PostgreSQL doesn't bring: types, extensions and functions, also those of its indexes, checks and generated columns; and what
-- these need, as far as pg_depend knows, which is not what the text of a function calls. What others need comes first.
CREATE OR REPLACE FUNCTION citus_embedded.needs(relation regclass, OUT extension oid, OUT type oid, OUT function oid) RETURNS SETOF record LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    WITH RECURSIVE used (class, id, depth) AS (
        SELECT *, 0 FROM (SELECT 'pg_type'::regclass::oid, atttypid FROM pg_attribute WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped
        UNION SELECT refclassid, refobjid FROM pg_depend
        WHERE (classid = 'pg_class'::regclass AND objid IN (SELECT indexrelid FROM pg_index WHERE indrelid = relation))
           OR (classid = 'pg_constraint'::regclass AND objid IN (SELECT oid FROM pg_constraint WHERE conrelid = relation))
           OR (classid = 'pg_attrdef'::regclass AND objid IN (SELECT d.oid FROM pg_attrdef d JOIN pg_attribute ON attrelid = adrelid AND attnum = adnum
                                                              WHERE adrelid = relation AND attgenerated <> ''))) own
        UNION ALL SELECT n.class, n.id, depth + 1 FROM used u, LATERAL (
            SELECT refclassid, refobjid FROM pg_depend
            WHERE classid = u.class AND objid = u.id AND (classid = 'pg_proc'::regclass AND deptype = 'n'
                OR classid = 'pg_type'::regclass AND deptype = CASE (SELECT typtype FROM pg_type t WHERE t.oid = u.id) WHEN 'd' THEN 'n' ELSE 'i' END)
            UNION ALL SELECT refclassid, refobjid FROM pg_constraint k JOIN pg_depend ON classid = 'pg_constraint'::regclass AND objid = k.oid AND deptype = 'n'
            WHERE u.class = 'pg_type'::regclass AND k.contypid = u.id) n (class, id)
    ) CYCLE class, id SET seen USING path
    SELECT e.refobjid, t.oid, p.oid FROM used
    LEFT JOIN pg_depend e ON e.classid = class AND e.objid = id AND e.deptype = 'e'
    LEFT JOIN pg_type t ON class = 'pg_type'::regclass AND t.oid = id AND e IS NULL AND typnamespace <> 'pg_catalog'::regnamespace AND (typcategory <> 'A' OR typtype = 'd')
    LEFT JOIN pg_proc p ON class = 'pg_proc'::regclass AND p.oid = id AND e IS NULL AND pronamespace <> 'pg_catalog'::regnamespace
    WHERE coalesce(e.refobjid, t.oid, p.oid) IS NOT NULL GROUP BY 1, 2, 3 ORDER BY max(depth) DESC $$;

-- As SQL that makes it where it is missing or another: a function may have been replaced; a type or extension may be there from a table that is gone.
CREATE OR REPLACE FUNCTION citus_embedded.needs_ddl(relation regclass) RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO' SET intervalstyle = 'postgres' SET timezone = 'GMT' AS $$
    WITH need AS MATERIALIZED (SELECT * FROM citus_embedded.needs(relation) WITH ORDINALITY n (extension, type, function, nth))
    SELECT coalesce(string_agg(format('DO %L; ', format('BEGIN %s%s; END', citus_embedded.schema_ddl(namespace), ddl)), '' ORDER BY step, nth), '')
    FROM (
        SELECT 1 AS step, nth, extnamespace AS namespace, format('IF EXISTS (SELECT FROM pg_extension WHERE extname = %1$L AND extnamespace <> %2$L::regnamespace) '
                                                                 'THEN DROP EXTENSION %1$I; END IF; CREATE EXTENSION IF NOT EXISTS %1$I SCHEMA %2$s', extname, extnamespace::regnamespace) AS ddl
        FROM need JOIN pg_extension ON oid = extension
        UNION ALL
        SELECT 2, nth, typnamespace, format('IF citus_embedded.type_definition(to_regtype(%1$L)) <> %2$L THEN PERFORM citus_embedded.drop_type(%1$L); END IF; '
                                            'IF to_regtype(%1$L) IS NULL THEN CREATE %3$s %1$s %4$s; END IF',
                                            oid::regtype, definition, CASE typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END, definition)
        FROM need JOIN pg_type t ON t.oid = type, citus_embedded.type_definition(type) definition WHERE typtype IN ('d', 'e')
        UNION ALL
        SELECT 2, nth, pronamespace, format('IF pg_get_functiondef(to_regprocedure(%L)) IS DISTINCT FROM %L THEN EXECUTE %2$L; END IF', p.oid::regprocedure, pg_get_functiondef(p.oid))
        FROM need JOIN pg_proc p ON p.oid = function) d $$;

-- The table with its types, constraints and indexes, as SQL for a worker. partkey is NULL for a reference table.
CREATE OR REPLACE FUNCTION citus_embedded.worker_ddl(relation regclass, partkey name) RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT format('DO $do$ BEGIN %sEND $do$; ', citus_embedded.schema_ddl(relnamespace)) || citus_embedded.needs_ddl(relation)
        || format('CREATE TABLE %s (%s)%s; ', name, (SELECT string_agg(citus_embedded.column_ddl(value), ', ' ORDER BY key::integer)
                                                     FROM jsonb_each(described -> 'columns')),
                  coalesce(' PARTITION BY HASH (' || quote_ident(partkey) || ')', ' WITH (' || array_to_string(reloptions, ', ') || ')'))
        -- a primary key or unique constraint before the foreign keys that need it
        || coalesce((SELECT string_agg(format('ALTER TABLE %s ADD CONSTRAINT %I %s; ', name, key, value ->> 1), ''
                                       ORDER BY value ->> 0 = 'f', key) FROM jsonb_each(described -> 'constraints')), '')
        || coalesce((SELECT string_agg(format('CREATE %sINDEX %I ON %s %s; ', value ->> 0, key, name, value ->> 1), '' ORDER BY key)
                     FROM jsonb_each(described -> 'indexes')), '')
    FROM pg_class, citus_embedded.qualified(relation) name, citus_embedded.describe(relation) described WHERE oid = relation $$;

-- The rights on a table as GRANT statements for others, or for one role. With on_worker only for roles that can get there.
CREATE OR REPLACE FUNCTION citus_embedded.grants(relation regclass, targets text, on_worker boolean, only_for name DEFAULT NULL) RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(string_agg(format('GRANT %s%s ON %s TO %s%s; ', a.privilege_type, ' (' || quote_ident(g.attname) || ')', targets,
                                      coalesce(quote_ident(r.rolname), 'public'),
                                      CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' END), ''), '')
    FROM (SELECT NULL::name AS attname, relacl AS acl, relowner FROM pg_class WHERE oid = relation
          UNION ALL SELECT attname, attacl, relowner FROM pg_attribute, pg_class c
          WHERE attrelid = relation AND c.oid = relation AND attnum > 0 AND NOT attisdropped) g
    CROSS JOIN aclexplode(g.acl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
    WHERE a.grantee <> g.relowner AND (only_for IS NULL OR r.rolname = only_for)
      AND (NOT on_worker OR a.grantee = 0
           OR EXISTS (SELECT FROM pg_user_mappings u JOIN citus_embedded.node n ON u.srvname = 'citus_node_' || n.nodeid
                      WHERE u.umuser = a.grantee AND n.groupid <> 0)) $$;

-- The names of a table's columns that can be written, as a list.
CREATE OR REPLACE FUNCTION citus_embedded.columns(relation regclass, pattern text DEFAULT '%I') RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT string_agg(format(pattern, attname), ', ' ORDER BY attnum) FROM pg_attribute
    WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped AND attgenerated = '' $$;
