-- Marks the seed, see citus_own_identity.sql.
UPDATE citus_embedded.this_node SET id = '00000000-0000-0000-0000-000000000000'
