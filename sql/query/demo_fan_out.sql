-- The tweet $2 of author $1, into the feed of everyone who follows the author.
INSERT INTO feed_items (user_id, tweet_id, author_id, created_at)
SELECT follower_id, $2::bigint, followee_id, now()
FROM subscriptions
WHERE followee_id = $1::bigint
