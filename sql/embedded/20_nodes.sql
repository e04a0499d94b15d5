-- Embedded engine, nodes: the functions that make servers a cluster. Superusers only.

-- How to reach a node: through the sockets of this machine, where it has one there that asks for a password too, or else by name. Each
-- statement is several round trips for postgres_fdw, and over a socket they cost less.
CREATE OR REPLACE FUNCTION citus_embedded.route(nodename text, nodeport integer) RETURNS text LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    directory text := trim(split_part(current_setting('unix_socket_directories'), ',', 1));
    problem text;
BEGIN
    IF nodename NOT IN ('127.0.0.1', '::1', 'localhost') OR directory = ''
       OR (pg_stat_file(format('%s/.s.PGSQL.%s', directory, nodeport), true)).modification IS NULL THEN
        RETURN nodename;
    END IF;
    PERFORM citus_embedded.dblink_connect('citus_embedded_check',
                                          citus_embedded.conninfo(directory, nodeport, current_user, 'password=' || gen_random_uuid()));
    PERFORM citus_embedded.dblink_disconnect('citus_embedded_check');
    RETURN nodename;                                      -- any password will do: postgres_fdw would refuse to use it for other roles
EXCEPTION WHEN sqlclient_unable_to_establish_sqlconnection THEN
    GET STACKED DIAGNOSTICS problem = pg_exception_detail;
    RETURN CASE WHEN problem ~ 'password authentication failed' THEN directory ELSE nodename END;
END $$;

-- Every node, the coordinator too, has a server citus_node_<nodeid>, for dblink and for foreign tables.
--   lock_timeout: nobody sees a deadlock across nodes, so a wait for a lock on a worker has to end by itself.
--   fdw_startup_cost, fdw_tuple_cost: what crosses the network is dear. postgres_fdw prices a remote join like a nested loop, and
--   with its own costs would fetch both tables rather than let the worker join them. To ask the workers for their estimates
--   (use_remote_estimate) costs a round trip a shard and plan, more than most statements take.
CREATE OR REPLACE FUNCTION citus_embedded.create_server(node citus_embedded.node) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    server name := format('citus_node_%s', node.nodeid);
    role_name name;
BEGIN
    EXECUTE format('CREATE SERVER %I FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host %L, port %L, dbname %L, '
        'connect_timeout ''5'', options ''-c lock_timeout=10s'', fetch_size ''10000'', batch_size ''1000'', '
        'async_capable ''true'', fdw_startup_cost ''10000'', fdw_tuple_cost ''100'')', server,
        citus_embedded.route(node.nodename, node.nodeport), node.nodeport, current_database());
    FOR role_name IN SELECT current_user UNION SELECT rolename FROM citus_embedded.authinfo LOOP
        PERFORM citus_embedded.sync_mapping(node.nodeid, role_name);
    END LOOP;
END $$;

CREATE OR REPLACE FUNCTION pg_catalog.citus_set_coordinator_host(host text, port integer DEFAULT current_setting('port')::integer,
    node_role noderole DEFAULT 'primary', node_cluster name DEFAULT 'default') RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    node citus_embedded.node;
BEGIN
    PERFORM citus_embedded.check_coordinator();
    SELECT * INTO node FROM citus_embedded.node WHERE groupid = 0;
    IF FOUND THEN
        PERFORM citus_update_node(node.nodeid, host, port);
    ELSE
        INSERT INTO citus_embedded.node (groupid, nodename, nodeport, shouldhaveshards)
        VALUES (0, host, port, false) RETURNING * INTO node;
        PERFORM citus_embedded.create_server(node);
    END IF;
END $$;

CREATE OR REPLACE FUNCTION pg_catalog.citus_add_node(nodename text, nodeport integer, groupid integer DEFAULT -1,
    noderole noderole DEFAULT 'primary', nodecluster name DEFAULT 'default') RETURNS integer LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    node citus_embedded.node;
    here citus_embedded.this_node;
    there jsonb;
    version text;
    problem text;
    tab oid;
BEGIN
    PERFORM citus_embedded.check_coordinator();
    IF citus_add_node.noderole <> 'primary' THEN
        RAISE EXCEPTION 'the embedded engine has no % nodes', citus_add_node.noderole
            USING errcode = 'feature_not_supported', hint = 'Use Citus.';
    END IF;
    IF citus_add_node.groupid = 0 THEN
        PERFORM citus_set_coordinator_host(citus_add_node.nodename, citus_add_node.nodeport);
        RETURN (SELECT n.nodeid FROM citus_embedded.node n WHERE n.groupid = 0);
    END IF;
    LOCK TABLE citus_embedded.node IN SHARE ROW EXCLUSIVE MODE;
    SELECT * INTO node FROM citus_embedded.node n
    WHERE n.nodename = citus_add_node.nodename AND n.nodeport = citus_add_node.nodeport;
    IF FOUND THEN
        RETURN node.nodeid;
    END IF;

    INSERT INTO citus_embedded.node (groupid, nodename, nodeport)
    VALUES (CASE WHEN citus_add_node.groupid > 0 THEN citus_add_node.groupid ELSE nextval('citus_embedded.groupid_seq') END,
            citus_add_node.nodename, citus_add_node.nodeport)
    RETURNING * INTO node;
    PERFORM citus_embedded.create_server(node);
    EXECUTE format('CREATE FOREIGN TABLE citus_embedded.%I PARTITION OF citus_embedded.remote FOR VALUES IN (%s) '
        'SERVER %I OPTIONS (schema_name ''citus_embedded'', table_name ''exec'')',
        'remote_' || node.groupid, node.groupid, 'citus_node_' || node.nodeid);
    EXECUTE format('CREATE FOREIGN TABLE citus_embedded.%I PARTITION OF citus_embedded.node_sizes FOR VALUES IN (%s) '
        'SERVER %I OPTIONS (schema_name ''citus_embedded'', table_name ''local_sizes'')',
        'node_sizes_' || node.groupid, node.groupid, 'citus_node_' || node.nodeid);

    SELECT * INTO here FROM citus_embedded.this_node;
    BEGIN
        INSERT INTO citus_embedded.remote (groupid, command)
        VALUES (node.groupid, 'select pg_catalog.to_jsonb(n) || pg_catalog.jsonb_build_object(''version'', '
            'pg_catalog.citus_version()) from citus_embedded.this_node n') RETURNING result::jsonb INTO there;
    EXCEPTION
        WHEN sqlclient_unable_to_establish_sqlconnection THEN
            GET STACKED DIAGNOSTICS problem = pg_exception_detail;
            RAISE EXCEPTION 'connection to the remote node %@%:% failed with the following error: %', current_user,
                node.nodename, node.nodeport,
                regexp_replace(coalesce(nullif(problem, ''), sqlerrm), '^connection to server .*? failed: ', '') USING errcode = 'connection_failure';
        WHEN undefined_table OR undefined_function THEN
            RAISE EXCEPTION 'the embedded engine is not installed in database "%" on %:%', current_database(),
                node.nodename, node.nodeport USING errcode = 'undefined_object', hint = 'Install it there first.';
    END;
    version := substring(citus_version() FROM 'engine (\S+)');
    IF substring(there ->> 'version' FROM 'engine (\S+)') <> version THEN
        RAISE EXCEPTION '%:% has "%", this node has embedded engine %', node.nodename, node.nodeport, there ->> 'version', version
            USING errcode = 'object_not_in_prerequisite_state', hint = 'Install the same version on every node.';
    ELSIF there ->> 'id' = here.id::text THEN
        RAISE EXCEPTION '%:% is the coordinator itself', node.nodename, node.nodeport
            USING errcode = 'invalid_parameter_value', hint = 'The embedded engine keeps shards on workers only.';
    ELSIF there ->> 'cluster' IS NOT NULL AND there ->> 'cluster' <> here.id::text THEN
        RAISE EXCEPTION '%:% belongs to another cluster', node.nodename, node.nodeport
            USING errcode = 'object_not_in_prerequisite_state';
    ELSIF EXISTS (SELECT FROM citus_embedded.node n WHERE n.groupid = (there ->> 'groupid')::integer AND n.groupid <> 0) THEN
        RAISE EXCEPTION '%:% is a node of this cluster already, under another name', node.nodename, node.nodeport
            USING errcode = 'duplicate_object', hint = 'See pg_dist_node; citus_update_node changes a name or a port.';
    END IF;
    PERFORM citus_embedded.send(node.groupid, format('update citus_embedded.this_node set cluster = %L, groupid = %s',
                                                     here.id, node.groupid));
    PERFORM citus_embedded.equip(node.groupid);
    PERFORM citus_embedded.close_links('{target}');
    PERFORM citus_embedded.copy_reference_tables(node.groupid);
    RETURN node.nodeid;
END $$;

CREATE OR REPLACE FUNCTION citus_embedded.send(groupid integer, command text) RETURNS void LANGUAGE sql
SET search_path = pg_catalog, pg_temp AS
$$ INSERT INTO citus_embedded.remote (groupid, command) VALUES ($1, $2) $$;

CREATE OR REPLACE FUNCTION citus_embedded.node_at(nodename text, nodeport integer) RETURNS citus_embedded.node LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    node citus_embedded.node;
BEGIN
    SELECT * INTO node FROM citus_embedded.node n WHERE n.nodename = node_at.nodename AND n.nodeport = node_at.nodeport;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'node at "%:%" does not exist', nodename, nodeport USING errcode = 'undefined_object';
    END IF;
    RETURN node;
END $$;

CREATE OR REPLACE FUNCTION pg_catalog.citus_remove_node(nodename text, nodeport integer) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET client_min_messages = warning AS $$
DECLARE
    node citus_embedded.node := citus_embedded.node_at(nodename, nodeport);
    used record;
BEGIN
    LOCK TABLE citus_embedded.node IN SHARE ROW EXCLUSIVE MODE;
    SELECT s.shardid, s.logicalrelid INTO used
    FROM citus_embedded.placement p JOIN citus_embedded.shard s USING (shardid) JOIN citus_embedded.dist_table d USING (logicalrelid)
    WHERE p.groupid = node.groupid AND (d.partmethod = 'h' OR node.groupid = 0) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'cannot remove or disable the node %:% because because it contains the only shard placement for shard %',
            nodename, nodeport, used.shardid USING errcode = 'object_not_in_prerequisite_state',
            detail = format('One of the table(s) that prevents the operation complete successfully is %s', used.logicalrelid),
            hint = 'To proceed, either drop the tables or use undistribute_table() function to convert them to local tables';
    END IF;
    PERFORM citus_embedded.dismiss(node.groupid);
    DELETE FROM citus_embedded.placement p WHERE p.groupid = node.groupid;
    IF node.groupid <> 0 THEN
        BEGIN
            PERFORM citus_embedded.send(node.groupid, coalesce((SELECT string_agg(format('drop table if exists %s cascade; ',
                    citus_embedded.qualified(logicalrelid)), '') FROM citus_embedded.dist_table WHERE partmethod = 'n'), '')
                || 'update citus_embedded.this_node set cluster = null, groupid = 0');
        EXCEPTION WHEN sqlclient_unable_to_establish_sqlconnection THEN
            RAISE WARNING 'node %:% cannot be reached: its copies of the reference tables stay there', nodename, nodeport;
        END;
    END IF;
    EXECUTE format('DROP SERVER %I CASCADE', 'citus_node_' || node.nodeid);
    DELETE FROM citus_embedded.node n WHERE n.nodeid = node.nodeid;
END $$;

CREATE OR REPLACE FUNCTION pg_catalog.citus_set_node_property(nodename text, nodeport integer, property text, value boolean)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    node citus_embedded.node := citus_embedded.node_at(nodename, nodeport);
BEGIN
    IF property <> 'shouldhaveshards' THEN
        RAISE EXCEPTION 'only the ''shouldhaveshards'' property can be set using this function'
            USING errcode = 'feature_not_supported';
    ELSIF node.groupid = 0 AND value THEN
        RAISE EXCEPTION 'the embedded engine keeps no shards on the coordinator'
            USING errcode = 'feature_not_supported', hint = 'Use Citus, or add a worker.';
    END IF;
    UPDATE citus_embedded.node n SET shouldhaveshards = value WHERE n.nodeid = node.nodeid;
END $$;

CREATE OR REPLACE FUNCTION pg_catalog.citus_update_node(node_id integer, new_node_name text, new_node_port integer,
    force boolean DEFAULT false, lock_cooldown integer DEFAULT 10000) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM citus_embedded.node WHERE nodeid = node_id) THEN
        RAISE EXCEPTION 'node % not found', node_id USING errcode = 'undefined_object';
    ELSIF EXISTS (SELECT FROM citus_embedded.node WHERE nodeid <> node_id AND nodename = new_node_name AND nodeport = new_node_port) THEN
        RAISE EXCEPTION 'there is already another node with the specified hostname and port' USING errcode = 'duplicate_object';
    END IF;
    UPDATE citus_embedded.node SET nodename = new_node_name, nodeport = new_node_port
    WHERE nodeid = node_id AND (nodename, nodeport) <> (new_node_name, new_node_port);
    IF FOUND THEN
        EXECUTE format('ALTER SERVER %I OPTIONS (SET host %L, SET port %L)', 'citus_node_' || node_id,
                       citus_embedded.route(new_node_name, new_node_port), new_node_port);
    END IF;
END $$;

CREATE OR REPLACE FUNCTION pg_catalog.citus_get_active_worker_nodes(OUT node_name text, OUT node_port bigint) RETURNS SETOF record
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS
$$ SELECT nodename, nodeport::bigint FROM citus_embedded.node WHERE groupid <> 0 AND isactive ORDER BY nodeid $$;

CREATE OR REPLACE FUNCTION pg_catalog.citus_is_coordinator() RETURNS boolean LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$ SELECT groupid = 0 FROM citus_embedded.this_node $$;

CREATE OR REPLACE FUNCTION pg_catalog.citus_coordinator_nodeid() RETURNS integer LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$ SELECT nodeid FROM citus_embedded.node WHERE groupid = 0 $$;

CREATE OR REPLACE FUNCTION pg_catalog.citus_nodename_for_nodeid(nodeid integer) RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$ SELECT nodename FROM citus_embedded.node n WHERE n.nodeid = $1 $$;

CREATE OR REPLACE FUNCTION pg_catalog.citus_nodeport_for_nodeid(nodeid integer) RETURNS integer LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$ SELECT nodeport FROM citus_embedded.node n WHERE n.nodeid = $1 $$;

REVOKE EXECUTE ON FUNCTION pg_catalog.citus_set_coordinator_host, pg_catalog.citus_add_node, pg_catalog.citus_remove_node,
    pg_catalog.citus_set_node_property, pg_catalog.citus_update_node, citus_embedded.create_server,
    citus_embedded.sync_mapping, citus_embedded.route FROM public;
