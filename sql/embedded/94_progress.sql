-- Embedded engine, progress: what get_rebalance_progress says of the moves that go on.

SET LOCAL client_min_messages = warning;

-- A move goes on as long as somebody has its operation's lock.
CREATE OR REPLACE FUNCTION citus_embedded.running_moves() RETURNS SETOF citus_embedded.move LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT m.* FROM citus_embedded.move m
    WHERE EXISTS (SELECT FROM pg_locks l WHERE l.locktype = 'advisory' AND l.objsubid = 2 AND l.objid = m.operation_id::oid AND l.granted
                  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
                  AND l.classid::bigint = (citus_embedded.lock_class('operation') + 4294967296) % 4294967296 AND l.pid = m.pid)
    ORDER BY operation_id $$;

-- Positions in the log of the source and, as far as it has come, of the target.
CREATE OR REPLACE FUNCTION citus_embedded.positions(move citus_embedded.move, OUT source_lsn pg_lsn, OUT target_lsn pg_lsn)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF move.phase IN ('Catching Up', 'Final Catchup') THEN
        INSERT INTO citus_embedded.remote (groupid, command) VALUES (move.source_group, 'select pg_current_wal_lsn()')
        RETURNING result::pg_lsn INTO source_lsn;
        INSERT INTO citus_embedded.remote (groupid, command) VALUES (move.target_group, format(
            'select received_lsn from pg_stat_subscription where subname like %L', 'citus\_shard\_move\_subscription\_%\_' || move.operation_id || '\_%'))
        RETURNING result::pg_lsn INTO target_lsn;
    END IF;
END $$;
REVOKE EXECUTE ON FUNCTION citus_embedded.positions FROM public;

CREATE OR REPLACE FUNCTION pg_catalog.get_rebalance_progress() RETURNS TABLE (sessionid integer, table_name regclass, shardid bigint,
    shard_size bigint, sourcename text, sourceport integer, targetname text, targetport integer, progress bigint,
    source_shard_size bigint, target_shard_size bigint, operation_type text, source_lsn pg_lsn, target_lsn pg_lsn, status text)
LANGUAGE plpgsql STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    names name[] := ARRAY(SELECT g.shardname FROM citus_embedded.running_moves() m, citus_embedded.shard_group(m.shardid) g);
BEGIN
    IF names = '{}' THEN
        RETURN;                       -- and no worker is asked
    END IF;
    RETURN QUERY
    WITH sizes AS MATERIALIZED (SELECT groupid, nspname, relname, total_size FROM citus_embedded.node_sizes WHERE relname = ANY (names))
    SELECT m.pid, g.relation, g.shardid, coalesce(s.total_size, 0), source.nodename, source.nodeport, target.nodename, target.nodeport,
           CASE m.phase WHEN 'Completed' THEN 2 ELSE 1 END::bigint, coalesce(s.total_size, 0), coalesce(t.total_size, 0), 'move'::text,
           p.source_lsn, p.target_lsn, m.phase
    FROM citus_embedded.running_moves() m
    CROSS JOIN LATERAL citus_embedded.shard_group(m.shardid) g
    JOIN pg_class c ON c.oid = g.relation
    JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN citus_embedded.node source ON source.groupid = m.source_group
    JOIN citus_embedded.node target ON target.groupid = m.target_group
    CROSS JOIN LATERAL citus_embedded.positions(m) p
    LEFT JOIN sizes s ON (s.groupid, s.nspname, s.relname) = (m.source_group, n.nspname, g.shardname)
    LEFT JOIN sizes t ON (t.groupid, t.nspname, t.relname) = (m.target_group, n.nspname, g.shardname)
    ORDER BY m.operation_id, g.shardid;
EXCEPTION WHEN connection_failure OR sqlclient_unable_to_establish_sqlconnection THEN
    RAISE EXCEPTION 'cannot get the size because of a connection error' USING errcode = 'connection_failure', detail = sqlerrm;
END $$;
