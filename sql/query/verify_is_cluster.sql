-- Whether the database has the catalog of an engine.
SELECT to_regclass('pg_catalog.pg_dist_node') IS NOT NULL
