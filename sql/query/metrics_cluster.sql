-- What waits to be cleaned up after moves.
SELECT count(*) FROM pg_dist_cleanup
