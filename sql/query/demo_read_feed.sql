SELECT tweet_id, author_id, created_at
FROM feed_items
WHERE user_id = $1::bigint
ORDER BY tweet_id DESC
LIMIT 50
