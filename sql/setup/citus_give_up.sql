-- The worker of group citusctl.lost_group is gone for good.  The shards that stood
-- only there begin again, empty, on the workers that have the fewest; colocated
-- ones together.  What an earlier run left half made is made again.
DO $$
DECLARE
    lost    int := current_setting('citusctl.lost_group')::int;
    item    record;
    target  record;
    member  record;
    command text;
    answer  record;
BEGIN
    SET LOCAL search_path = pg_catalog;
    FOR item IN
        SELECT t.colocationid, s.shardminvalue, array_agg(s.shardid ORDER BY c.relispartition, c.oid) AS shardids
        FROM pg_dist_placement p
        JOIN pg_dist_shard s ON s.shardid = p.shardid
        JOIN pg_dist_partition t ON t.logicalrelid = s.logicalrelid
        JOIN pg_class c ON c.oid = t.logicalrelid
        WHERE p.groupid = lost
          AND NOT EXISTS (SELECT FROM pg_dist_placement o WHERE o.shardid = p.shardid AND o.groupid <> lost)
        GROUP BY t.colocationid, s.shardminvalue
        ORDER BY t.colocationid, s.shardminvalue::bigint
    LOOP
        SELECT n.groupid, n.nodename, n.nodeport INTO STRICT target
        FROM pg_dist_node n
        LEFT JOIN pg_dist_placement p ON p.groupid = n.groupid
        WHERE n.noderole = 'primary' AND n.isactive AND n.shouldhaveshards AND n.groupid <> lost
        GROUP BY n.groupid, n.nodename, n.nodeport
        ORDER BY count(p.shardid), n.groupid
        LIMIT 1;

        FOR member IN
            SELECT s.shardid, s.logicalrelid, n.nspname, c.relname
            FROM pg_dist_shard s
            JOIN pg_class c ON c.oid = s.logicalrelid
            JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE s.shardid = ANY (item.shardids)
            ORDER BY array_position(item.shardids, s.shardid)
        LOOP
            FOR command IN
                SELECT format('DROP TABLE IF EXISTS %s CASCADE', shard_name(member.logicalrelid, member.shardid))
                UNION ALL
                SELECT format('SELECT worker_apply_shard_ddl_command(%s, %L, %L)', member.shardid, member.nspname, e)
                FROM master_get_table_ddl_events(member.logicalrelid::regclass::text) AS e
                UNION ALL
                SELECT format('SELECT worker_apply_inter_shard_ddl_command(%s, %L, %s, %L, %L)', parent.shardid,
                              pn.nspname, member.shardid, member.nspname,
                              format('ALTER TABLE %I.%I ATTACH PARTITION %I.%I %s', pn.nspname, pc.relname, member.nspname,
                                     member.relname, pg_get_expr(c.relpartbound, c.oid)))
                FROM pg_class c
                JOIN pg_inherits i ON i.inhrelid = c.oid
                JOIN pg_class pc ON pc.oid = i.inhparent
                JOIN pg_namespace pn ON pn.oid = pc.relnamespace
                JOIN pg_dist_shard parent ON parent.logicalrelid = pc.oid AND parent.shardminvalue = item.shardminvalue
                WHERE c.oid = member.logicalrelid AND c.relispartition
                UNION ALL
                SELECT format('SELECT worker_apply_inter_shard_ddl_command(%s, %L, %s, %L, %L)', member.shardid,
                              member.nspname, other.shardid, fn.nspname,
                              format('ALTER TABLE %I.%I ADD CONSTRAINT %I %s', member.nspname, member.relname, k.conname,
                                     pg_get_constraintdef(k.oid)))
                FROM pg_constraint k
                JOIN pg_class f ON f.oid = k.confrelid
                JOIN pg_namespace fn ON fn.oid = f.relnamespace
                JOIN pg_dist_shard other ON other.logicalrelid = f.oid
                                        AND (other.shardminvalue IS NULL OR other.shardid = ANY (item.shardids))
                WHERE k.contype = 'f' AND k.conparentid = 0 AND k.conrelid = member.logicalrelid
                  AND (other.shardminvalue IS NULL
                       OR array_position(item.shardids, other.shardid) <= array_position(item.shardids, member.shardid))
                UNION ALL
                SELECT format('SELECT worker_apply_inter_shard_ddl_command(%s, %L, %s, %L, %L)', other.shardid, rn.nspname,
                              member.shardid, member.nspname,
                              format('ALTER TABLE %I.%I ADD CONSTRAINT %I %s', rn.nspname, r.relname, k.conname,
                                     pg_get_constraintdef(k.oid)))
                FROM pg_constraint k
                JOIN pg_class r ON r.oid = k.conrelid
                JOIN pg_namespace rn ON rn.oid = r.relnamespace
                JOIN pg_dist_shard other ON other.logicalrelid = r.oid AND other.shardid = ANY (item.shardids)
                WHERE k.contype = 'f' AND k.conparentid = 0 AND k.confrelid = member.logicalrelid
                  AND array_position(item.shardids, other.shardid) < array_position(item.shardids, member.shardid)
            LOOP
                SELECT * INTO answer FROM master_run_on_worker(ARRAY[target.nodename], ARRAY[target.nodeport], ARRAY[command], false);
                IF NOT answer.success THEN
                    RAISE EXCEPTION 'shard % could not be made on %:%: %', member.shardid, target.nodename, target.nodeport,
                        answer.result USING detail = command;
                END IF;
            END LOOP;
        END LOOP;

        UPDATE pg_dist_placement SET groupid = target.groupid WHERE shardid = ANY (item.shardids) AND groupid = lost;
        FOR answer IN
            SELECT r.* FROM run_command_on_workers(format('UPDATE pg_dist_placement SET groupid = %s WHERE shardid = ANY (%L::bigint[]) AND groupid = %s',
                                                          target.groupid, item.shardids, lost)) r
            JOIN pg_dist_node n ON n.nodename = r.nodename AND n.nodeport = r.nodeport
            WHERE NOT r.success AND n.groupid <> lost
        LOOP
            RAISE EXCEPTION '%:% could not be told where shards are: %', answer.nodename, answer.nodeport, answer.result;
        END LOOP;
    END LOOP;
END $$
