-- Embedded engine, sizes: what every table and shard takes. One scan of the workers at the same time, not one per shard.

SET LOCAL client_min_messages = warning;
SET LOCAL allow_system_table_mods = on;

CREATE OR REPLACE VIEW citus_embedded.local_sizes AS
SELECT (SELECT groupid FROM citus_embedded.this_node) AS groupid, nspname, relname, pg_relation_size(c.oid) AS relation_size,
       pg_table_size(c.oid) AS table_size, pg_total_relation_size(c.oid) AS total_size
FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
WHERE relkind = 'r' AND relpersistence = 'p' AND nspname NOT IN ('pg_catalog', 'information_schema', 'citus_embedded', 'pg_toast');

CREATE TABLE IF NOT EXISTS citus_embedded.node_sizes (
    groupid integer, nspname name, relname name, relation_size bigint, table_size bigint, total_size bigint
) PARTITION BY LIST (groupid);
GRANT SELECT ON citus_embedded.local_sizes TO public;

-- All that can be had: for a node that is down there is a warning, as in Citus, and no rows.
CREATE OR REPLACE FUNCTION citus_embedded.sizes() RETURNS SETOF citus_embedded.node_sizes LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found_ones citus_embedded.node_sizes[];
    node citus_embedded.node;
    problem text;
BEGIN
    BEGIN
        found_ones := ARRAY(SELECT s FROM citus_embedded.node_sizes s);
    EXCEPTION WHEN sqlclient_unable_to_establish_sqlconnection OR connection_failure THEN
        FOR node IN SELECT * FROM citus_embedded.node WHERE groupid <> 0 ORDER BY nodeid LOOP
            BEGIN
                found_ones := found_ones || ARRAY(SELECT s FROM citus_embedded.node_sizes s WHERE s.groupid = node.groupid);
            EXCEPTION WHEN sqlclient_unable_to_establish_sqlconnection OR connection_failure THEN
                GET STACKED DIAGNOSTICS problem = pg_exception_detail;
                RAISE WARNING 'connection to the remote node %@%:% failed with the following error: %', session_user, node.nodename, node.nodeport,
                    regexp_replace(coalesce(nullif(problem, ''), sqlerrm), '^connection to server .*? failed: ', '');
            END;
        END LOOP;
    END;
    RETURN QUERY SELECT * FROM citus_embedded.local_sizes UNION ALL SELECT * FROM unnest(found_ones);
END $$;

CREATE OR REPLACE VIEW citus_embedded.placement_sizes AS
SELECT s.logicalrelid, s.shardid, s.shardindex, s.shardname, d.partmethod, d.partkey, d.colocationid, c.relname, c.relowner,
       n.nspname, p.groupid, z.relation_size, z.table_size, z.total_size
FROM citus_embedded.shard s
JOIN citus_embedded.dist_table d USING (logicalrelid)
JOIN citus_embedded.placement p USING (shardid)
JOIN pg_class c ON c.oid = s.logicalrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN citus_embedded.sizes() z ON z.groupid = p.groupid AND z.nspname = n.nspname AND z.relname = s.shardname;

CREATE OR REPLACE VIEW pg_catalog.citus_shards AS
SELECT z.logicalrelid AS table_name, z.shardid,
       CASE z.nspname WHEN 'public' THEN quote_ident(z.shardname) ELSE format('%I.%I', z.nspname, z.shardname) END AS shard_name,
       CASE z.partmethod WHEN 'h' THEN 'distributed' ELSE 'reference' END AS citus_table_type, z.colocationid AS colocation_id,
       n.nodename, n.nodeport, coalesce(z.total_size, 0) AS shard_size
FROM citus_embedded.placement_sizes z JOIN citus_embedded.node n USING (groupid)
ORDER BY z.logicalrelid::text, z.shardid, n.nodeid;

CREATE OR REPLACE VIEW pg_catalog.citus_tables AS
SELECT z.logicalrelid AS table_name, CASE z.partmethod WHEN 'h' THEN 'distributed' ELSE 'reference' END AS citus_table_type,
       coalesce(z.partkey::text, '<none>') AS distribution_column, z.colocationid AS colocation_id,
       pg_size_pretty(coalesce(sum(z.total_size), 0)) AS table_size, count(DISTINCT z.shardid) AS shard_count,
       pg_get_userbyid(z.relowner) AS table_owner, 'heap'::name AS access_method
FROM citus_embedded.placement_sizes z
GROUP BY z.logicalrelid, z.partmethod, z.partkey, z.colocationid, z.relowner
ORDER BY z.logicalrelid::text;

GRANT SELECT ON pg_catalog.citus_shards, pg_catalog.citus_tables TO public;

CREATE OR REPLACE FUNCTION pg_catalog.citus_shard_sizes(OUT shard_id integer, OUT size bigint) RETURNS SETOF record
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS
$$ SELECT shardid::integer, total_size FROM citus_embedded.placement_sizes WHERE total_size IS NOT NULL $$;

CREATE OR REPLACE FUNCTION citus_embedded.sizes_of(relation regclass, OUT relation_size bigint, OUT table_size bigint, OUT total_size bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    missing citus_embedded.node;
BEGIN
    IF NOT EXISTS (SELECT FROM citus_embedded.dist_table WHERE logicalrelid = relation) THEN
        RAISE EXCEPTION 'cannot calculate the size because relation ''%'' is not distributed',
            (SELECT relname FROM pg_class WHERE oid = relation) USING errcode = 'invalid_table_definition';
    END IF;
    SELECT coalesce(sum(z.relation_size), 0), coalesce(sum(z.table_size), 0), coalesce(sum(z.total_size), 0), min(z.groupid) FILTER (WHERE z.total_size IS NULL)
    INTO relation_size, table_size, total_size, missing.groupid FROM citus_embedded.placement_sizes z WHERE z.logicalrelid = relation;
    IF missing.groupid IS NOT NULL THEN
        SELECT * INTO missing FROM citus_embedded.node WHERE groupid = missing.groupid;
        RAISE EXCEPTION 'could not connect to %:% to get size of relation "%"', missing.nodename, missing.nodeport,
            (SELECT relname FROM pg_class WHERE oid = relation) USING errcode = 'connection_failure';
    END IF;
END $$;

CREATE OR REPLACE FUNCTION pg_catalog.citus_relation_size(logicalrelid regclass) RETURNS bigint LANGUAGE sql AS
$$ SELECT relation_size FROM citus_embedded.sizes_of(logicalrelid) $$;
CREATE OR REPLACE FUNCTION pg_catalog.citus_table_size(logicalrelid regclass) RETURNS bigint LANGUAGE sql AS
$$ SELECT table_size FROM citus_embedded.sizes_of(logicalrelid) $$;
CREATE OR REPLACE FUNCTION pg_catalog.citus_total_relation_size(logicalrelid regclass, fail_on_error boolean DEFAULT true)
RETURNS bigint LANGUAGE sql AS $$ SELECT total_size FROM citus_embedded.sizes_of(logicalrelid) $$;
