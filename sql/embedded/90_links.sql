-- Embedded engine, links: connections for work that has to be committed on its own, as parts of a shard move are. They are
-- dblink connections, open only while a function of the engine runs: whoever has the session could use an open one.
--
-- Each link is named after its node, "source 127.0.0.1:5433", so that the context of an error says where it happened.

SET LOCAL client_min_messages = warning;

-- How a role reaches a server, as a libpq connection string.
CREATE OR REPLACE FUNCTION citus_embedded.conninfo(host text, port integer, role_name name, authinfo text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT string_agg(format('%s=''%s''', key, replace(replace(value, '\', '\\'), '''', '\''')), ' ') || coalesce(' ' || authinfo, '')
    FROM (VALUES ('host', host), ('port', port::text), ('dbname', current_database()::text), ('user', role_name::text),
                 ('connect_timeout', '5'), ('application_name', 'citus_embedded'),
                 ('keepalives_idle', '10'), ('keepalives_interval', '5'), ('keepalives_count', '3')) v (key, value) $$;

-- A role's own password is no secret to it. The view asks for the role that reads: in a function of somebody else's that is SECURITY
-- DEFINER it is not who called that function.
CREATE OR REPLACE VIEW citus_embedded.own_authinfo WITH (security_barrier = true) AS
SELECT nodeid, authinfo FROM citus_embedded.authinfo WHERE rolename = current_user;
GRANT SELECT ON citus_embedded.own_authinfo TO public;

CREATE OR REPLACE FUNCTION citus_embedded.own_conninfo(host text, port integer) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS
$$ SELECT citus_embedded.conninfo(host, port, current_user, (SELECT authinfo FROM citus_embedded.own_authinfo ORDER BY nodeid LIMIT 1)) $$;

-- By which the sessions that work for a move are found on a node when the move has died under them.
CREATE OR REPLACE FUNCTION citus_embedded.link_signature(operation bigint) RETURNS text LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$ SELECT 'citus_embedded move ' || operation $$;
CREATE OR REPLACE FUNCTION citus_embedded.signed_operation(signature text) RETURNS bigint LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$ SELECT substring(signature FROM '^citus_embedded move (\d{1,9})$')::bigint $$;

CREATE OR REPLACE FUNCTION citus_embedded.sign_link(link text) RETURNS void LANGUAGE sql
SET search_path = pg_catalog, pg_temp AS $$
    SELECT citus_embedded.dblink_exec(link, format('SET application_name = %L', citus_embedded.link_signature(operation::bigint)))
    FROM nullif(current_setting('citus_embedded.operation', true), '') operation WHERE operation IS NOT NULL $$;
REVOKE EXECUTE ON FUNCTION citus_embedded.sign_link FROM public;

-- Opens a link, or gives the name of the one that is open. The settings keep passwords out of the other server's log.
CREATE OR REPLACE FUNCTION citus_embedded.open_link(purpose text, grp integer, role_name name DEFAULT current_user) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    node citus_embedded.node;
    link text;
    problem text;
BEGIN
    SELECT * INTO node FROM citus_embedded.node WHERE groupid = grp;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'node group % does not exist', grp USING errcode = 'undefined_object';
    END IF;
    link := left(format('%s %s:%s', purpose, node.nodename, node.nodeport), 63);
    IF link = ANY (coalesce(citus_embedded.dblink_get_connections(), '{}')) THEN
        RETURN link;
    END IF;
    PERFORM citus_embedded.dblink_connect(link, citus_embedded.conninfo(node.nodename, node.nodeport, role_name, (
        SELECT authinfo FROM citus_embedded.authinfo WHERE rolename = role_name AND nodeid IN (0, node.nodeid) ORDER BY nodeid DESC LIMIT 1)));
    IF role_name = current_user THEN
        PERFORM citus_embedded.dblink_exec(link, 'SET log_statement = none; SET log_min_duration_statement = -1; '
            'SET log_min_error_statement = panic; SET client_min_messages = warning; SET idle_in_transaction_session_timeout = 0; '
            'SET synchronous_commit = on; SET statement_timeout = 0');
    END IF;
    PERFORM citus_embedded.dblink_exec(link, 'SET client_min_messages = warning; SET search_path = pg_catalog');
    PERFORM citus_embedded.sign_link(link);
    RETURN link;
EXCEPTION WHEN sqlclient_unable_to_establish_sqlconnection THEN
    GET STACKED DIAGNOSTICS problem = pg_exception_detail;
    RAISE EXCEPTION 'connection to the remote node %@%:% failed with the following error: %', role_name, node.nodename,
        node.nodeport, coalesce(nullif(problem, ''), sqlerrm) USING errcode = 'connection_failure';
END $$;
REVOKE EXECUTE ON FUNCTION citus_embedded.open_link FROM public;

CREATE OR REPLACE FUNCTION citus_embedded.close_links(purposes text[]) RETURNS void LANGUAGE sql
SET search_path = pg_catalog, pg_temp AS $$
    SELECT citus_embedded.dblink_disconnect(link) FROM unnest(citus_embedded.dblink_get_connections()) link
    WHERE split_part(link, ' ', 1) = ANY (purposes) $$;
REVOKE EXECUTE ON FUNCTION citus_embedded.close_links FROM public;

-- An error again, without the stack of functions it came through. RAISE would print a detail that is empty.
CREATE OR REPLACE FUNCTION citus_embedded.fail(state text, message text, detail text, hint text) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF detail = '' AND hint = '' THEN
        RAISE EXCEPTION '%', message USING errcode = state;
    ELSIF hint = '' THEN
        RAISE EXCEPTION '%', message USING errcode = state, detail = detail;
    ELSIF detail = '' THEN
        RAISE EXCEPTION '%', message USING errcode = state, hint = hint;
    END IF;
    RAISE EXCEPTION '%', message USING errcode = state, detail = detail, hint = hint;
END $$;

-- Runs commands over a link; the answer is the first value. dblink waits where nothing can interrupt it, so it is asked to go
-- on in the background: a cancelled session stops waiting, and stops the command.
CREATE OR REPLACE FUNCTION citus_embedded.ask(link text, command text, OUT answer text) LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    empty integer := 0;
    value text;
    state text;
    message text;
    detail text;
    hint text;
BEGIN
    PERFORM citus_embedded.dblink_send_query(link, command);
    -- The end of the results looks like a query without rows, but such a query is followed by one more.
    WHILE empty < 2 LOOP
        PERFORM citus_embedded.wait_for(link);
        SELECT r.value INTO value FROM citus_embedded.dblink_get_result(link) AS r (value text);
        empty := CASE WHEN FOUND THEN 0 ELSE empty + 1 END;
        answer := coalesce(answer, value);
    END LOOP;
EXCEPTION
    WHEN query_canceled THEN
        PERFORM citus_embedded.dblink_cancel_query(link);
        RAISE;
    WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS state = returned_sqlstate, message = message_text, detail = pg_exception_detail, hint = pg_exception_hint;
        BEGIN
            FOR i IN 1..2 LOOP                        -- the link is free for other commands again
                PERFORM citus_embedded.wait_for(link);
                PERFORM FROM citus_embedded.dblink_get_result(link, false) AS r (value text);
            END LOOP;
        EXCEPTION WHEN OTHERS THEN
            NULL;                                     -- the connection is lost
        END;
        IF state LIKE '08%' THEN
            message := 'lost the connection to a node';
        END IF;
        PERFORM citus_embedded.fail(state, message, concat_ws(' ', nullif(detail, ''), format('This happened on the %s.', link)), hint);
END $$;

CREATE OR REPLACE FUNCTION citus_embedded.wait_for(link text) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    pause double precision := 0.0002;
BEGIN
    WHILE citus_embedded.dblink_is_busy(link) = 1 LOOP
        PERFORM pg_sleep(pause);
        pause := least(pause * 1.5, 0.02);
    END LOOP;
END $$;
REVOKE EXECUTE ON FUNCTION citus_embedded.wait_for FROM public;
REVOKE EXECUTE ON FUNCTION citus_embedded.ask FROM public;

-- Runs a command that needs locks others may have. It never waits long in the queue, where it would hold up everybody
-- behind it, but comes again; and it gives up before the server looks for deadlocks, so it is never a user who loses one.
CREATE OR REPLACE FUNCTION citus_embedded.attempt(command text, patience interval DEFAULT '120s') RETURNS void LANGUAGE plpgsql
AS $$
DECLARE
    give_up timestamptz := pg_catalog.clock_timestamp() + patience;
    wait integer := 20;
    before text := pg_catalog.current_setting('lock_timeout');
BEGIN
    LOOP
        BEGIN
            PERFORM pg_catalog.set_config('lock_timeout', wait::text, true);
            EXECUTE command;
            PERFORM pg_catalog.set_config('lock_timeout', before, true);
            RETURN;
        EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
            IF pg_catalog.clock_timestamp() > give_up THEN
                RAISE;
            END IF;
        END;
        PERFORM pg_catalog.pg_sleep(wait / 1000.0 * (1 + pg_catalog.random()));
        wait := least(wait + 5, 60);
    END LOOP;
END $$;

-- A number by which advisory locks of the engine are told from those of others, and from each other.
CREATE OR REPLACE FUNCTION citus_embedded.lock_class(kind text) RETURNS integer LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$ SELECT hashtext('citus_embedded ' || kind) $$;

-- Two sessions that grant rights on the same object at the same time would get "tuple concurrently updated".
CREATE OR REPLACE FUNCTION citus_embedded.lock_rights() RETURNS void LANGUAGE sql
SET search_path = pg_catalog, pg_temp AS $$ SELECT pg_advisory_xact_lock(citus_embedded.lock_class('rights'), 0) $$;
