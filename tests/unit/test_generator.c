#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "demo/generator.h"

static const Generator ten_thousand = {1, 10000};

/* All rows of a table as one number, and how many there are. */
static uint64_t digest(const Generator *generator, DemoTable table, size_t size, int64_t *total)
{
	char *buffer = malloc(size);
	Stream stream = stream_open(generator, table);
	uint64_t hash = UINT64_C(14695981039346656037);
	int64_t rows = 0;
	size_t bytes = 0;

	*total = 0;
	while ((bytes = stream_read(&stream, buffer, size, INT64_MAX, &rows)) > 0) {
		for (size_t i = 0; i < bytes; i++)
			hash = (hash ^ (unsigned char) buffer[i]) * UINT64_C(1099511628211);
		*total += rows;
	}
	free(buffer);
	return hash;
}

START_TEST(rows_are_the_same_however_they_are_read)
{
	int64_t one = 0;
	int64_t two = 0;

	ck_assert(digest(&ten_thousand, (DemoTable) _i, 65536, &one) ==
	          digest(&ten_thousand, (DemoTable) _i, GENERATOR_ROW_MAX, &two));
	ck_assert_int_eq(one, two);
	ck_assert_int_gt(one, 0);
}
END_TEST

/* Rows depend on the seed, and on nothing else: these were computed once. */
START_TEST(rows_of_a_seed_never_change)
{
	Generator small = {42, 100};
	char out[1024];
	int64_t rows = 0;
	Stream users = stream_open(&small, DEMO_USERS);
	size_t bytes = stream_read(&users, out, sizeof(out), 1, &rows);

	ck_assert_int_eq(rows, 1);
	ck_assert_str_eq((out[bytes] = '\0', out), "1\tmei_1\tMei Mbeki\tpt\tBR\t2012-12-08 03:26:03+00\n");

	Stream feed = stream_open(&small, DEMO_FEED_ITEMS);

	bytes = stream_read(&feed, out, sizeof(out), 1, &rows);
	ck_assert_str_eq((out[bytes] = '\0', out), "30\t131587283869499400\t1\t2024-01-23 03:54:07+00\n");
}
END_TEST

/* To the byte, every row of every table: whoever changes the generator changes these, and the data of everybody's seed. */
START_TEST(every_byte_of_a_seed_stays_the_same)
{
	static const uint64_t digests[DEMO_TABLE_COUNT] = {
		UINT64_C(0xb382b067efa1aa2c), UINT64_C(0x6d32375fb66e4b53), UINT64_C(0x19c4a3505e9fe31e),
		UINT64_C(0x31cc906205c4a90d), UINT64_C(0x36c1246ffc9b0c9b), UINT64_C(0xb3b01533482390fd),
	};
	const Generator small = {42, 1000};
	int64_t rows = 0;

	ck_assert_msg(digest(&small, (DemoTable) _i, 65536, &rows) == digests[_i], "table %d: 0x%016llx", _i,
	              (unsigned long long) digest(&small, (DemoTable) _i, 65536, &rows));
}
END_TEST

START_TEST(another_seed_gives_other_rows)
{
	Generator other = {2, 10000};
	int64_t rows = 0;

	ck_assert(digest(&ten_thousand, DEMO_USERS, 65536, &rows) != digest(&other, DEMO_USERS, 65536, &rows));
	ck_assert(digest(&ten_thousand, DEMO_SUBSCRIPTIONS, 65536, &rows) !=
	          digest(&other, DEMO_SUBSCRIPTIONS, 65536, &rows));
}
END_TEST

/* Nobody follows themselves or anybody twice. */
static void check_followers(const Generator *generator)
{
	char *seen = calloc((size_t) generator->users + 1, 1);

	for (int64_t user = 1; user <= generator->users; user++) {
		Followers followers = generator_followers(generator, user);

		ck_assert_int_ge(followers.count, 3);
		memset(seen, 0, (size_t) generator->users + 1);
		for (int64_t k = 0; k < followers.count; k++) {
			int64_t follower = followers_get(&followers, k);

			ck_assert_int_ge(follower, 1);
			ck_assert_int_le(follower, generator->users);
			ck_assert_int_ne(follower, user);
			ck_assert_int_eq(seen[follower], 0);
			seen[follower] = 1;
		}
	}
	free(seen);
}

START_TEST(followers_are_different_people)
{
	static const int64_t sizes[] = {10, 11, 12, 97, 100, 1000};

	check_followers(&(Generator) {7, sizes[_i]});
}
END_TEST

/* P(at least x) = (x / 3)^(-4/3): 2^(-4/3) = 0.397 of the users have 6 or more. */
START_TEST(followers_are_skewed_as_documented)
{
	Generator many = {1, 200000};
	static const struct {
		int64_t at_least;
		double part;
	} tail[] = {{6, 0.3969}, {12, 0.1575}, {24, 0.0625}, {96, 0.00984}};
	int64_t count[4] = {0, 0, 0, 0};

	for (int64_t user = 1; user <= many.users; user++) {
		int64_t followers = generator_followers(&many, user).count;

		ck_assert_int_le(followers, many.users / 8);
		for (int i = 0; i < 4; i++)
			count[i] += followers >= tail[i].at_least;
	}
	for (int i = 0; i < 4; i++) {
		double part = (double) count[i] / (double) many.users;

		ck_assert_double_gt(part, tail[i].part * 0.93);
		ck_assert_double_lt(part, tail[i].part * 1.07);
	}
}
END_TEST

/*
 * The exponent that the help names, measured on a million users by Hill's
 * estimator, for whole numbers taken at their middles; and the tail itself.
 */
START_TEST(followers_follow_the_power_law_that_is_documented)
{
	const Generator million = {7, 1000000};
	double logs = 0;
	int64_t above[3] = {0};
	int64_t tail = 0;

	for (int64_t user = 1; user <= million.users; user++) {
		int64_t count = generator_followers(&million, user).count;

		if (count >= 20) {
			logs += log((double) count + 0.5) - log(20.0);
			tail++;
		}
		above[0] += count >= 6;
		above[1] += count >= 30;
		above[2] += count >= 300;
	}
	/* 1/exponent is the mean of the logarithms: 3/4 for P(at least x) = (x/3)^(-4/3). */
	ck_assert_double_eq_tol((double) tail / logs, 4.0 / 3.0, 0.03);
	ck_assert_double_eq_tol((double) above[0] / 1e6, pow(2, -4.0 / 3.0), 0.005);
	ck_assert_double_eq_tol((double) above[1] / 1e6, pow(10, -4.0 / 3.0), 0.0015);
	ck_assert_double_eq_tol((double) above[2] / 1e6, pow(100, -4.0 / 3.0), 0.0003);
}
END_TEST

START_TEST(rows_are_counted_before_they_are_made)
{
	int64_t total = 0;

	digest(&ten_thousand, (DemoTable) _i, 65536, &total);
	ck_assert_int_eq(generator_row_count(&ten_thousand, (DemoTable) _i), total);
}
END_TEST

START_TEST(tweet_ids_are_unique_and_below_those_of_posts)
{
	Generator small = {3, 1000};
	int64_t ids[1000 * GENERATOR_TWEETS_MAX];
	int count = 0;

	for (int64_t user = 1; user <= small.users; user++) {
		for (int k = 0; k < generator_tweet_count(&small, user); k++)
			ids[count++] = generator_tweet_id(&small, user, k);
	}

	int wrong = 0; /* asserted once: each assertion is a message to the parent */

	for (int i = 0; i < count; i++) {
		wrong += ids[i] <= 0 || ids[i] >= GENERATOR_FIRST_POST;
		for (int j = 0; j < i; j++)
			wrong += ids[i] == ids[j];
	}
	ck_assert_int_eq(wrong, 0);
}
END_TEST

/* COPY's text format: as many tabs as columns less one, no backslash, no long row. */
START_TEST(rows_are_fit_for_copy)
{
	char *buffer = malloc(65536);
	Stream stream = stream_open(&ten_thousand, (DemoTable) _i);
	const char *columns = generator_table_columns((DemoTable) _i);
	int wanted = 0;
	int64_t rows = 0;
	size_t bytes = 0;
	int wrong = 0; /* asserted once: each assertion is a message to the parent */

	for (const char *c = columns; *c != '\0'; c++)
		wanted += *c == ',';
	while ((bytes = stream_read(&stream, buffer, 65536, INT64_MAX, &rows)) > 0) {
		int tabs = 0;
		size_t start = 0;

		for (size_t i = 0; i < bytes; i++) {
			wrong += buffer[i] == '\\';
			tabs += buffer[i] == '\t';
			if (buffer[i] == '\n') {
				wrong += tabs != wanted || i - start >= GENERATOR_ROW_MAX;
				start = i + 1;
				tabs = 0;
			}
		}
	}
	ck_assert_int_eq(wrong, 0);
	free(buffer);
}
END_TEST

START_TEST(a_part_of_the_rows_can_be_asked_for)
{
	char buffer[GENERATOR_ROW_MAX * 8];
	Stream stream = stream_open(&ten_thousand, DEMO_FEED_ITEMS);
	int64_t rows = 0;

	ck_assert(stream_read(&stream, buffer, sizeof(buffer), 3, &rows) > 0);
	ck_assert_int_eq(rows, 3);
}
END_TEST

Suite *generator_suite(void)
{
	Suite *suite = suite_create("demo/generator");
	TCase *rows = tcase_create("rows");
	TCase *graph = tcase_create("graph");

	tcase_add_loop_test(rows, rows_are_the_same_however_they_are_read, 0, DEMO_TABLE_COUNT);
	tcase_add_loop_test(rows, rows_are_counted_before_they_are_made, 0, DEMO_TABLE_COUNT);
	tcase_add_test(rows, followers_follow_the_power_law_that_is_documented);
	tcase_add_test(rows, rows_of_a_seed_never_change);
	tcase_add_loop_test(rows, every_byte_of_a_seed_stays_the_same, 0, DEMO_TABLE_COUNT);
	tcase_add_test(rows, another_seed_gives_other_rows);
	tcase_add_loop_test(rows, rows_are_fit_for_copy, 0, DEMO_TABLE_COUNT);
	tcase_add_test(rows, a_part_of_the_rows_can_be_asked_for);
	tcase_add_test(rows, tweet_ids_are_unique_and_below_those_of_posts);
	suite_add_tcase(suite, rows);
	tcase_add_loop_test(graph, followers_are_different_people, 0, 6);
	tcase_add_test(graph, followers_are_skewed_as_documented);
	suite_add_tcase(suite, graph);
	return suite;
}
