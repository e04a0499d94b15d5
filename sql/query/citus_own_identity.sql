-- A cloned data directory has its original's identity: Citus takes a worker
-- with the coordinator's for the coordinator.  The seed carries zeros, and each
-- clone gets an identity of its own, once.
UPDATE pg_dist_node_metadata
SET metadata = jsonb_set(metadata, '{server_id}', to_jsonb(gen_random_uuid()::text))
WHERE metadata ->> 'server_id' = '00000000-0000-0000-0000-000000000000'
