#include <check.h>

#include "ops/move_estimate.h"

static const MoveRates assumed = {.fixed_s = 0.5, .s_per_byte = 1 / 40e6};

/* Before anything was measured the assumption is all there is. */
START_TEST(test_assumed)
{
	const MoveSample waiting[] = {{.bytes = 40e6}, {.bytes = 40e6}, {.bytes = 40e6}, {.bytes = 40e6}};
	MoveRates rates = estimate_rates(waiting, 4, assumed);

	ck_assert(!rates.measured);
	ck_assert_double_eq_tol(estimate_run(rates, waiting, 4, 1), 6, 1e-6);
	ck_assert_double_eq_tol(estimate_run(rates, waiting, 4, 2), 3, 1e-6);
	ck_assert_double_eq_tol(estimate_run(rates, waiting, 4, 8), 1.5, 1e-6);
}
END_TEST

/* Moves ten times slower than assumed: two that are done are enough to see it. */
START_TEST(test_measured)
{
	MoveSample samples[20] = {{.bytes = 0}};

	for (int i = 0; i < 20; i++)
		samples[i].bytes = 40e6;
	for (int i = 0; i < 2; i++)
		samples[i] = (MoveSample) {.bytes = 40e6, .seconds = 15, .fraction = 1, .ended = true};

	MoveRates rates = estimate_rates(samples, 20, assumed);

	ck_assert(rates.measured);
	ck_assert_double_eq_tol(estimate_run(rates, samples, 20, 1), 18 * 15, 0.1 * 18 * 15);
}
END_TEST

/* Large and small ones: the fixed part and the rate are told apart. */
START_TEST(test_two_parts)
{
	const MoveSample samples[] = {
		{.bytes = 1e6, .seconds = 2.1, .fraction = 1, .ended = true},
		{.bytes = 100e6, .seconds = 12, .fraction = 1, .ended = true},
		{.bytes = 50e6, .seconds = 7, .fraction = 1, .ended = true},
		{.bytes = 1000e6},
	};
	MoveRates rates = estimate_rates(samples, 4, assumed);

	ck_assert_double_eq_tol(estimate_left(rates, &samples[3]), 102, 15);
}
END_TEST

/* A move that is half done tells as much as one that is done. */
START_TEST(test_running)
{
	const MoveSample samples[] = {
		{.bytes = 1e9, .seconds = 100, .fraction = 0.5, .copying = true},
		{.bytes = 1e9},
	};
	MoveRates rates = estimate_rates(samples, 2, assumed);

	ck_assert(rates.measured);
	ck_assert_double_eq_tol(estimate_left(rates, &samples[0]), 100, 15);
	ck_assert_double_eq_tol(estimate_run(rates, samples, 2, 1), 300, 45);
}
END_TEST

/* One that waits, nobody knows how long, tells nothing of the others. */
START_TEST(test_catching_up)
{
	const MoveSample samples[] = {{.bytes = 1e9, .seconds = 1, .fraction = 0.9}, {.bytes = 1e9}};

	ck_assert(!estimate_rates(samples, 2, assumed).measured);
}
END_TEST

/* A move that was given up has nothing left and tells nothing. */
START_TEST(test_given_up)
{
	const MoveSample samples[] = {{.bytes = 1e9, .seconds = 0, .fraction = 0, .ended = true}, {.bytes = 40e6}};
	MoveRates rates = estimate_rates(samples, 2, assumed);

	ck_assert(!rates.measured);
	ck_assert_double_eq_tol(estimate_run(rates, samples, 2, 2), 1.5, 1e-6);
}
END_TEST

Suite *move_estimate_suite(void)
{
	Suite *suite = suite_create("move_estimate");
	TCase *tests = tcase_create("move_estimate");

	tcase_add_test(tests, test_assumed);
	tcase_add_test(tests, test_measured);
	tcase_add_test(tests, test_two_parts);
	tcase_add_test(tests, test_running);
	tcase_add_test(tests, test_catching_up);
	tcase_add_test(tests, test_given_up);
	suite_add_tcase(suite, tests);
	return suite;
}
