#include <check.h>

#include "demo/latency.h"

START_TEST(nothing_added_is_zero)
{
	Latency latency = {.count = 0};

	ck_assert_double_eq(latency_ms(&latency, 0.5), 0.0);
}
END_TEST

START_TEST(percentiles_are_right_to_three_percent)
{
	static const double parts[] = {0.01, 0.5, 0.95, 0.99, 1.0};
	Latency latency = {.count = 0};

	for (int64_t us = 1; us <= 100000; us++)
		latency_add(&latency, us);
	for (int i = 0; i < 5; i++) {
		double wanted = parts[i] * 100.0;

		ck_assert_double_gt(latency_ms(&latency, parts[i]), wanted * 0.97);
		ck_assert_double_lt(latency_ms(&latency, parts[i]), wanted * 1.03);
	}
}
END_TEST

START_TEST(no_percentile_is_above_the_largest_value)
{
	Latency latency = {.count = 0};

	latency_add(&latency, 1000001);
	ck_assert_double_le(latency_ms(&latency, 0.99), 1000.001);
	ck_assert_double_gt(latency_ms(&latency, 0.01), 970.0);
}
END_TEST

START_TEST(strange_values_are_counted)
{
	Latency latency = {.count = 0};

	latency_add(&latency, -5);
	latency_add(&latency, 0);
	latency_add(&latency, INT64_MAX);
	ck_assert_int_eq(latency.count, 3);
	ck_assert_double_eq(latency_ms(&latency, 0.1), 0.0);
	ck_assert_double_gt(latency_ms(&latency, 1.0), 1e6);
}
END_TEST

START_TEST(merging_adds_up)
{
	Latency one = {.count = 0};
	Latency two = {.count = 0};

	latency_add(&one, 10);
	latency_add(&two, 1000000);
	latency_add(&two, 1000000);
	latency_merge(&one, &two);
	ck_assert_int_eq(one.count, 3);
	ck_assert_int_eq(one.max_us, 1000000);
	ck_assert_double_gt(latency_ms(&one, 0.5), 970.0);
}
END_TEST

Suite *latency_suite(void)
{
	Suite *suite = suite_create("demo/latency");
	TCase *percentiles = tcase_create("percentiles");

	tcase_add_test(percentiles, nothing_added_is_zero);
	tcase_add_test(percentiles, percentiles_are_right_to_three_percent);
	tcase_add_test(percentiles, no_percentile_is_above_the_largest_value);
	tcase_add_test(percentiles, strange_values_are_counted);
	tcase_add_test(percentiles, merging_adds_up);
	suite_add_tcase(suite, percentiles);
	return suite;
}
