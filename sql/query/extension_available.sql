-- Whether extension $1 can be created on this server.
SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = $1)
