-- What users did and for how long, twice: in the storage that is being tried and
-- as heap.  Filled from the feeds, which lie on the same nodes.  {{storage}} is
-- "USING columnar" where there is that.
DROP TABLE IF EXISTS activity;
DROP TABLE IF EXISTS activity_heap;

CREATE TABLE activity (
	user_id bigint NOT NULL,
	at timestamptz NOT NULL,
	kind text NOT NULL,
	tweet_id bigint NOT NULL,
	author_id bigint NOT NULL,
	seconds double precision NOT NULL,
	device text NOT NULL
) {{storage}};
CREATE TABLE activity_heap (
	user_id bigint NOT NULL,
	at timestamptz NOT NULL,
	kind text NOT NULL,
	tweet_id bigint NOT NULL,
	author_id bigint NOT NULL,
	seconds double precision NOT NULL,
	device text NOT NULL
);

SELECT create_distributed_table('activity', 'user_id', colocate_with => 'users');
SELECT create_distributed_table('activity_heap', 'user_id', colocate_with => 'users');
