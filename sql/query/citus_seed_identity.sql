-- Marks the seed, see citus_own_identity.sql.
UPDATE pg_dist_node_metadata
SET metadata = jsonb_set(metadata, '{server_id}', '"00000000-0000-0000-0000-000000000000"')
