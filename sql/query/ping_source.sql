-- A little WAL, so that the walsender reports how far it has come.
SELECT pg_logical_emit_message(true, 'citusctl', '')
