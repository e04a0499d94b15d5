-- What one server says of itself.
SELECT current_setting('server_version'), citus_version(),
       to_char(pg_postmaster_start_time(), 'YYYY-MM-DD HH24:MI:SS')
