SELECT citus_set_coordinator_host($1, $2::int)
