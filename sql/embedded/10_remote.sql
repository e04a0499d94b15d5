-- Embedded engine, remote: SQL on other nodes, inside the coordinator's transaction.
--
-- Each node has the view citus_embedded.exec: a command inserted into it is executed. The coordinator has the table
-- citus_embedded.remote, with a foreign partition over that view for each worker: a command inserted there runs on the
-- worker in the same postgres_fdw transaction as the data, and is undone with it.
--
-- A command runs as the role that sends it, through that role's user mapping, with that role's rights: nobody gains
-- anything from it that logging in to the worker would not give. Two things depend on it. What a role sends shares
-- a connection with the rows it writes, so that a table can be distributed and filled in one transaction, and a foreign
-- key to a reference table sees its new row. And expressions of users (defaults, checks, generated columns) never
-- run as superuser.

SET LOCAL client_min_messages = warning;

CREATE OR REPLACE VIEW citus_embedded.exec AS SELECT NULL::integer AS groupid, NULL::text AS command, NULL::text AS result;

-- postgres_fdw sessions have search_path pg_catalog, so names in commands are qualified.
CREATE OR REPLACE FUNCTION citus_embedded.exec_trigger() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET citus_embedded.busy = 'on' AS $$
DECLARE
    affected bigint;
BEGIN
    IF new.command ~* '^\s*(select|values|with)\M' THEN
        EXECUTE new.command INTO new.result;
    ELSE
        EXECUTE new.command;
        GET DIAGNOSTICS affected = row_count;
        new.result := affected;
    END IF;
    RETURN new;
END $$;

CREATE OR REPLACE TRIGGER exec INSTEAD OF INSERT ON citus_embedded.exec
    FOR EACH ROW EXECUTE FUNCTION citus_embedded.exec_trigger();
GRANT INSERT, SELECT ON citus_embedded.exec TO public;

CREATE TABLE IF NOT EXISTS citus_embedded.remote (groupid integer, command text, result text) PARTITION BY LIST (groupid);
GRANT INSERT, SELECT ON citus_embedded.remote TO public;

CREATE OR REPLACE FUNCTION citus_embedded.check_coordinator() RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF (SELECT groupid FROM citus_embedded.this_node) <> 0 THEN
        RAISE EXCEPTION 'operation is not allowed on this node'
            USING errcode = 'feature_not_supported', hint = 'Connect to the coordinator and run it again.';
    END IF;
END $$;

-- The mapping of a role on a node, made from its authinfo; without authinfo, one without password for a superuser.
CREATE OR REPLACE FUNCTION citus_embedded.sync_mapping(node integer, role_name name) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET client_min_messages = warning AS $$
DECLARE
    info text;
    server name := format('citus_node_%s', node);
    options text := format('"user" %L', role_name);
    pair text[];
BEGIN
    SELECT authinfo INTO info FROM citus_embedded.authinfo
    WHERE rolename = role_name AND nodeid IN (0, node) ORDER BY nodeid DESC LIMIT 1;
    FOR pair IN SELECT * FROM citus_embedded.parse_authinfo(info) LOOP
        options := options || format(', %I %L', pair[1], pair[2]);
    END LOOP;
    EXECUTE format('DROP USER MAPPING IF EXISTS FOR %I SERVER %I', role_name, server);
    IF info IS NULL AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = role_name) THEN
        EXECUTE format('REVOKE USAGE ON FOREIGN SERVER %I FROM %I', server, role_name);
        RETURN;
    END IF;
    EXECUTE format('CREATE USER MAPPING FOR %I SERVER %I OPTIONS (%s)', role_name, server, options);
    EXECUTE format('GRANT USAGE ON FOREIGN SERVER %I TO %I', server, role_name);
END $$;

-- A libpq keyword string as {keyword,value} pairs; NULL gives none.
CREATE OR REPLACE FUNCTION citus_embedded.parse_authinfo(info text) RETURNS SETOF text[] LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    token constant text := $re$\s*(\w+)\s*=\s*('(?:[^'\\]|\\.)*'|(?:[^\s'\\]|\\.)*)(?=\s|$)\s*$re$;
    pair text[];
BEGIN
    IF regexp_replace(info, token, '', 'g') <> '' THEN
        RAISE EXCEPTION 'invalid authinfo' USING errcode = 'invalid_parameter_value',
            hint = 'Write it like a libpq connection string: password=''...''.';
    END IF;
    FOR pair IN SELECT regexp_matches(info, token, 'g') LOOP
        IF pair[1] NOT IN ('password', 'sslcert', 'sslkey') THEN
            RAISE EXCEPTION 'authinfo does not take "%"', pair[1] USING errcode = 'invalid_parameter_value',
                hint = 'It takes password, sslcert and sslkey.';
        END IF;
        IF pair[2] LIKE '''%' THEN
            pair[2] := substr(pair[2], 2, length(pair[2]) - 2);
        END IF;
        RETURN NEXT ARRAY[pair[1], regexp_replace(pair[2], '\\(.)', '\1', 'g')];
    END LOOP;
END $$;

CREATE OR REPLACE FUNCTION citus_embedded.authinfo_trigger() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF tg_op <> 'DELETE' THEN
        PERFORM citus_embedded.parse_authinfo(new.authinfo);
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = new.rolename) THEN
            RAISE EXCEPTION 'role "%" does not exist', new.rolename USING errcode = 'undefined_object';
        END IF;
        PERFORM citus_embedded.sync_mapping(nodeid, new.rolename) FROM citus_embedded.node;
        -- What it was granted while it could not get to the workers.
        INSERT INTO citus_embedded.remote (groupid, command)
        SELECT groupid, format('DO %L', format('BEGIN IF to_regrole(%L) IS NOT NULL THEN %s END IF; END', quote_ident(new.rolename), string_agg(grants, '')))
        FROM (SELECT p.groupid, citus_embedded.grants(c.oid, concat_ws(', ', citus_embedded.qualified(c.oid), string_agg(format('%s.%I', relnamespace::regnamespace, s.shardname), ', ')
                                                          FILTER (WHERE s.shardname <> relname)), true, new.rolename)
                  || coalesce((SELECT string_agg(format('GRANT %s ON SCHEMA %s TO %I; ', privilege_type, relnamespace::regnamespace, new.rolename), '')
                               FROM pg_namespace n, aclexplode(nspacl) WHERE n.oid = relnamespace AND grantee = to_regrole(quote_ident(new.rolename))), '') AS grants
              FROM citus_embedded.shard s JOIN citus_embedded.placement p USING (shardid) JOIN pg_class c ON c.oid = s.logicalrelid
              WHERE p.groupid <> 0 GROUP BY p.groupid, c.oid) g
        WHERE grants <> '' GROUP BY groupid;
    END IF;
    IF tg_op <> 'INSERT' AND EXISTS (SELECT FROM pg_roles WHERE rolname = old.rolename) THEN
        PERFORM citus_embedded.sync_mapping(nodeid, old.rolename) FROM citus_embedded.node;
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER authinfo AFTER INSERT OR UPDATE OR DELETE ON citus_embedded.authinfo
    FOR EACH ROW EXECUTE FUNCTION citus_embedded.authinfo_trigger();
