-- Operation $1 goes on in this session: the server was restarted meanwhile.
UPDATE citusctl.operations o SET backend_pid = a.pid, backend_start = a.backend_start
FROM pg_stat_activity a WHERE o.id = $1::bigint AND a.pid = pg_backend_pid()
