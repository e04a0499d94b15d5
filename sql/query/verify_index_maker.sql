-- Who makes, drops or makes anew an index without holding up others, which happens shard by shard; no row when nobody does.
SELECT format('session %s of "%s" for %s', pid, application_name, date_trunc('second', clock_timestamp() - query_start))
FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND state = 'active'
	AND query ~* '\m(create|drop|reindex)\M.*\mconcurrently\M'
ORDER BY query_start
LIMIT 1
