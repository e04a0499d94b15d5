SELECT to_regclass('pg_catalog.pg_dist_cleanup') IS NOT NULL
