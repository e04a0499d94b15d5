/* The checks that count rows: is everything there, once, and nothing else? */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "demo/expect.h"
#include "demo/verify.h"
#include "io/asset.h"

static const struct {
	const char *rows; /* what its rows are called */
	const char *of;   /* and whose they are */
	const char *sql;
} tables[EXPECT_TABLES] = {
	[EXPECT_USERS] = {"users", "row of user", "sql/query/check_users.sql"},
	[EXPECT_TWEETS] = {"tweets", "tweets of user", "sql/query/check_tweets.sql"},
	[EXPECT_SUBSCRIPTIONS] = {"subscriptions", "subscriptions of user", "sql/query/check_subscriptions.sql"},
	[EXPECT_FEED_ITEMS] = {"feed items", "feed of user", "sql/query/check_feed_items.sql"},
};

static bool expect(Verify *v, int64_t focus, Expected *expected, Err *err)
{
	return expect_compute(&v->generator, focus, v->app, v->app2, v->arena, expected, err);
}

static bool differs(const Count *a, const Count *b)
{
	return a->rows != b->rows || a->digest != b->digest;
}

/* Looks into one bucket again to name a user. */
static bool name_user(Verify *v, ExpectTable table, int64_t bucket, int64_t bad_buckets, int64_t difference, Err *err)
{
	Expected expected;

	if (!expect(v, bucket, &expected, err))
		return false;

	Count *found = arena_array(v->arena, (size_t) expected.slots, sizeof(Count));
	int64_t total = 0;
	int64_t slot = 0;

	if (!expect_read(&expected, v->app, asset_text(tables[table].sql), found, &total, err))
		return false;
	while (slot < expected.slots && !differs(&found[slot], &expected.counts[table][slot]))
		slot++;
	if (slot == expected.slots)
		slot = 0; /* changed meanwhile, or a user that never was */

	const char *others =
		bad_buckets > 1 ? arena_printf(v->arena, ", and at least %s other users", verify_number(v, bad_buckets - 1)) : "";
	int64_t there = found[slot].rows;
	int64_t wanted = expected.counts[table][slot].rows;

	verify_problem(v, "%s: %s %s; %s %" PRId64 ": %s where %s should be%s%s", tables[table].rows,
	               verify_number(v, difference < 0 ? -difference : difference),
	               difference < 0 ? "missing" : difference > 0 ? "too many" : "in number right, but not the right ones",
	               tables[table].of, expect_user(&expected, slot), verify_number(v, there), verify_number(v, wanted),
	               there == wanted ? " (not the right ones)" : "", others);
	return true;
}

static bool compare(Verify *v, const Expected *expected, ExpectTable table, Err *err)
{
	Count *found = arena_array(v->arena, (size_t) expected->slots, sizeof(Count));
	int64_t total = 0;
	int64_t bad = 0;
	int64_t first = 0;

	if (!expect_read(expected, v->app, asset_text(tables[table].sql), found, &total, err))
		return false;
	for (int64_t i = expected->slots - 1; i >= 0; i--) {
		if (differs(&found[i], &expected->counts[table][i])) {
			bad++;
			first = i;
		}
	}
	return bad == 0 || name_user(v, table, first, bad, total - expected->rows[table], err);
}

bool check_acknowledged(Verify *v, Err *err)
{
	Expected expected;

	if (!expect(v, EXPECT_ALL, &expected, err) || !compare(v, &expected, EXPECT_USERS, err) ||
	    !compare(v, &expected, EXPECT_TWEETS, err) || !compare(v, &expected, EXPECT_SUBSCRIPTIONS, err))
		return false;

	if (expected.contradictions > 0)
		verify_problem(v, "%s acknowledged with an effect that can't be; the first: %s",
		               verify_count(v, expected.contradictions, "change of followers was", "changes of followers were"),
		               expected.first_contradiction);

	const char *unknown =
		expected.unknown > 0
			? arena_printf(v->arena, "; writes of unknown outcome: %s, done of them: %s",
	                       verify_number(v, expected.unknown), verify_number(v, expected.unknown_done))
			: "";

	v->said = arena_printf(
		v->arena, "%s users, %s tweets, %s subscriptions; of the workload %s tweets and %s changes of followers, each once%s",
		verify_number(v, expected.rows[EXPECT_USERS]), verify_number(v, expected.rows[EXPECT_TWEETS]),
		verify_number(v, expected.rows[EXPECT_SUBSCRIPTIONS]), verify_number(v, expected.posts),
		verify_number(v, expected.changes), unknown);
	return true;
}

bool check_feeds(Verify *v, Err *err)
{
	Expected expected;

	if (!expect(v, EXPECT_ALL, &expected, err) || !compare(v, &expected, EXPECT_FEED_ITEMS, err))
		return false;
	v->said = arena_printf(v->arena, "%s feed items: each tweet once in the feed of each who followed its author, and in no other",
	                       verify_number(v, expected.rows[EXPECT_FEED_ITEMS]));
	return true;
}

/* The tables that are summed up, and a number of each row. */
static const struct {
	const char *table;
	const char *number;
} sums[] = {
	{"users", "id % 1000003"},
	{"tweets", "author_id % 1000003 + id % 1009"},
	{"subscriptions", "follower_id % 1000003 + followee_id % 1009"},
	{"feed_items", "user_id % 1000003 + tweet_id % 1009"},
};

typedef struct Sum {
	int64_t rows;
	int64_t sum;
	int64_t shards;
} Sum;

static bool add_up(Pg *pg, const char *sql, Sum *sum, Err *err)
{
	PgRows *rows = pg_query(pg, sql, 0, NULL, err);

	if (rows == NULL)
		return false;
	sum->rows += pg_int(rows, 0, 0);
	sum->sum += pg_int(rows, 0, 1);
	sum->shards++;
	pg_rows_free(rows);
	return true;
}

static bool add_up_node(Verify *v, size_t node, size_t which, const char *moved_away, Sum *sum, Err *err)
{
	const char *const values[] = {v->target->schema != NULL ? v->target->schema : "public", sums[which].table,
	                              sums[which].number, moved_away};
	PgRows *shards = pg_query(v->nodes[node], asset_text("sql/query/check_shards_here.sql"), 4, values, err);

	if (shards == NULL)
		return false;

	bool ok = true;

	for (int i = 0; ok && i < pg_row_count(shards); i++)
		ok = add_up(v->nodes[node], pg_value(shards, i, 0), sum, err);
	pg_rows_free(shards);
	return ok;
}

/* For each node the names of shards that don't count, as text[]. */
static bool read_moved_away(Verify *v, const char **names, Err *err)
{
	bool has = false;

	for (size_t n = 0; n < v->target->node_count; n++)
		names[n] = "{}";
	if (!pg_query_bool(v->catalog, asset_text("sql/query/check_has_cleanup.sql"), 0, NULL, &has, err))
		return false;
	if (!has)
		return true;

	PgRows *rows = pg_query(v->catalog, asset_text("sql/query/check_moved_away.sql"), 0, NULL, err);

	for (int i = 0; rows != NULL && i < pg_row_count(rows); i++) {
		int node = verify_node_at(v, pg_value(rows, i, 0), (int) pg_int(rows, i, 1));

		if (node >= 0)
			names[node] = arena_strdup(v->arena, pg_value(rows, i, 2));
	}
	pg_rows_free(rows);
	return rows != NULL;
}

bool check_aggregates(Verify *v, Err *err)
{
	const char **moved_away = arena_array(v->arena, v->target->node_count, sizeof(char *));
	int64_t rows = 0;
	int64_t shards = 0;

	if (!read_moved_away(v, moved_away, err))
		return false;
	for (size_t i = 0; i < sizeof(sums) / sizeof(sums[0]); i++) {
		Sum whole = {0, 0, 0};
		Sum parts = {0, 0, 0};
		const char *sql = arena_printf(v->arena, "SELECT count(*), coalesce(sum(%s), 0) FROM %s", sums[i].number,
		                               sums[i].table);

		if (!add_up(v->app, sql, &whole, err))
			return false;
		for (size_t n = 0; n < v->target->node_count; n++) {
			if (!add_up_node(v, n, i, moved_away[n], &parts, err))
				return false;
		}
		if (whole.rows != parts.rows || whole.sum != parts.sum)
			verify_problem(v, "%s: the coordinator counts %s rows (sum %s), the %s shards on the workers hold %s (sum %s)",
			               sums[i].table, verify_number(v, whole.rows), verify_number(v, whole.sum),
			               verify_number(v, parts.shards), verify_number(v, parts.rows), verify_number(v, parts.sum));
		rows += whole.rows;
		shards += parts.shards;
	}
	v->said = arena_printf(v->arena, "count and sum over %s rows equal those of %s shards read one by one",
	                       verify_number(v, rows), verify_number(v, shards));
	return true;
}
