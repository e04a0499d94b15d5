-- A distributed aggregate over all shards: who writes the most?
SELECT author_id, count(*) AS tweets
FROM tweets
GROUP BY author_id
ORDER BY tweets DESC, author_id
LIMIT 10
