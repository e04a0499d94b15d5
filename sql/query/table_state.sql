-- What the table $1 (a quoted name) is now: whether it exists, and if Citus
-- knows it how it is distributed.
SELECT c.oid IS NOT NULL                                            AS is_there,
       p.partmethod                                                 AS method,
       column_to_column_name(p.logicalrelid, p.partkey::text)       AS distribution_column,
       p.colocationid                                               AS colocation_id,
       (SELECT count(*) FROM pg_dist_shard s WHERE s.logicalrelid = p.logicalrelid) AS shard_count,
       pg_get_userbyid(c.relowner)                                  AS owner,
       am.amname                                                    AS storage
FROM (VALUES (to_regclass($1))) AS wanted (oid)
LEFT JOIN pg_class c ON c.oid = wanted.oid
LEFT JOIN pg_am am ON am.oid = c.relam
LEFT JOIN pg_dist_partition p ON p.logicalrelid = c.oid
