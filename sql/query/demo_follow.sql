-- User $1 follows user $2; doing it again changes nothing.
INSERT INTO subscriptions (follower_id, followee_id, created_at)
VALUES ($1::bigint, $2::bigint, now())
ON CONFLICT DO NOTHING
