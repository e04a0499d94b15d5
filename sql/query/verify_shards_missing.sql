-- On a node: of the shards $1 that should be there those that are not.
SELECT s."table", s.name
FROM json_to_recordset($1::json) AS s(name text, "table" text)
WHERE to_regclass(s.name) IS NULL
ORDER BY 1, 2
