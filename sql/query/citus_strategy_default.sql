-- Citus takes ours where no other is named.
SELECT citus_set_default_rebalance_strategy('citusctl')
