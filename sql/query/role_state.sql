-- What the role $1 has otherwise than citusctl makes it, the words of ALTER ROLE that
-- mend it (both '' when nothing is), and the owner of the database $2 when that is
-- another role.
SELECT concat_ws(', ', CASE WHEN NOT rolcanlogin THEN 'NOLOGIN' END, CASE WHEN rolsuper THEN 'SUPERUSER' END,
                 CASE WHEN rolcreatedb THEN 'CREATEDB' END, CASE WHEN rolcreaterole THEN 'CREATEROLE' END,
                 CASE WHEN rolreplication THEN 'REPLICATION' END, CASE WHEN rolbypassrls THEN 'BYPASSRLS' END,
                 CASE WHEN rolconnlimit <> -1 THEN 'CONNECTION LIMIT ' || rolconnlimit END,
                 CASE WHEN rolvaliduntil <> 'infinity' THEN 'VALID UNTIL ' || quote_literal(rolvaliduntil) END),
       concat_ws(' ', CASE WHEN NOT rolcanlogin THEN 'LOGIN' END, CASE WHEN rolsuper THEN 'NOSUPERUSER' END,
                 CASE WHEN rolcreatedb THEN 'NOCREATEDB' END, CASE WHEN rolcreaterole THEN 'NOCREATEROLE' END,
                 CASE WHEN rolreplication THEN 'NOREPLICATION' END, CASE WHEN rolbypassrls THEN 'NOBYPASSRLS' END,
                 CASE WHEN rolconnlimit <> -1 THEN 'CONNECTION LIMIT -1' END,
                 CASE WHEN rolvaliduntil <> 'infinity' THEN 'VALID UNTIL ''infinity''' END),
       (SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = $2 AND datdba <> r.oid)
FROM pg_roles r WHERE rolname = $1
