-- Which demo works on this database, and since when: no row when it has just ended.
SELECT a.application_name, to_char(a.backend_start, 'YYYY-MM-DD HH24:MI:SS')
FROM pg_locks l
JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 AND a.datname = current_database()
  AND (l.classid::bigint << 32 | l.objid::bigint) = hashtext('citusctl demo')::bigint
LIMIT 1
