-- User $1 no longer follows user $2.
DELETE FROM subscriptions
WHERE followee_id = $2::bigint AND follower_id = $1::bigint
