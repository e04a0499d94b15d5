-- Shards that wait on some node to be dropped after a move, as text[].
SELECT coalesce(array_agg(substring(object_name FROM '[^.]*$')), '{}')::text
FROM pg_dist_cleanup
