-- The operations of citusctl that run now.
SELECT count(*)
FROM citusctl.operations o
JOIN pg_stat_activity a ON a.pid = o.backend_pid AND a.backend_start = o.backend_start
WHERE o.finished_at IS NULL
