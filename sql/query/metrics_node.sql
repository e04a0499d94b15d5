-- What one node has besides its shards: open halves of two-phase commits, and
-- what replication keeps.  Those of moves are leftovers when no move runs.
SELECT (SELECT count(*) FROM pg_prepared_xacts WHERE database = current_database())             AS prepared,
       (SELECT coalesce(extract(epoch FROM now() - min(prepared)), 0) FROM pg_prepared_xacts
        WHERE database = current_database())                                                      AS prepared_oldest_s,
       (SELECT count(*) FROM pg_replication_slots)                                                AS slots,
       (SELECT count(*) FROM pg_replication_slots WHERE NOT active)                               AS slots_inactive,
       (SELECT coalesce(max(pg_wal_lsn_diff(
                    CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END,
                    restart_lsn)), 0) FROM pg_replication_slots)                                  AS slots_retained_bytes,
       (SELECT count(*) FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid
        WHERE d.datname = current_database())                                                     AS subscriptions,
       (SELECT count(*) FROM pg_publication)                                                      AS publications,
       (SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND backend_type = 'client backend')                   AS connections,
       pg_database_size(current_database())                                                       AS database_bytes
