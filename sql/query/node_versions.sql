-- Of a node: PostgreSQL's version, that of the extension citus in this database (null:
-- not there), and of the one that is installed when it is another.
SELECT split_part(current_setting('server_version'), ' ', 1), e.extversion,
       CASE WHEN a.default_version <> e.extversion THEN a.default_version END
FROM (VALUES (1)) AS one(row)
LEFT JOIN pg_extension e ON e.extname = 'citus'
LEFT JOIN pg_available_extensions a ON a.name = 'citus'
