-- Who holds the lock of the cluster: no row when it is free, and nulls when the
-- holder is no run of citusctl.
SELECT l.pid, o.operator, o.command, o.client_pid,
       to_char(o.started_at, 'YYYY-MM-DD HH24:MI:SS'),
       extract(epoch FROM now() - o.started_at)::bigint
FROM pg_locks l
LEFT JOIN citusctl.operations o ON o.backend_pid = l.pid AND o.finished_at IS NULL
WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND l.classid = (hashtext('citusctl')::bigint & 4294967295)::oid
  AND l.objid = (hashtext('operation')::bigint & 4294967295)::oid
ORDER BY o.id DESC NULLS LAST
LIMIT 1
