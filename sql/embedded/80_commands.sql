-- Embedded engine, commands: SQL on many nodes at once, through dblink, so each in a transaction of its own, as in Citus.
-- Each command runs as the caller, with the caller's user mapping.

-- commands[i] for group groups[i]: nodes work at the same time, each through its commands in order.
CREATE OR REPLACE FUNCTION citus_embedded.run(groups integer[], commands text[], OUT ord integer, OUT success boolean, OUT result text)
RETURNS SETOF record LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET client_min_messages = error AS $$
DECLARE
    link text;
    item record;
    failed jsonb := '{}';             -- group -> why it can't be reached
    step record;
    answers text[];
BEGIN
    FOR item IN SELECT DISTINCT g AS groupid, n.nodeid, n.nodename, n.nodeport FROM unnest(groups) g
                LEFT JOIN citus_embedded.node n ON n.groupid = g LOOP
        BEGIN
            PERFORM citus_embedded.dblink_connect('citus_embedded_' || item.groupid, 'citus_node_' || item.nodeid);
        EXCEPTION
            WHEN duplicate_object THEN            -- left by a call that was interrupted
                PERFORM citus_embedded.dblink_disconnect('citus_embedded_' || item.groupid);
                PERFORM citus_embedded.dblink_connect('citus_embedded_' || item.groupid, 'citus_node_' || item.nodeid);
            WHEN sqlclient_unable_to_establish_sqlconnection OR connection_failure THEN
                failed := failed || jsonb_build_object(item.groupid, format('failed to connect to %s:%s', item.nodename, item.nodeport));
        END;
    END LOOP;
    FOR step IN SELECT array_agg(i ORDER BY i) AS items
                FROM (SELECT i, row_number() OVER (PARTITION BY g ORDER BY i) AS nth FROM unnest(groups) WITH ORDINALITY u (g, i)) s
                GROUP BY nth ORDER BY nth LOOP
        FOREACH ord IN ARRAY step.items LOOP
            IF NOT failed ? groups[ord]::text THEN
                PERFORM citus_embedded.dblink_send_query('citus_embedded_' || groups[ord], commands[ord]);
            END IF;
        END LOOP;
        FOREACH ord IN ARRAY step.items LOOP
            link := 'citus_embedded_' || groups[ord];
            success := false;
            IF failed ? groups[ord]::text THEN
                result := failed ->> groups[ord]::text;
            ELSE
                BEGIN
                    answers := ARRAY(SELECT r.value FROM citus_embedded.dblink_get_result(link) AS r (value text));
                    success := cardinality(answers) <= 1;
                    result := CASE WHEN success THEN coalesce(answers[1], '')
                                   ELSE 'expected a single row in query result' END;
                EXCEPTION
                    WHEN query_canceled THEN
                        RAISE;
                    WHEN datatype_mismatch THEN
                        result := 'expected a single column in query target';
                    WHEN OTHERS THEN
                        result := 'ERROR:  ' || sqlerrm;
                END;
                -- until the connection is free for the next command
                WHILE citus_embedded.dblink_is_busy(link) = 1 LOOP
                    PERFORM pg_sleep(0.001);
                END LOOP;
                PERFORM FROM citus_embedded.dblink_get_result(link, false) AS r (value text);
            END IF;
            RETURN NEXT;
        END LOOP;
    END LOOP;
    PERFORM citus_embedded.dblink_disconnect('citus_embedded_' || g) FROM (SELECT DISTINCT g FROM unnest(groups) g) d
    WHERE NOT failed ? g::text;
END $$;

CREATE OR REPLACE FUNCTION pg_catalog.run_command_on_all_nodes(command text, parallel boolean DEFAULT true,
    give_warning_for_connection_errors boolean DEFAULT false, OUT nodeid integer, OUT success boolean, OUT result text)
RETURNS SETOF record LANGUAGE sql
SET search_path = pg_catalog, pg_temp AS $$
    WITH n AS (SELECT array_agg(nodeid ORDER BY nodeid) AS ids, array_agg(groupid ORDER BY nodeid) AS groups
               FROM citus_embedded.node WHERE isactive)
    SELECT n.ids[r.ord], r.success, r.result
    FROM n, citus_embedded.run(n.groups, array_fill(command, ARRAY[cardinality(n.groups)])) r ORDER BY 1 $$;

CREATE OR REPLACE FUNCTION pg_catalog.run_command_on_coordinator(command text, give_warning_for_connection_errors boolean DEFAULT false,
    OUT nodeid integer, OUT success boolean, OUT result text) RETURNS SETOF record LANGUAGE sql
SET search_path = pg_catalog, pg_temp AS $$
    SELECT citus_coordinator_nodeid(), r.success, r.result FROM citus_embedded.run(ARRAY[0], ARRAY[command]) r $$;

CREATE OR REPLACE FUNCTION pg_catalog.run_command_on_workers(command text, parallel boolean DEFAULT true, OUT nodename text,
    OUT nodeport integer, OUT success boolean, OUT result text) RETURNS SETOF record LANGUAGE sql
SET search_path = pg_catalog, pg_temp AS $$
    WITH n AS (SELECT array_agg(nodename ORDER BY nodeid) AS names, array_agg(nodeport ORDER BY nodeid) AS ports,
                      array_agg(groupid ORDER BY nodeid) AS groups
               FROM citus_embedded.node WHERE isactive AND groupid <> 0)
    SELECT n.names[r.ord], n.ports[r.ord], r.success, r.result
    FROM n, citus_embedded.run(n.groups, array_fill(command, ARRAY[cardinality(n.groups)])) r ORDER BY 1, 2 $$;

-- The command is a pattern for format(), in which %s is the shard's name.
CREATE OR REPLACE FUNCTION pg_catalog.run_command_on_placements(table_name regclass, command text, parallel boolean DEFAULT true,
    OUT nodename text, OUT nodeport integer, OUT shardid bigint, OUT success boolean, OUT result text)
RETURNS SETOF record LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    shards bigint[];
    groups integer[];
    commands text[];
BEGIN
    SELECT array_agg(s.shardid), array_agg(p.groupid),
           array_agg(format(command, format('%s.%I', c.relnamespace::regnamespace, s.shardname)))
    INTO shards, groups, commands
    FROM (SELECT * FROM citus_embedded.shard WHERE logicalrelid = table_name ORDER BY shardid) s
    JOIN citus_embedded.placement p USING (shardid) JOIN citus_embedded.node n USING (groupid)
    JOIN pg_class c ON c.oid = s.logicalrelid;
    RETURN QUERY SELECT n.nodename, n.nodeport, shards[r.ord], r.success, r.result
        FROM citus_embedded.run(groups, commands) r JOIN citus_embedded.node n ON n.groupid = groups[r.ord] ORDER BY 3, 1, 2;
END $$;

CREATE OR REPLACE FUNCTION pg_catalog.run_command_on_shards(table_name regclass, command text, parallel boolean DEFAULT true,
    OUT shardid bigint, OUT success boolean, OUT result text) RETURNS SETOF record LANGUAGE sql
SET search_path = pg_catalog, pg_temp AS $$
    SELECT DISTINCT ON (shardid) shardid, success, result
    FROM pg_catalog.run_command_on_placements(table_name, command, parallel) ORDER BY shardid $$;

-- Health. Asked on the coordinator and, through run_command_on_all_nodes, on workers, with the password each node has.
CREATE OR REPLACE FUNCTION pg_catalog.citus_check_connection_to_node(nodename text, nodeport integer DEFAULT 5432) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    problem text;
BEGIN
    PERFORM citus_embedded.dblink_connect('citus_embedded_check', citus_embedded.own_conninfo(nodename, nodeport));
    PERFORM citus_embedded.dblink_disconnect('citus_embedded_check');
    RETURN true;
EXCEPTION WHEN sqlclient_unable_to_establish_sqlconnection OR prohibited_sql_statement_attempted THEN
    GET STACKED DIAGNOSTICS problem = pg_exception_detail;
    RAISE WARNING 'connection to the remote node %@%:% failed with the following error: %', current_user, nodename, nodeport,
        regexp_replace(problem, '^connection to server .*? failed: ', '');
    RETURN false;
END $$;

CREATE OR REPLACE FUNCTION pg_catalog.citus_check_cluster_node_health(OUT from_nodename text, OUT from_nodeport integer,
    OUT to_nodename text, OUT to_nodeport integer, OUT result boolean) RETURNS SETOF record LANGUAGE sql
SET search_path = pg_catalog, pg_temp AS $$
    WITH n AS (SELECT * FROM citus_embedded.node WHERE isactive),
    pairs AS (SELECT f.groupid, f.nodename AS fn, f.nodeport AS fp, t.nodename AS tn, t.nodeport AS tp,
                     row_number() OVER (ORDER BY f.nodeid, t.nodeid) AS i FROM n f, n t),
    sent AS (SELECT array_agg(groupid ORDER BY i) AS groups, array_agg(format(
                        'select pg_catalog.citus_check_connection_to_node(%L, %s)', tn, tp) ORDER BY i) AS commands FROM pairs)
    SELECT p.fn, p.fp, p.tn, p.tp, CASE WHEN r.success THEN r.result = 't' END
    FROM sent, citus_embedded.run(sent.groups, sent.commands) r JOIN pairs p ON p.i = r.ord ORDER BY p.i $$;

