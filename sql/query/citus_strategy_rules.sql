-- The rules that are registered, as "threshold nodes tables", or no row; and whether Citus takes them by default.
SELECT r.threshold = $1::real AND r.nodes = $2::jsonb AND r.tables = $3::jsonb
	AND EXISTS (SELECT FROM pg_dist_rebalance_strategy WHERE name = 'citusctl' AND default_threshold = $1::real)
FROM citusctl_rules.rules r
