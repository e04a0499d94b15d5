-- What one server says of itself, for "citusctl check": versions, locale, settings.
SELECT current_setting('server_version'),
       (SELECT extversion FROM pg_extension WHERE extname = 'citus'),
       pg_encoding_to_char(d.encoding), d.datcollate,
       current_setting('wal_level'), current_setting('max_worker_processes'), current_setting('max_replication_slots'),
       current_setting('max_wal_senders'), current_setting('max_logical_replication_workers'),
       current_setting('max_prepared_transactions'), extract(epoch FROM clock_timestamp()),
       current_setting('citus.node_conninfo', true)
FROM pg_database d WHERE d.datname = current_database()
