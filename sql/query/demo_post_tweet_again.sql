-- As demo_post_tweet.sql where it may have been done already: its answer was lost.
INSERT INTO tweets (author_id, id, body, created_at)
VALUES ($1::bigint, $2::bigint, $3::text, now())
ON CONFLICT DO NOTHING
