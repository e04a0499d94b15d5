#include <check.h>

#include "demo/operation.h"
#include "demo/series.h"

#define SECOND INT64_C(1000000)

static Series series;
static Arena *arena;
static DemoReport report;

static void set_up(void)
{
	arena = arena_new();
	report = (DemoReport) {0};
	series_open(&series, 5 * SECOND, 10);
}

static void tear_down(void)
{
	series_free(&series);
	arena_free(arena);
}

START_TEST(an_operation_counts_in_the_second_in_which_it_ends)
{
	series_add(&series, OP_FEED, false, 2000, 5 * SECOND + 999999);
	series_add(&series, OP_FEED, false, 1500000, 6 * SECOND);
	series_error(&series, OP_POST, 8 * SECOND + 1);
	series_close(&series, 9 * SECOND, arena, &report);

	ck_assert_uint_eq(report.step_count, 4);
	ck_assert_int_eq(report.steps[0].all.count, 1);
	ck_assert_int_eq(report.steps[1].operations[OP_FEED].count, 1);
	ck_assert_float_ge(report.steps[1].all.p99_ms, 1450.0f);
	ck_assert_float_le(report.steps[1].all.p99_ms, 1500.0f);
	ck_assert_int_eq(report.steps[2].all.count, 0);
	ck_assert_int_eq(report.steps[3].operations[OP_POST].errors, 1);
	ck_assert_int_eq(report.histograms[OP_FEED]->count, 2);
	ck_assert_int_eq(series.all_errors[OP_POST], 1);
}
END_TEST

START_TEST(a_sliver_at_the_end_is_not_a_step_but_counts)
{
	for (int i = 0; i < 20; i++)
		series_add(&series, OP_FEED, false, 100, 5 * SECOND + i * SECOND / 10);
	series_add(&series, OP_FEED, false, 100, 7 * SECOND + 10);
	series_close(&series, 7 * SECOND + 20, arena, &report);

	ck_assert_uint_eq(report.step_count, 2);
	ck_assert_int_eq(report.histograms[OP_FEED]->count, 21);
}
END_TEST

START_TEST(the_longest_write_and_the_longest_pause_are_kept)
{
	series_add(&series, OP_POST, true, 20000, 5 * SECOND + 20000);
	series_add(&series, OP_FEED, false, 900000, 6 * SECOND);
	series_add(&series, OP_FOLLOW, true, 300000, 7 * SECOND);
	series_add(&series, OP_FOLLOW, true, 200, 7 * SECOND + 300);
	series_close(&series, 8 * SECOND, arena, &report);

	ck_assert_double_eq(report.longest_write.ms, 300.0);
	ck_assert_double_eq(report.longest_write.at_s, 1.7);
	ck_assert_double_eq(report.longest_write_pause.ms, 1980.0);
	ck_assert_double_eq(report.longest_write_pause.at_s, 0.02);
}
END_TEST

START_TEST(a_day_has_no_more_steps_than_an_hour)
{
	series_open(&series, 0, 86400);
	for (int64_t s = 1; s < 86400; s += 7)
		series_add(&series, OP_FEED, false, 100, s * SECOND);
	series_close(&series, 86400 * SECOND, arena, &report);

	ck_assert_uint_le(report.step_count, SERIES_STEPS);
	ck_assert_double_ge(report.step_s * (double) report.step_count, 86400 - report.step_s);
}
END_TEST

START_TEST(a_mix_has_the_operations_named_and_no_others)
{
	DemoMix mix;
	Err err = ERR_INIT;
	int counts[DEMO_OPERATIONS] = {0};

	ck_assert(mix_parse("post_tweet=1,read_feed=3", &mix, &err));
	ck_assert_int_eq(mix_total(&mix), 4);
	for (int i = 0; i < 4; i++)
		counts[mix_pick(&mix, i)]++;
	ck_assert_int_eq(counts[OP_FEED], 3);
	ck_assert_int_eq(counts[OP_POST], 1);
}
END_TEST

START_TEST(a_mix_that_is_none_is_said_to_be_none)
{
	static const char *const texts[] = {"",          "read_feed",     "read_feed=",        "read_feed=x",
	                                    "sleep=1",   "read_feed=1,",  "read_feed=-1",      "read_feed=0",
	                                    "read=1",    "follow=1 ",     "follow=1,follow=2", "follow=99999999"};
	DemoMix mix;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		Err err = ERR_INIT;

		ck_assert_msg(!mix_parse(texts[i], &mix, &err), "\"%s\" was taken", texts[i]);
		ck_assert_int_eq(err.kind, ERR_USAGE);
		ck_assert_ptr_nonnull(err.hint);
		err_clear(&err);
	}
}
END_TEST

Suite *series_suite(void)
{
	Suite *suite = suite_create("series");
	TCase *tests = tcase_create("series");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, an_operation_counts_in_the_second_in_which_it_ends);
	tcase_add_test(tests, a_sliver_at_the_end_is_not_a_step_but_counts);
	tcase_add_test(tests, the_longest_write_and_the_longest_pause_are_kept);
	tcase_add_test(tests, a_day_has_no_more_steps_than_an_hour);
	tcase_add_test(tests, a_mix_has_the_operations_named_and_no_others);
	tcase_add_test(tests, a_mix_that_is_none_is_said_to_be_none);
	suite_add_tcase(suite, tests);
	return suite;
}
