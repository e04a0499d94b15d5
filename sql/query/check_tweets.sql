-- For each author, how many tweets and a digest of their ids (see demo/expect.h).
SELECT author_id, count(*) AS rows,
	sum((x * x + author_id) % 2147483647 * ((x * x + author_id) % 2147483647) % 2147483647) AS digest
FROM (SELECT author_id, (author_id % 2147483647 * 31337 + id % 2147483647) % 2147483647 AS x FROM tweets) AS mixed
GROUP BY author_id
