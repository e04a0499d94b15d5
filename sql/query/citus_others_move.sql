-- Who moves, copies or splits shards now: the rebalance that Citus runs by itself, and sessions by the locks they hold,
-- whatever the statement, function or block they run it from. The classes of Citus' advisory locks: 7 a rebalance, 9 with
-- 1 or 2 an online split, 10 an operation that has to be cleaned up after, 16 a shard that is moved.
SELECT 0 AS pid, true AS rebalances, format('Citus itself (job %s)', job_id) AS who
FROM pg_dist_background_job
WHERE job_type = 'rebalance' AND state NOT IN ('finished', 'cancelled', 'failed')
UNION ALL
SELECT a.pid, bool_or(l.objsubid = 7), format('session %s of "%s", from %s, for %s', a.pid, a.application_name,
	coalesce(a.client_addr::text, 'this machine'), date_trunc('second', now() - a.query_start))
FROM pg_locks l
JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.mode = 'ExclusiveLock' AND l.granted
	AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
	AND (l.objsubid IN (7, 16) OR (l.objsubid = 9 AND l.objid IN (1, 2))
		OR (l.objsubid = 10 AND a.application_name NOT LIKE 'citus\_internal%' AND a.backend_type NOT LIKE 'Citus %'))
	AND a.pid <> pg_backend_pid()
GROUP BY a.pid, a.application_name, a.client_addr, a.query_start
ORDER BY rebalances DESC, pid
