-- The installed version of extension $1, null when it isn't there.
SELECT (SELECT extversion FROM pg_extension WHERE extname = $1)
