-- What the demo remembers of itself, as local tables of the coordinator.

-- One row: the data in the demo's tables was made by the demo, from this seed.
-- state: loading, loaded, running, stopped.
CREATE TABLE IF NOT EXISTS demo_run (
	only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
	seed bigint NOT NULL,
	users bigint NOT NULL,
	state text NOT NULL,
	started_at timestamptz NOT NULL DEFAULT now()
);

-- Every write of the workload that was acknowledged (or whose outcome is not
-- known because a connection was lost).  about: the author, or the one who is
-- followed; other: the tweet, or the follower.
-- kind: p posted, f followed, u unfollowed; F and U: asked for, and already so;
-- s and n: follows and does not, whichever of several tries did it.
CREATE TABLE IF NOT EXISTS demo_ledger (
	seq bigint NOT NULL,
	kind "char" NOT NULL,
	about bigint NOT NULL,
	other bigint NOT NULL,
	is_known boolean NOT NULL
);
