-- What moves left behind and is not cleaned up yet.
SELECT count(*) FROM pg_dist_cleanup
