-- On a node: the session that holds tables of the database for itself since longest; no row when there is none.
SELECT format('session %s of "%s" for %s', a.pid, a.application_name, date_trunc('second', clock_timestamp() - a.xact_start))
FROM pg_stat_activity a
WHERE a.pid <> pg_backend_pid() AND a.pid IN (
	SELECT l.pid FROM pg_locks l
	WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' AND l.granted
		AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()))
ORDER BY a.xact_start
LIMIT 1
