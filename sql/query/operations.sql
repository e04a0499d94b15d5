-- The last $1 operations, oldest first.  One without an end is running only when
-- its session is there and holds the lock, or that of a note.
SELECT * FROM (
    SELECT o.id, o.operator, o.command,
           to_char(o.started_at, 'YYYY-MM-DD HH24:MI:SS') AS started,
           to_char(o.started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS started_at,
           to_char(o.finished_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS finished_at,
           extract(epoch FROM coalesce(o.finished_at, CASE WHEN s.pid IS NOT NULL THEN clock_timestamp() END) - o.started_at) AS seconds,
           CASE WHEN o.outcome IS NOT NULL THEN o.outcome
                WHEN s.pid IS NOT NULL THEN 'running'
                ELSE 'did not finish' END AS outcome,
           o.details
    FROM citusctl.operations o
    LEFT JOIN (pg_stat_activity s JOIN pg_locks l ON l.pid = s.pid AND l.locktype = 'advisory' AND l.granted
               AND l.classid = (hashtext('citusctl')::bigint & 4294967295)::oid
               AND l.objid IN ((hashtext('operation')::bigint & 4294967295)::oid,
                               (hashtext('note')::bigint & 4294967295)::oid))
        ON s.pid = o.backend_pid AND s.backend_start IS NOT DISTINCT FROM o.backend_start
       AND o.finished_at IS NULL
    ORDER BY o.id DESC
    LIMIT $1::int
) AS newest
ORDER BY id
