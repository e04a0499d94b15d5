-- Run by psql on a server that citusctl did not make, with the variables database and
-- role of the description: what has to fit before the server is taken over, one
-- "KEY VALUE" a line.
SELECT 'hba ' || current_setting('hba_file')
UNION ALL
SELECT 'recovery' WHERE pg_is_in_recovery()
UNION ALL
SELECT unnest(ARRAY['encoding ' || pg_encoding_to_char(encoding), 'collation ' || datcollate, 'owner ' || pg_get_userbyid(datdba)])
FROM pg_database WHERE datname = :'database'
UNION ALL
SELECT 'others ' || string_agg(datname, ', ' ORDER BY datname)
FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres' HAVING count(*) > 0
UNION ALL
SELECT 'rights ' || concat_ws(', ', CASE WHEN rolsuper THEN 'SUPERUSER' END, CASE WHEN rolcreatedb THEN 'CREATEDB' END,
                              CASE WHEN rolcreaterole THEN 'CREATEROLE' END, CASE WHEN rolreplication THEN 'REPLICATION' END,
                              CASE WHEN rolbypassrls THEN 'BYPASSRLS' END)
FROM pg_roles WHERE rolname = :'role'
UNION ALL
-- Citus has to be first; a larger room than ours stays.
SELECT 'kept shared_preload_libraries = ''' || concat_ws(',', 'citus', nullif(array_to_string(array_remove(
           string_to_array(replace(replace(setting, ' ', ''), '"', ''), ','), 'citus'), ','), '')) || ''''
FROM pg_settings WHERE name = 'shared_preload_libraries'
UNION ALL
SELECT format('kept %s = %s', s.name, s.setting)
FROM pg_settings s
JOIN (VALUES ('max_connections', 200), ('max_prepared_transactions', 200), ('max_worker_processes', 64), ('max_wal_senders', 40),
             ('max_replication_slots', 40), ('max_logical_replication_workers', 24)) AS ours(name, value) USING (name)
WHERE s.setting::bigint > ours.value
UNION ALL
SELECT format('kept max_wal_size = ''%sMB''', setting) FROM pg_settings WHERE name = 'max_wal_size' AND setting::bigint > 2048
UNION ALL
SELECT format('kept listen_addresses = ''%s''', setting) FROM pg_settings WHERE name = 'listen_addresses' AND setting = '0.0.0.0'
