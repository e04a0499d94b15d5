-- On a node: of the shards $1 that should be there those that are not, by table.
SELECT s."table", count(*), min(s.name)
FROM json_to_recordset($1::json) AS s(name text, "table" text)
WHERE to_regclass(s.name) IS NULL
GROUP BY s."table"
ORDER BY 1
