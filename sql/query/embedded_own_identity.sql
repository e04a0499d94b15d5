-- Gives a clone of the seed an identity of its own, see citus_own_identity.sql.
UPDATE citus_embedded.this_node SET id = gen_random_uuid()
WHERE id = '00000000-0000-0000-0000-000000000000'
