-- Writes the beginning of an operation into the journal: $1 operator, $2 command,
-- $3 process id over there, $4 milliseconds since it began.
INSERT INTO citusctl.operations (operator, command, client_pid, started_at, backend_pid, backend_start)
SELECT $1, $2, $3::int, now() - $4::int * interval '1 millisecond', pid, backend_start
FROM pg_stat_activity WHERE pid = pg_backend_pid()
RETURNING id
