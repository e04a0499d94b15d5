-- Whether nodes can have been removed: the record of them and the engine are there.
SELECT to_regclass('citusctl_nodes.removed') IS NOT NULL AND to_regclass('pg_dist_node') IS NOT NULL
