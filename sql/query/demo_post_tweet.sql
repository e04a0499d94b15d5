INSERT INTO tweets (author_id, id, body, created_at)
VALUES ($1::bigint, $2::bigint, $3::text, now())
