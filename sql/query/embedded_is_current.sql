-- Whether the embedded engine is installed from files with the checksum $1.
SELECT coalesce(obj_description(to_regnamespace('citus_embedded'), 'pg_namespace')
                LIKE '%[' || $1 || ']', false)
