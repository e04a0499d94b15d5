-- Embedded engine, newcomers: what a node needs before shards or copies of reference tables can be there, and what must have
-- happened before a node leaves.

SET LOCAL client_min_messages = warning;

CREATE OR REPLACE FUNCTION citus_embedded.used_schemas() RETURNS SETOF pg_namespace LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT * FROM pg_namespace
    WHERE oid IN (SELECT relnamespace FROM pg_class JOIN citus_embedded.dist_table ON logicalrelid = pg_class.oid) $$;

-- Roles that have something to do on workers: those that log in there, own tables or have rights on them; and the roles whose
-- members they are.
CREATE OR REPLACE FUNCTION citus_embedded.needed_roles() RETURNS SETOF oid LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    WITH RECURSIVE needed AS (
        SELECT oid FROM pg_roles WHERE rolname IN (SELECT rolename FROM citus_embedded.authinfo)
        UNION SELECT relowner FROM pg_class JOIN citus_embedded.dist_table ON logicalrelid = oid
        UNION SELECT grantee FROM pg_class JOIN citus_embedded.dist_table ON logicalrelid = oid, aclexplode(relacl)
        UNION SELECT grantee FROM pg_attribute JOIN citus_embedded.dist_table ON logicalrelid = attrelid, aclexplode(attacl)
        UNION SELECT nspowner FROM citus_embedded.used_schemas()
        UNION SELECT grantee FROM citus_embedded.used_schemas(), aclexplode(nspacl)
        UNION SELECT roleid FROM needed JOIN pg_auth_members ON member = needed.oid)
    SELECT oid FROM needed JOIN pg_roles USING (oid) WHERE rolname !~ '^pg_' $$;

-- Makes what is missing: roles, memberships, passwords for other nodes, schemas; what is there stays as it is. Passwords go as what
-- PostgreSQL stores of them, over a link whose statements are not logged.
CREATE OR REPLACE FUNCTION citus_embedded.equip(grp integer) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    link text := citus_embedded.open_link('target', grp);
    commands text;
BEGIN
    SELECT string_agg(format('IF to_regrole(%L) IS NULL THEN CREATE ROLE %I %s; END IF; ', quote_ident(rolname), rolname,
            concat_ws(' ', CASE WHEN rolsuper THEN 'SUPERUSER' END, CASE WHEN rolcanlogin THEN 'LOGIN' END,
                      CASE WHEN NOT rolinherit THEN 'NOINHERIT' END, CASE WHEN rolcreatedb THEN 'CREATEDB' END,
                      CASE WHEN rolcreaterole THEN 'CREATEROLE' END, format('PASSWORD %L', rolpassword))), '' ORDER BY oid)
    INTO commands FROM pg_authid WHERE oid IN (SELECT citus_embedded.needed_roles());
    -- What a membership is good for is said since PostgreSQL 16, and by each who granted it.
    SELECT commands || coalesce(string_agg(format('IF NOT pg_has_role(%L, %L, ''MEMBER'') THEN GRANT %I TO %I%s; END IF; ',
            m.rolname, g.rolname, g.rolname, m.rolname,
            CASE WHEN NOT (inherits AND sets) THEN format(' WITH INHERIT %s, SET %s', inherits::text, sets::text) END), ''), '')
    INTO commands FROM (
        SELECT roleid, member, bool_or(coalesce((to_jsonb(a) ->> 'inherit_option')::boolean, true)) AS inherits,
            bool_or(coalesce((to_jsonb(a) ->> 'set_option')::boolean, true)) AS sets
        FROM pg_auth_members a WHERE member IN (SELECT citus_embedded.needed_roles()) GROUP BY roleid, member) a
    JOIN pg_roles g ON g.oid = roleid JOIN pg_roles m ON m.oid = member WHERE g.rolname !~ '^pg_';
    SELECT commands || coalesce(string_agg(format('IF to_regnamespace(%1$L) IS NULL THEN CREATE SCHEMA %1$s AUTHORIZATION %2$s; END IF; ',
            n.oid::regnamespace, CASE WHEN nspowner::regrole::text ~ '^pg_' THEN 'CURRENT_USER' ELSE nspowner::regrole::text END), ''), '')
    INTO commands FROM citus_embedded.used_schemas() n;
    -- An owner of tables may create the shards beside them, though elsewhere the right came from owning the database.
    SELECT commands || coalesce(string_agg(format('GRANT %s ON SCHEMA %s TO %s; ', privilege, oid::regnamespace,
                                                  CASE role WHEN 0 THEN 'public' ELSE role::regrole::text END), ''), '')
    INTO commands FROM (
        SELECT n.oid, grantee AS role, privilege_type AS privilege FROM citus_embedded.used_schemas() n, aclexplode(nspacl)
        UNION SELECT relnamespace, relowner, 'USAGE, CREATE' FROM pg_class JOIN citus_embedded.dist_table ON logicalrelid = oid) g
    WHERE role = 0 OR role IN (SELECT citus_embedded.needed_roles());
    PERFORM citus_embedded.ask(link, format('DO %L', 'BEGIN PERFORM citus_embedded.lock_rights(); ' || commands || 'END'));

    SELECT string_agg(format('INSERT INTO citus_embedded.authinfo VALUES (0, %L, %L) ON CONFLICT DO NOTHING; ', rolename, authinfo), '')
    INTO commands FROM (SELECT DISTINCT ON (rolename) rolename, authinfo FROM citus_embedded.authinfo
                        WHERE nodeid IN (0, (SELECT nodeid FROM citus_embedded.node WHERE groupid = grp)) ORDER BY rolename, nodeid) a;
    PERFORM citus_embedded.ask(link, commands) WHERE commands IS NOT NULL;
END $$;

-- Nothing of moves may be under way to a node that leaves, or left there.
CREATE OR REPLACE FUNCTION citus_embedded.dismiss(grp integer) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT pg_try_advisory_xact_lock(citus_embedded.lock_class('node'), grp) THEN
        RAISE EXCEPTION 'a shard move from or to the node is going on' USING errcode = 'object_in_use',
            hint = 'Try again when the move is over; SELECT * FROM get_rebalance_progress() shows it.';
    END IF;
    IF EXISTS (SELECT FROM citus_embedded.cleanup WHERE node_group_id = grp) THEN
        PERFORM citus_embedded.clean();
    END IF;
END $$;
REVOKE EXECUTE ON FUNCTION citus_embedded.used_schemas, citus_embedded.needed_roles, citus_embedded.equip, citus_embedded.dismiss FROM public;

CREATE OR REPLACE FUNCTION citus_embedded.missing_copies(OUT relation regclass, OUT shardid bigint, OUT groupid integer) RETURNS SETOF record
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT s.logicalrelid, s.shardid, n.groupid
    FROM citus_embedded.shard s JOIN citus_embedded.dist_table d USING (logicalrelid), citus_embedded.node n
    WHERE d.partmethod = 'n' AND n.isactive
      AND NOT EXISTS (SELECT FROM citus_embedded.placement p WHERE p.shardid = s.shardid AND p.groupid = n.groupid)
    ORDER BY n.nodeid, s.shardid $$;

CREATE OR REPLACE FUNCTION pg_catalog.replicate_reference_tables(shard_transfer_mode citus.shard_transfer_mode DEFAULT 'auto')
RETURNS void LANGUAGE plpgsql STRICT SET search_path = pg_catalog, pg_temp SET citus_embedded.busy = 'on' AS $$
DECLARE
    item record;
BEGIN
    PERFORM citus_embedded.check_coordinator();
    FOR item IN SELECT * FROM citus_embedded.missing_copies() LOOP
        PERFORM citus_embedded.equip(item.groupid);
        PERFORM citus_embedded.copy_reference_table(item.relation, item.groupid);
        INSERT INTO citus_embedded.placement (shardid, groupid) VALUES (item.shardid, item.groupid);
    END LOOP;
    PERFORM citus_embedded.close_links('{target}');
END $$;
REVOKE EXECUTE ON FUNCTION pg_catalog.replicate_reference_tables FROM public;

-- Each group goes to the node that has the fewest by then. Moves are committed one by one, as in Citus, and the mark that the
-- node is to be empty stays also when one fails.
CREATE OR REPLACE FUNCTION pg_catalog.citus_drain_node(nodename text, nodeport integer,
    shard_transfer_mode citus.shard_transfer_mode DEFAULT 'auto', rebalance_strategy name DEFAULT NULL) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    node citus_embedded.node := citus_embedded.node_if_any(nodename, nodeport);
    item record;
    there citus_embedded.node;
    here text;
BEGIN
    PERFORM citus_embedded.check_coordinator();
    IF node.nodeid IS NULL THEN
        RAISE EXCEPTION 'node %:% not found', nodename, nodeport USING errcode = 'no_data_found';
    ELSIF rebalance_strategy NOT IN ('by_shard_count', 'by_disk_size') THEN
        RAISE EXCEPTION 'could not find rebalance strategy with name %', rebalance_strategy USING errcode = 'undefined_object',
            hint = 'The embedded engine has no strategies of its own: each shard goes to the node that has the fewest.';
    END IF;
    here := citus_embedded.open_link('drain', 0);
    PERFORM citus_embedded.ask(here, format('SELECT citus_set_node_property(%L, %s, ''shouldhaveshards'', false)', nodename, nodeport));
    FOR item IN SELECT min(s.shardid) AS shardid FROM citus_embedded.placement p JOIN citus_embedded.shard s USING (shardid)
                JOIN citus_embedded.dist_table d USING (logicalrelid) WHERE p.groupid = node.groupid AND d.partmethod = 'h'
                GROUP BY d.colocationid, s.shardindex ORDER BY 1 LOOP
        SELECT n.* INTO there FROM citus_embedded.node n
        WHERE n.groupid <> 0 AND n.isactive AND n.shouldhaveshards AND n.nodeid <> node.nodeid
        ORDER BY (SELECT count(*) FROM citus_embedded.placement p WHERE p.groupid = n.groupid), n.nodeid LIMIT 1;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'no other node may have the shards of %:%', nodename, nodeport
                USING errcode = 'object_not_in_prerequisite_state', hint = 'Add a node with citus_add_node, or set shouldhaveshards of one.';
        END IF;
        RAISE NOTICE 'Moving shard % from %:% to %:% ...', item.shardid, nodename, nodeport, there.nodename, there.nodeport;
        PERFORM citus_embedded.ask(here, format('SELECT citus_move_shard_placement(%s, %s, %s, %L)', item.shardid, node.nodeid,
                                                there.nodeid, shard_transfer_mode));
    END LOOP;
    PERFORM citus_embedded.close_links('{drain}');
EXCEPTION WHEN OTHERS OR query_canceled THEN
    PERFORM citus_embedded.close_links('{drain}');
    RAISE;
END $$;
REVOKE EXECUTE ON FUNCTION pg_catalog.citus_drain_node FROM public;

CREATE OR REPLACE FUNCTION pg_catalog.citus_copy_shard_placement(shard_id bigint, source_node_name text, source_node_port integer,
    target_node_name text, target_node_port integer, transfer_mode citus.shard_transfer_mode DEFAULT 'auto') RETURNS void
LANGUAGE plpgsql STRICT SET search_path = pg_catalog, pg_temp SET citus_embedded.busy = 'on' AS $$
DECLARE
    tab citus_embedded.dist_table;
    target citus_embedded.node := citus_embedded.node_if_any(target_node_name, target_node_port);
BEGIN
    PERFORM citus_embedded.check_coordinator();
    SELECT d.* INTO tab FROM citus_embedded.shard s JOIN citus_embedded.dist_table d USING (logicalrelid) WHERE s.shardid = shard_id;
    IF (source_node_name, source_node_port) = (target_node_name, target_node_port) THEN
        RAISE EXCEPTION 'cannot copy shard to the same node' USING errcode = 'invalid_parameter_value';
    ELSIF tab.logicalrelid IS NULL THEN
        RAISE EXCEPTION 'could not find valid entry for shard %', shard_id USING errcode = 'internal_error';
    ELSIF tab.partmethod = 'h' THEN
        RAISE EXCEPTION 'Table ''%'' is streaming replicated. Shards of streaming replicated tables cannot be copied',
            (SELECT relname FROM pg_class WHERE oid = tab.logicalrelid) USING errcode = 'feature_not_supported';
    ELSIF target.nodeid IS NULL THEN
        RAISE EXCEPTION 'Copying shards to a non-existing node is not supported' USING errcode = 'feature_not_supported',
            hint = format('Add the target node via SELECT citus_add_node(''%s'', %s);', target_node_name, target_node_port);
    ELSIF EXISTS (SELECT FROM citus_embedded.placement p WHERE p.shardid = shard_id AND p.groupid = target.groupid) THEN
        RAISE WARNING 'shard is already present on node %:%', target_node_name, target_node_port
            USING detail = 'Copy may have already completed.';
        RETURN;
    END IF;
    PERFORM citus_embedded.equip(target.groupid);
    PERFORM citus_embedded.copy_reference_table(tab.logicalrelid, target.groupid);
    INSERT INTO citus_embedded.placement (shardid, groupid) VALUES (shard_id, target.groupid);
    PERFORM citus_embedded.close_links('{target}');
END $$;

CREATE OR REPLACE FUNCTION pg_catalog.citus_copy_shard_placement(shard_id bigint, source_node_id integer, target_node_id integer,
    transfer_mode citus.shard_transfer_mode DEFAULT 'auto') RETURNS void LANGUAGE plpgsql STRICT
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM citus_embedded.check_node_ids(ARRAY[source_node_id, target_node_id]);
    PERFORM citus_copy_shard_placement(shard_id, s.nodename, s.nodeport, t.nodename, t.nodeport, transfer_mode)
    FROM citus_embedded.node s, citus_embedded.node t WHERE s.nodeid = source_node_id AND t.nodeid = target_node_id;
END $$;
REVOKE EXECUTE ON FUNCTION pg_catalog.citus_copy_shard_placement(bigint, integer, integer, citus.shard_transfer_mode),
    pg_catalog.citus_copy_shard_placement(bigint, text, integer, text, integer, citus.shard_transfer_mode) FROM public;
