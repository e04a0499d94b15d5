-- Our strategy, with threshold $1; citus_add_rebalance_strategy() would ignore the last column before 13.1.
INSERT INTO pg_dist_rebalance_strategy (name, default_strategy, shard_cost_function, node_capacity_function,
	shard_allowed_on_node_function, default_threshold, minimum_threshold, improvement_threshold)
VALUES ('citusctl', false, 'pg_catalog.citus_shard_cost_by_disk_size', 'citusctl_rules.node_capacity',
	'citusctl_rules.shard_allowed_on_node', greatest($1::real, 0.01), 0.01, 0.5)
