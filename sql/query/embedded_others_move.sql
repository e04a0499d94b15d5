-- The sessions that move shards now, by the locks they hold, whatever the statement they run it from.
SELECT a.pid, false AS rebalances, format('session %s of "%s", from %s, for %s', a.pid, a.application_name,
	coalesce(a.client_addr::text, 'this machine'), date_trunc('second', now() - a.query_start)) AS who
FROM pg_stat_activity a
WHERE a.pid <> pg_backend_pid() AND a.pid IN (
	SELECT l.pid FROM pg_locks l
	WHERE l.locktype = 'advisory' AND l.objsubid = 2 AND l.mode = 'ExclusiveLock' AND l.granted
		AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
		AND l.classid::bigint = (citus_embedded.lock_class('operation') + 4294967296) % 4294967296)
ORDER BY pid
