-- An older strategy of ours; a rebalance of Citus reads it at its start only.
DELETE FROM pg_dist_rebalance_strategy WHERE name = 'citusctl'
