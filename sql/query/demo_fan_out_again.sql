-- As demo_fan_out.sql where it may have been done already, or in part.
INSERT INTO feed_items (user_id, tweet_id, author_id, created_at)
SELECT follower_id, $2::bigint, followee_id, now()
FROM subscriptions
WHERE followee_id = $1::bigint
ON CONFLICT DO NOTHING
