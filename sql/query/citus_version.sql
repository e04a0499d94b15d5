SELECT citus_version()
