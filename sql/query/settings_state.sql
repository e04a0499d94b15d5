-- Of a running server: whether any of the files $1 (text[]; relative ones are in the
-- data directory) may have changed since it last read its settings (file times have a
-- granularity of one second), and what overrides a setting of our file, citusctl.conf:
-- the name, the value it has, the value of our file, and by what: system, database $2,
-- role $3 there, or a place in a file; then the settings of our file that wait for a
-- restart, as one text or null.  At least one row.
WITH files AS (
    SELECT coalesce(bool_or(f.modification > pg_conf_load_time() - interval '1 second'), false) AS newer
    FROM unnest($1::text[]) AS n(name), pg_stat_file(n.name, true) AS f
), entries AS (
    SELECT lower(name) AS name, setting, seqno, sourcefile, sourceline, sourcefile LIKE '%/citusctl.conf' AS ours
    FROM pg_file_settings
), wanted AS (
    SELECT DISTINCT ON (name) name, setting, seqno FROM entries WHERE ours ORDER BY name, seqno DESC
), later AS (
    SELECT DISTINCT ON (e.name) e.name, e.setting, w.setting AS wanted,
           CASE WHEN e.sourcefile LIKE '%/postgresql.auto.conf' THEN 'system'
                ELSE format('line %s of %s', e.sourceline, e.sourcefile) END AS by
    FROM entries e JOIN wanted w ON w.name = e.name AND e.seqno > w.seqno
    WHERE NOT e.ours
    ORDER BY e.name, e.seqno DESC
), of_sessions AS (
    SELECT w.name, substring(c.config FROM strpos(c.config, '=') + 1) AS setting, w.setting AS wanted,
           CASE WHEN s.setrole = 0 THEN 'database' ELSE 'role' END AS by
    FROM pg_db_role_setting s
    LEFT JOIN pg_database d ON d.oid = s.setdatabase
    LEFT JOIN pg_roles r ON r.oid = s.setrole
    CROSS JOIN unnest(s.setconfig) AS c(config)
    JOIN wanted w ON w.name = lower(split_part(c.config, '=', 1))
    WHERE (s.setrole = 0 AND d.datname = $2) OR (s.setdatabase = 0 AND r.rolname = $3)
), overrides AS (
    SELECT * FROM later WHERE setting IS DISTINCT FROM wanted
    UNION ALL
    SELECT * FROM of_sessions WHERE setting IS DISTINCT FROM wanted
)
SELECT files.newer, o.name, o.setting, o.wanted, o.by,
       (SELECT string_agg(s.name, ', ' ORDER BY s.name) FROM pg_settings s JOIN wanted w ON w.name = lower(s.name) WHERE s.pending_restart)
FROM files LEFT JOIN overrides o ON true
ORDER BY o.name
