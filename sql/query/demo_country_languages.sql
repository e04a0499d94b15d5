-- A join with a reference table: the languages spoken by the users of country $1.
SELECT l.name, count(*) AS users
FROM users u
JOIN languages l ON l.code = u.lang
WHERE u.country = $1::text
GROUP BY l.name
ORDER BY users DESC
LIMIT 5
