-- On a node: what moves make there and take away again, transactions that are prepared and not decided with their age in
-- seconds, and the processes, which may be about to decide them there or elsewhere.
SELECT 'replication slot' AS kind, slot_name::text AS name, NULL::bigint AS seconds
FROM pg_replication_slots
WHERE slot_name ~ '^citus_shard_(move|split)_' AND database = current_database()
UNION ALL
SELECT 'subscription', subname, NULL
FROM pg_subscription
WHERE subname ~ '^citus_shard_(move|split)_' AND subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())
UNION ALL
SELECT 'publication', pubname, NULL
FROM pg_publication
WHERE pubname ~ '^citus_shard_(move|split)_'
UNION ALL
SELECT 'prepared transaction', gid, extract(epoch FROM clock_timestamp() - prepared)::bigint
FROM pg_prepared_xacts
WHERE database = current_database()
UNION ALL
SELECT 'process', pid::text, NULL
FROM pg_stat_activity
ORDER BY 1, 2
