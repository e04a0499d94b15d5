-- One user with their newest tweets; all of it lies on one shard.
SELECT u.handle, u.name, u.country, t.id, t.body, t.created_at
FROM users u
LEFT JOIN tweets t ON t.author_id = u.id
WHERE u.id = $1::bigint
ORDER BY t.id DESC
LIMIT 20
