-- On a node: the statement that reads rows and digest of the copies of reference tables among the shards $1; the digest does
-- not depend on the order of rows: a sum of hashes modulo 2^62.  Null when there are none.
SELECT string_agg(format('SELECT %L AS name, count(*), (coalesce(sum(hashtextextended(t::text, 0)), 0) %% 4611686018427387904 + 4611686018427387904) %% 4611686018427387904 FROM %s AS t', s."table", s.name),
	' UNION ALL ')
FROM json_to_recordset($1::json) AS s(name text, "table" text, reference boolean)
WHERE s.reference AND to_regclass(s.name) IS NOT NULL
