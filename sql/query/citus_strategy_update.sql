-- Our strategy has threshold $1 from now on.
UPDATE pg_dist_rebalance_strategy SET default_threshold = greatest($1::real, 0.01) WHERE name = 'citusctl'
