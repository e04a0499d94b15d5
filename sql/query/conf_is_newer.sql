-- Whether any of the files $1 (text[]; relative ones are in the data directory) may
-- have changed since the server last read its settings (file times have a
-- granularity of one second).
SELECT coalesce(bool_or(f.modification > pg_conf_load_time() - interval '1 second'), false)
FROM unnest($1::text[]) AS n(name), pg_stat_file(n.name, true) AS f
