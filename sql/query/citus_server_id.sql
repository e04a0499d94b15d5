-- By which Citus tells its nodes apart.
SELECT metadata ->> 'server_id' FROM pg_dist_node_metadata
