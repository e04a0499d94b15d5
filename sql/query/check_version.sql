-- What runs on a node: server and engine, without where they were built.
SELECT 'PostgreSQL ' || split_part(current_setting('server_version'), ' ', 1) || ', '
	|| split_part(citus_version(), ' on ', 1)
