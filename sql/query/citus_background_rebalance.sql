-- The rebalance that Citus runs by itself now, if any.
SELECT job_id FROM pg_dist_background_job
WHERE job_type = 'rebalance' AND state NOT IN ('finished', 'cancelled', 'failed')
