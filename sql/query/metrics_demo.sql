-- The last demo on this cluster.
SELECT extract(epoch FROM finished_at), summary
FROM citusctl.demo_runs
ORDER BY id DESC
LIMIT 1
