-- The statement that reads the content of the relation $1: rows and a digest
-- that does not depend on their order.  NULL when there is no such relation.
SELECT format('SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)), 0) FROM %s AS t', to_regclass($1::text))
FROM (SELECT to_regclass($1::text) AS found) AS relation
WHERE found IS NOT NULL
