-- The settings that wait for a restart, as one text, null when none does.
SELECT string_agg(name, ', ' ORDER BY name) FROM pg_settings WHERE pending_restart
