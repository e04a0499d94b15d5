#include "demo/expect.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "demo/ledger.h"
#include "io/asset.h"
#include "util/clock.h"

#define PRIME INT64_C(2147483647)

/* Followers of the user in hand who are not as the generator made them. */
typedef struct Change {
	int64_t follower;
	bool follows;
} Change;

typedef struct Replay {
	const Generator *generator;
	Expected *expected;
	Pg *probe;
	Change *changes; /* sorted by follower */
	size_t count;
	size_t capacity;
} Replay;

int64_t expect_hash(int64_t user, int64_t other)
{
	int64_t x = (user % PRIME * 31337 + other % PRIME) % PRIME;
	int64_t y = (x * x + user) % PRIME;

	return y * y % PRIME;
}

int64_t expect_slot(const Expected *expected, int64_t user)
{
	int64_t bucket = user % EXPECT_BUCKETS;

	if (expected->focus == EXPECT_ALL)
		return bucket < 0 ? -1 : bucket;

	int64_t slot = user / EXPECT_BUCKETS;

	return bucket == expected->focus && slot < expected->slots ? slot : -1;
}

int64_t expect_user(const Expected *expected, int64_t slot)
{
	return slot * EXPECT_BUCKETS + expected->focus;
}

/* Adds (or with sign -1 takes away) one row. */
static void count_row(Expected *expected, ExpectTable table, int64_t user, int64_t other, int sign)
{
	int64_t slot = expect_slot(expected, user);

	expected->rows[table] += sign;
	if (slot >= 0) {
		expected->counts[table][slot].rows += sign;
		expected->counts[table][slot].digest += sign * expect_hash(user, other);
	}
}

/* Where the follower stands in the changes, or would stand. */
static size_t change_at(const Replay *replay, int64_t follower)
{
	size_t low = 0;
	size_t high = replay->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (replay->changes[middle].follower < follower)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static const Change *change_find(const Replay *replay, int64_t follower)
{
	size_t at = change_at(replay, follower);

	return at < replay->count && replay->changes[at].follower == follower ? &replay->changes[at] : NULL;
}

static void change_set(Replay *replay, int64_t follower, bool follows)
{
	size_t at = change_at(replay, follower);

	if (at == replay->count || replay->changes[at].follower != follower) {
		if (replay->count == replay->capacity) {
			replay->capacity = replay->capacity > 0 ? replay->capacity * 2 : 64;
			replay->changes = xrealloc(replay->changes, replay->capacity * sizeof(Change));
		}
		for (size_t i = replay->count; i > at; i--)
			replay->changes[i] = replay->changes[i - 1];
		replay->count++;
	}
	replay->changes[at] = (Change) {follower, follows};
}

/* A tweet reaches everyone who follows its author at that moment. */
static void replay_tweet(Replay *replay, const Followers *followers, int64_t tweet)
{
	count_row(replay->expected, EXPECT_TWEETS, followers->followee, tweet, 1);
	for (int64_t k = 0; k < followers->count; k++) {
		int64_t follower = followers_get(followers, k);

		if (replay->count == 0 || change_find(replay, follower) == NULL)
			count_row(replay->expected, EXPECT_FEED_ITEMS, follower, tweet, 1);
	}
	for (size_t i = 0; i < replay->count; i++) {
		if (replay->changes[i].follows)
			count_row(replay->expected, EXPECT_FEED_ITEMS, replay->changes[i].follower, tweet, 1);
	}
}

/* Somebody's following began or ended. */
static void replay_change(Replay *replay, int64_t followee, int64_t follower, bool follows)
{
	change_set(replay, follower, follows);
	count_row(replay->expected, EXPECT_SUBSCRIPTIONS, follower, followee, follows ? 1 : -1);
}

static void contradict(Replay *replay, int64_t followee, int64_t follower, const char *what)
{
	Expected *expected = replay->expected;

	if (expected->contradictions++ == 0)
		snprintf(expected->first_contradiction, sizeof(expected->first_contradiction), "user %" PRId64 " %s user %" PRId64,
		         follower, what, followee);
}

/* A write whose answer was lost: the table says whether it was done. */
static bool look_up(Replay *replay, const LedgerEntry *entry, bool *is_there, Err *err)
{
	char about[24];
	char other[24];
	const char *const values[] = {about, other};
	const char *sql = asset_text(entry->kind == LEDGER_POST ? "sql/query/check_has_tweet.sql"
	                                                        : "sql/query/check_has_subscription.sql");
	int64_t rows = 0;

	snprintf(about, sizeof(about), "%" PRId64, entry->about);
	snprintf(other, sizeof(other), "%" PRId64, entry->other);
	if (!pg_query_int64(replay->probe, sql, 2, values, &rows, err))
		return false;
	*is_there = rows > 0;
	return true;
}

/* Whether the follower follows, as far as was replayed. */
static bool follows_now(const Replay *replay, const Followers *followers, int64_t follower)
{
	const Change *change = change_find(replay, follower);

	if (change != NULL)
		return change->follows;
	for (int64_t k = 0; k < followers->count; k++) {
		if (followers_get(followers, k) == follower)
			return true;
	}
	return false;
}

static bool replay_unknown(Replay *replay, const Followers *followers, const LedgerEntry *entry, Err *err)
{
	bool is_there = false;

	if (!look_up(replay, entry, &is_there, err))
		return false;
	replay->expected->unknown++;
	if (entry->kind == LEDGER_POST) {
		if (is_there)
			replay_tweet(replay, followers, entry->other);
		replay->expected->unknown_done += is_there ? 1 : 0;
	} else {
		if (is_there != follows_now(replay, followers, entry->other))
			replay_change(replay, entry->about, entry->other, is_there);
		replay->expected->unknown_done += is_there == (entry->kind == LEDGER_FOLLOW) ? 1 : 0;
	}
	return true;
}

/* What the server said of a change has to fit what was before it. */
static void replay_following(Replay *replay, const Followers *followers, const LedgerEntry *entry)
{
	bool before = follows_now(replay, followers, entry->other);
	bool after = entry->kind == LEDGER_FOLLOW || entry->kind == LEDGER_FOLLOWED || entry->kind == LEDGER_FOLLOWS;
	bool has_changed = entry->kind == LEDGER_FOLLOW || entry->kind == LEDGER_UNFOLLOW;
	bool has_not = entry->kind == LEDGER_FOLLOWED || entry->kind == LEDGER_FOLLOWED_NOT;

	replay->expected->changes += has_changed ? 1 : 0;
	if (has_changed && before == after)
		contradict(replay, entry->about, entry->other, after ? "was made to follow again" : "was made not to follow again");
	if (has_not && before != after)
		contradict(replay, entry->about, entry->other,
		           after ? "was said to follow already, and did not:" : "was said not to follow any more, and did:");
	if (before != after)
		replay_change(replay, entry->about, entry->other, after);
}

static bool replay_entry(Replay *replay, const Followers *followers, const LedgerEntry *entry, Err *err)
{
	if (!entry->is_known)
		return replay_unknown(replay, followers, entry, err);
	if (entry->kind == LEDGER_POST) {
		replay->expected->posts++;
		replay_tweet(replay, followers, entry->other);
	} else {
		replay_following(replay, followers, entry);
	}
	return true;
}

/* What the generator made of one user. */
static void expect_loaded(Replay *replay, const Followers *followers)
{
	const Generator *generator = replay->generator;
	int64_t user = followers->followee;
	int tweets = generator_tweet_count(generator, user);

	count_row(replay->expected, EXPECT_USERS, user, 0, 1);
	for (int64_t k = 0; k < followers->count; k++)
		count_row(replay->expected, EXPECT_SUBSCRIPTIONS, followers_get(followers, k), user, 1);
	for (int i = 0; i < tweets; i++)
		replay_tweet(replay, followers, generator_tweet_id(generator, user, i));
}

/* Walks through all users in order, and beside them through the ledger. */
static bool merge(Replay *replay, Pg *ledger, Err *err)
{
	LedgerEntry entry = {0, LEDGER_POST, 0, true};
	bool is_end = false;

	if (!ledger_read_begin(ledger, err) || !ledger_read(ledger, &entry, &is_end, err))
		return false;
	for (int64_t user = 1; user <= replay->generator->users; user++) {
		Followers followers = generator_followers(replay->generator, user);

		replay->count = 0;
		expect_loaded(replay, &followers);
		while (!is_end && entry.about <= user) {
			if (!replay_entry(replay, &followers, &entry, err) || !ledger_read(ledger, &entry, &is_end, err))
				return false;
		}
		if (user % 1024 == 0 && !clock_go_on(err))
			return false;
	}
	while (!is_end) {
		if (!ledger_read(ledger, &entry, &is_end, err))
			return false;
	}
	return true;
}

bool expect_compute(const Generator *generator, int64_t focus, Pg *ledger, Pg *probe, Arena *arena,
                    Expected *expected, Err *err)
{
	Replay replay = {.generator = generator, .expected = expected, .probe = probe};

	*expected = (Expected) {.focus = focus};
	expected->slots = focus == EXPECT_ALL ? EXPECT_BUCKETS : generator->users / EXPECT_BUCKETS + 1;
	for (int i = 0; i < EXPECT_TABLES; i++)
		expected->counts[i] = arena_array(arena, (size_t) expected->slots, sizeof(Count));

	bool ok = merge(&replay, ledger, err);

	free(replay.changes);
	return ok;
}

bool expect_read(const Expected *expected, Pg *pg, const char *sql, Count *counts, int64_t *total, Err *err)
{
	Arena *arena = arena_new();
	bool ok = pg_copy_out_begin(pg, arena_printf(arena, "COPY (%s) TO STDOUT", sql), err);
	const char *line = NULL;
	size_t length = 1;

	*total = 0;
	while (ok && length > 0) {
		ok = pg_copy_out_get(pg, &line, &length, err);
		if (!ok || length == 0)
			break;

		char *at = NULL;
		int64_t user = strtoll(line, &at, 10);
		int64_t rows = strtoll(at, &at, 10);
		int64_t digest = strtoll(at, &at, 10);
		int64_t slot = expect_slot(expected, user);

		*total += rows;
		if (slot >= 0) {
			counts[slot].rows += rows;
			counts[slot].digest += digest;
		}
	}
	arena_free(arena);
	return ok;
}
