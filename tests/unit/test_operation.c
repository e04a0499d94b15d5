/* The demo's statements for sessions whose search path is not ours. */
#include <check.h>
#include <string.h>

#include "demo/operation.h"

static Arena *arena;

static void setup(void)
{
	arena = arena_new();
}

static void teardown(void)
{
	arena_free(arena);
}

static const char *in_schema(const char *sql)
{
	return statement_in_schema(arena, sql, "\"demo\"");
}

START_TEST(test_tables_are_qualified)
{
	ck_assert_str_eq(in_schema("SELECT 1 FROM users u JOIN languages l ON l.code = u.lang"),
	                 "SELECT 1 FROM \"demo\".users u JOIN \"demo\".languages l ON l.code = u.lang");
	ck_assert_str_eq(in_schema("-- FROM users\nDELETE FROM tweets"), "\nDELETE FROM \"demo\".tweets");
	ck_assert_str_eq(in_schema("INSERT INTO feed_items AS f (user_id)\nSELECT follower_id\nFROM subscriptions"),
	                 "INSERT INTO \"demo\".feed_items AS f (user_id)\nSELECT follower_id\nFROM \"demo\".subscriptions");
}
END_TEST

START_TEST(test_other_words_stay)
{
	static const char *const same[] = {"COMMIT", "SELECT count(*) AS users, users.id", "SELECT a FROM (SELECT 1) AS tweets",
	                                   "SELECT a FROM users_of_mine"};

	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
		ck_assert_str_eq(in_schema(same[i]), same[i]);
}
END_TEST

/* None of them may be left to the search path. */
START_TEST(test_every_statement)
{
	static const char *const before[] = {"FROM ", "JOIN ", "INTO "};

	for (int s = 0; s < STATEMENT_COUNT; s++) {
		const char *sql = in_schema(statement_sql((Statement) s));
		int found = 0;

		for (int b = 0; b < 3; b++) {
			for (const char *at = strstr(sql, before[b]); at != NULL; at = strstr(at + 1, before[b])) {
				found++;
				ck_assert_msg(strncmp(at + 5, "\"demo\".", 7) == 0 || at[5] == '(', "not qualified: %s", at);
			}
		}
		ck_assert_msg(found > 0 || statements[s].params == 0, "no table in: %s", sql);
	}
}
END_TEST

Suite *operation_suite(void)
{
	Suite *suite = suite_create("operation");
	TCase *cases = tcase_create("in_schema");

	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_add_test(cases, test_tables_are_qualified);
	tcase_add_test(cases, test_other_words_stay);
	tcase_add_test(cases, test_every_statement);
	suite_add_tcase(suite, cases);
	return suite;
}
