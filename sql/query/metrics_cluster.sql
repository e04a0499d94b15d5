-- What waits to be cleaned up after moves, and the operations of citusctl that run now.
SELECT (SELECT count(*) FROM pg_dist_cleanup) AS cleanup_records,
       (SELECT count(*) FROM citusctl.operations o
        JOIN pg_stat_activity a ON a.pid = o.backend_pid AND a.backend_start = o.backend_start
        WHERE o.finished_at IS NULL)          AS operations_running
