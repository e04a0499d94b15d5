-- For each user who follows somebody, how many they follow and a digest of them (see demo/expect.h).
SELECT follower_id, count(*) AS rows,
	sum((x * x + follower_id) % 2147483647 * ((x * x + follower_id) % 2147483647) % 2147483647) AS digest
FROM (SELECT follower_id, (follower_id % 2147483647 * 31337 + followee_id % 2147483647) % 2147483647 AS x
	FROM subscriptions) AS mixed
GROUP BY follower_id
