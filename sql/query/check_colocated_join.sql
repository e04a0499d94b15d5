-- A join along the distribution column, over all shards.
SELECT id, count(*) AS tweets
FROM author_activity
GROUP BY id
