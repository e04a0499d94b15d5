-- As demo_fan_out.sql, and says whose feeds changed: a cache has to forget them.
-- (Citus 13 takes no RETURNING of a column without the alias here.)
INSERT INTO feed_items AS f (user_id, tweet_id, author_id, created_at)
SELECT follower_id, $2::bigint, followee_id, now()
FROM subscriptions
WHERE followee_id = $1::bigint
RETURNING f.user_id
