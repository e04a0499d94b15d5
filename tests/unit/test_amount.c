#include <check.h>

#include "cli/amount.h"

static int64_t bytes(const char *text)
{
	int64_t value = -1;
	Err err = ERR_INIT;

	if (!amount_bytes("max-rate", text, &value, &err))
		value = -(int64_t) err.kind;
	err_clear(&err);
	return value;
}

static double seconds(const char *text)
{
	double value = -1;
	Err err = ERR_INIT;

	if (!amount_seconds("max-duration", text, &value, &err))
		value = -(double) err.kind;
	err_clear(&err);
	return value;
}

START_TEST(test_bytes)
{
	ck_assert_int_eq(bytes("1"), 1);
	ck_assert_int_eq(bytes("50MB"), 50000000);
	ck_assert_int_eq(bytes("50 mb/s"), 50000000);
	ck_assert_int_eq(bytes("1.5G"), 1500000000);
	ck_assert_int_eq(bytes("2T"), 2000000000000);
	ck_assert_int_eq(bytes(""), -ERR_USAGE);
	ck_assert_int_eq(bytes("0"), -ERR_USAGE);
	ck_assert_int_eq(bytes("-1MB"), -ERR_USAGE);
	ck_assert_int_eq(bytes("5 apples"), -ERR_USAGE);
	ck_assert_int_eq(bytes("9999999T"), -ERR_USAGE);
}
END_TEST

START_TEST(test_seconds)
{
	ck_assert_double_eq_tol(seconds("90"), 90, 1e-9);
	ck_assert_double_eq_tol(seconds("90s"), 90, 1e-9);
	ck_assert_double_eq_tol(seconds("0.5"), 0.5, 1e-9);
	ck_assert_double_eq_tol(seconds("45m"), 2700, 1e-9);
	ck_assert_double_eq_tol(seconds("2h30m"), 9000, 1e-9);
	ck_assert_double_eq_tol(seconds("1d"), 86400, 1e-9);
	ck_assert_double_eq_tol(seconds(""), -ERR_USAGE, 1e-9);
	ck_assert_double_eq_tol(seconds("0"), -ERR_USAGE, 1e-9);
	ck_assert_double_eq_tol(seconds("soon"), -ERR_USAGE, 1e-9);
	ck_assert_double_eq_tol(seconds("5x"), -ERR_USAGE, 1e-9);
	ck_assert_double_eq_tol(seconds("9999d"), -ERR_USAGE, 1e-9);
}
END_TEST

START_TEST(test_until)
{
	static const char *const wrong[] = {"", "6:00", "24:00", "12:60", "noon!", "12.30", "123:4"};
	double value = 0;
	Err err = ERR_INIT;

	/* The next time that it is so late: within a day, also across a change of the clock. */
	ck_assert(amount_until("until", "06:00", &value, &err));
	ck_assert(value > 0 && value <= 25 * 3600);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		ck_assert(!amount_until("until", wrong[i], &value, &err));
		ck_assert_int_eq(err.kind, ERR_USAGE);
		err_clear(&err);
	}
}
END_TEST

Suite *amount_suite(void)
{
	Suite *suite = suite_create("amount");
	TCase *tests = tcase_create("amount");

	tcase_add_test(tests, test_bytes);
	tcase_add_test(tests, test_seconds);
	tcase_add_test(tests, test_until);
	suite_add_tcase(suite, tests);
	return suite;
}
