-- Whether this database has Citus, and columnar storage where that is installed.
SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')
   AND NOT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'citus_columnar' AND installed_version IS NULL)
