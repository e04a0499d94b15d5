-- What runs on a node: the server, and the engine when it is an extension.
SELECT current_setting('server_version'),
	coalesce((SELECT extversion FROM pg_extension WHERE extname = 'citus'), '')
