#include <check.h>

#include "demo/operation.h"
#include "demo/verify.h"

static Arena *arena;
static DemoReport report;
static Verify verify;

static void set_up(void)
{
	arena = arena_new();
	report = (DemoReport) {.engine = "citus"};
	verify = (Verify) {.arena = arena, .report = &report, .problems = STR_INIT};
}

static void tear_down(void)
{
	str_free(&verify.problems);
	arena_free(arena);
}

static int problems_of(bool (*check)(Verify *, Err *))
{
	Err err = ERR_INIT;

	str_reset(&verify.problems);
	verify.problem_count = 0;
	ck_assert(check(&verify, &err));
	ck_assert_ptr_nonnull(verify.said);
	return verify.problem_count;
}

START_TEST(what_goes_past_the_pooler_is_found)
{
	DemoPoolerUse pooler = {.clients = 8, .servers = 2, .pool_size = 2, .transactions = 100};

	report.pooler = &pooler;
	report.operations[OP_FEED].count = 60;
	report.operations[OP_POST].count = 40;
	ck_assert_int_eq(problems_of(check_pooler), 0);
	report.operations[OP_POST].count = 41;
	ck_assert_int_eq(problems_of(check_pooler), 1);
	ck_assert_str_eq(str_text(&verify.problems), "101 operations were done, and the pooler saw only 100 transactions");
}
END_TEST

START_TEST(reads_that_the_cache_answered_are_not_missed_by_the_pooler)
{
	DemoPoolerUse pooler = {.clients = 8, .servers = 2, .pool_size = 2, .transactions = 70};
	DemoCacheUse cache = {.reads = {{.hits = 30}, {.hits = 0}}};

	report.pooler = &pooler;
	report.cache = &cache;
	report.operations[OP_FEED].count = 100;
	ck_assert_int_eq(problems_of(check_pooler), 0);
	cache.reads[0].hits = 29;
	ck_assert_int_eq(problems_of(check_pooler), 1);
}
END_TEST

START_TEST(more_connections_than_the_pooler_may_open_are_found)
{
	DemoPoolerUse pooler = {.clients = 8, .servers = 3, .pool_size = 2, .transactions = 100};

	report.pooler = &pooler;
	ck_assert_int_eq(problems_of(check_pooler), 1);
}
END_TEST

START_TEST(reads_that_were_out_of_date_are_found)
{
	DemoCacheUse cache = {.compared = 10, .looks = 3, .first_stale = "the feed of user 3"};

	report.cache = &cache;
	ck_assert_int_eq(problems_of(check_cached_reads), 0);
	cache.stale = 1;
	ck_assert_int_eq(problems_of(check_cached_reads), 1);
}
END_TEST

START_TEST(no_event_but_a_death_excuses_errors)
{
	const DemoEvent event = {.name = "restart"};
	const DemoOptions options = {.event = &event};

	verify.options = &options;
	report.event = "restart";
	ck_assert_int_eq(problems_of(check_event), 0);
	report.errors = 1;
	report.first_error = "read a feed: no";
	ck_assert_int_eq(problems_of(check_event), 1);
	ck_assert_str_eq(str_text(&verify.problems), "1 operation failed; the first error: read a feed: no");
}
END_TEST

Suite *verify_event_suite(void)
{
	Suite *suite = suite_create("verify_event");
	TCase *tests = tcase_create("verify_event");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, what_goes_past_the_pooler_is_found);
	tcase_add_test(tests, reads_that_the_cache_answered_are_not_missed_by_the_pooler);
	tcase_add_test(tests, more_connections_than_the_pooler_may_open_are_found);
	tcase_add_test(tests, reads_that_were_out_of_date_are_found);
	tcase_add_test(tests, no_event_but_a_death_excuses_errors);
	suite_add_tcase(suite, tests);
	return suite;
}
