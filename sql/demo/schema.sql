-- The demo's social network, as plain tables; citusctl distributes them.
--
-- Every primary key begins with the distribution column, so that uniqueness
-- can be kept inside a shard, and every foreign key leads either along that
-- column (to a shard on the same node) or to a reference table.

CREATE TABLE IF NOT EXISTS languages (
	code text PRIMARY KEY,
	name text NOT NULL,
	native_name text NOT NULL
);

CREATE TABLE IF NOT EXISTS countries (
	code text PRIMARY KEY,
	name text NOT NULL,
	region text NOT NULL
);

CREATE TABLE IF NOT EXISTS users (
	id bigint PRIMARY KEY,
	handle text NOT NULL,
	name text NOT NULL,
	lang text NOT NULL REFERENCES languages (code),
	country text NOT NULL REFERENCES countries (code),
	created_at timestamptz NOT NULL
);

CREATE TABLE IF NOT EXISTS tweets (
	author_id bigint NOT NULL REFERENCES users (id),
	id bigint NOT NULL,
	body text NOT NULL,
	created_at timestamptz NOT NULL,
	PRIMARY KEY (author_id, id)
);

-- Who reads whom.  It lives with the one who reads, as the feed does: a tweet
-- goes from here to the feeds inside each shard, without network.
CREATE TABLE IF NOT EXISTS subscriptions (
	follower_id bigint NOT NULL REFERENCES users (id),
	followee_id bigint NOT NULL,
	created_at timestamptz NOT NULL,
	PRIMARY KEY (follower_id, followee_id)
);

-- The followers of an author, in every shard.
CREATE INDEX IF NOT EXISTS subscriptions_followee ON subscriptions (followee_id);

-- What a user gets to read: one row for each tweet of those they follow.
CREATE TABLE IF NOT EXISTS feed_items (
	user_id bigint NOT NULL REFERENCES users (id),
	tweet_id bigint NOT NULL,
	author_id bigint NOT NULL,
	created_at timestamptz NOT NULL,
	PRIMARY KEY (user_id, tweet_id)
);
