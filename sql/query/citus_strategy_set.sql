-- The rules: threshold $1, nodes $2, tables $3 (sql/setup/rebalance_strategy.sql).
INSERT INTO citusctl_rules.rules (threshold, nodes, tables) VALUES ($1::real, $2::jsonb, $3::jsonb)
ON CONFLICT (only_one) DO UPDATE SET threshold = excluded.threshold, nodes = excluded.nodes, tables = excluded.tables
