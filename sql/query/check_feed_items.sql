-- For each user, how many feed items and a digest of the tweets in them (see demo/expect.h).
SELECT user_id, count(*) AS rows,
	sum((x * x + user_id) % 2147483647 * ((x * x + user_id) % 2147483647) % 2147483647) AS digest
FROM (SELECT user_id, (user_id % 2147483647 * 31337 + tweet_id % 2147483647) % 2147483647 AS x FROM feed_items) AS mixed
GROUP BY user_id
