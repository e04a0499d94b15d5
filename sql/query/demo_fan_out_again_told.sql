-- As demo_fan_out_again.sql, and says whose feeds changed.
INSERT INTO feed_items AS f (user_id, tweet_id, author_id, created_at)
SELECT follower_id, $2::bigint, followee_id, now()
FROM subscriptions
WHERE followee_id = $1::bigint
ON CONFLICT DO NOTHING
RETURNING f.user_id
