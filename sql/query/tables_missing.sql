-- Those of the tables $1 (quoted names, one a line) that are not there, null when all are.
SELECT string_agg(name, ', ' ORDER BY number)
FROM regexp_split_to_table($1, E'\n') WITH ORDINALITY AS t(name, number)
WHERE to_regclass(name) IS NULL
