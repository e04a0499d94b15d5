-- Whether user $2 follows user $1.
SELECT count(*) FROM subscriptions WHERE followee_id = $1::bigint AND follower_id = $2::bigint
