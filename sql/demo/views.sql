-- What an application would keep as a view: the join has to run on the workers,
-- because users and tweets lie together.  Made once the tables are distributed.
CREATE OR REPLACE VIEW author_activity AS
SELECT u.id, u.handle, t.id AS tweet_id, t.created_at
FROM users u
JOIN tweets t ON t.author_id = u.id;
