-- For each user who is followed, how many followers and a digest of them (see demo/expect.h).
SELECT followee_id, count(*) AS rows,
	sum((x * x + followee_id) % 2147483647 * ((x * x + followee_id) % 2147483647) % 2147483647) AS digest
FROM (SELECT followee_id, (followee_id % 2147483647 * 31337 + follower_id % 2147483647) % 2147483647 AS x FROM subscriptions) AS mixed
GROUP BY followee_id
