-- Whether citusctl's settings or the login rules may have changed since the
-- server last read them (file times have a granularity of one second).
SELECT bool_or(f.modification > pg_conf_load_time() - interval '1 second')
FROM (VALUES ('citusctl.conf'), ('pg_hba.conf')) AS n(name), pg_stat_file(n.name) AS f
