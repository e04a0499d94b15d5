INSERT INTO activity (user_id, at, kind, tweet_id, author_id, seconds, device)
SELECT user_id, at, kind, tweet_id, author_id, seconds, device
FROM activity_heap
