-- Ten things for each item of a feed; all of it happens on the workers.
INSERT INTO activity (user_id, at, kind, tweet_id, author_id, seconds, device)
SELECT user_id, created_at + n * interval '7 minutes',
	CASE WHEN n < 7 THEN 'view' WHEN n < 9 THEN 'open' ELSE 'share' END,
	tweet_id, author_id, ((user_id * 31 + n * 17) % 600) / 10.0,
	CASE WHEN user_id % 3 = 0 THEN 'phone' WHEN user_id % 3 = 1 THEN 'tablet' ELSE 'desktop' END
FROM feed_items, generate_series(0, 9) AS n
