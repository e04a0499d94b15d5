-- The worker of group citusctl.lost_group is gone for good.  The shards that stood
-- there begin again, empty, on the workers that have the fewest; colocated ones
-- together.  All of it is one transaction on the coordinator, and what an earlier
-- run left on a worker is made again.
DO $$
DECLARE
    lost   int := current_setting('citusctl.lost_group')::int;
    item   record;
    target int;
    ddl    text;
BEGIN
    PERFORM set_config('citus_embedded.busy', 'on', true);     -- the engine's own doing, not a user's
    FOR item IN
        SELECT d.colocationid, s.shardindex, c.shardcount,
               jsonb_agg(jsonb_build_object('shard', s.shardid, 'name', s.shardname, 'table', d.logicalrelid::oid) ORDER BY s.shardid) AS members
        FROM citus_embedded.placement p
        JOIN citus_embedded.shard s USING (shardid)
        JOIN citus_embedded.dist_table d USING (logicalrelid)
        JOIN citus_embedded.colocation c USING (colocationid)
        WHERE p.groupid = lost AND d.partmethod = 'h'
        GROUP BY d.colocationid, s.shardindex, c.shardcount
        ORDER BY d.colocationid, s.shardindex
    LOOP
        SELECT n.groupid INTO STRICT target
        FROM citus_embedded.node n
        LEFT JOIN citus_embedded.placement p ON p.groupid = n.groupid
        WHERE n.groupid NOT IN (0, lost) AND n.isactive AND n.shouldhaveshards
          -- Its tables have to be there, as they are where at least one shard is.
          AND NOT EXISTS (SELECT FROM jsonb_array_elements(item.members) m
                          WHERE NOT EXISTS (SELECT FROM citus_embedded.shard o JOIN citus_embedded.placement q USING (shardid)
                                            WHERE o.logicalrelid = (m ->> 'table')::oid AND q.groupid = n.groupid))
        GROUP BY n.groupid
        ORDER BY count(p.shardid), n.groupid
        LIMIT 1;

        SELECT string_agg(format('DROP TABLE IF EXISTS %1$s; CREATE TABLE %1$s PARTITION OF %2$s FOR VALUES WITH (MODULUS %3$s, REMAINDER %4$s); '
                                 'ALTER TABLE %1$s OWNER TO %5$I; ',
                                 format('%I.%I', (SELECT nspname FROM pg_namespace WHERE oid = r.relnamespace), m ->> 'name'), citus_embedded.qualified(r.oid),
                                 item.shardcount, item.shardindex, pg_get_userbyid(r.relowner)), '')
        INTO ddl
        FROM jsonb_array_elements(item.members) m
        JOIN pg_class r ON r.oid = (m ->> 'table')::oid;
        PERFORM citus_embedded.send(target, ddl);

        UPDATE citus_embedded.placement SET groupid = target
        WHERE groupid = lost AND shardid IN (SELECT (m ->> 'shard')::bigint FROM jsonb_array_elements(item.members) m);
        SELECT string_agg(format('DROP FOREIGN TABLE citus_embedded.%I; ', m ->> 'name'), '') INTO ddl
        FROM jsonb_array_elements(item.members) m;
        EXECUTE ddl;
        PERFORM citus_embedded.create_foreign_partitions((m ->> 'table')::oid::regclass, (m ->> 'shard')::bigint)
        FROM jsonb_array_elements(item.members) m;
    END LOOP;
END $$
