-- The identifier that initdb gave this server; clones of a disk have the same.
SELECT system_identifier::text FROM pg_control_system()
