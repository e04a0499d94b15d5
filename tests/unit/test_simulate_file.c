/* Files for rebalance --simulate, read at once and group by group. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "cli/simulate_file.h"

static const char *const good =
	"{\"shard_groups\": [{\"id\": 1, \"node\": \"b\", \"bytes\": 5, \"allowed\": [\"b\", \"a\"]},\n"
	" {\"id\": \"x]\\\"\", \"colocation\": 7, \"node\": \"a\", \"bytes\": 6, \"pinned\": true} ],\n"
	" \"nodes\": [{\"name\": \"a\"}, {\"name\": \"b\", \"capacity\": 2}, {\"name\": \"shard_groups\", \"accepts_shards\": false}],\n"
	" \"threshold\": 0.2}";

static void expect_good(const Simulation *simulation)
{
	const BalanceProblem *problem = simulation->problem;

	ck_assert_uint_eq(problem->node_count, 3);
	ck_assert_uint_eq(problem->group_count, 2);
	ck_assert(problem->threshold > 0.19 && problem->threshold < 0.21);
	ck_assert(problem->groups[0].node == 1 && problem->groups[0].bytes == 5 && !problem->groups[0].pinned);
	ck_assert(problem_set_has(problem, problem->groups[0].allowed, 0));
	ck_assert(!problem_set_has(problem, problem->groups[0].allowed, 2));
	ck_assert(problem->groups[1].pinned && problem->groups[1].colocation == 7);
	ck_assert(simulation->labels[0].text == NULL && simulation->labels[0].id == 1);
	ck_assert_str_eq(simulation->labels[1].text, "x]\"");
	ck_assert(problem->nodes[1].capacity > 1.9 && !problem->nodes[2].accepts_shards);
}

START_TEST(both_ways_read_the_same)
{
	Err err = ERR_INIT;
	Simulation *at_once = simulate_parse("file", good, strlen(good), &err);
	Simulation *one_by_one = simulate_parse_bulk("file", good, strlen(good), &err);

	ck_assert_msg(at_once != NULL && one_by_one != NULL, "%s", err.message);
	expect_good(at_once);
	expect_good(one_by_one);
	simulate_free(at_once);
	simulate_free(one_by_one);
}
END_TEST

typedef struct Bad {
	const char *groups; /* what stands in the array */
	const char *wanted; /* part of the message of both ways, or of the second only */
	bool second_only;
} Bad;

static const Bad bads[] = {
	{"{\"id\": 1, \"node\": \"a\", \"bytes\": 1}, {\"id\": 2}", "file: shard_groups[1]: node is missing", false},
	{"{\"id\": 1, \"node\": \"z\", \"bytes\": 1}", "file: shard_groups[0]: node: there is no node \"z\"", false},
	{"{\"id\": 1.5, \"node\": \"a\", \"bytes\": 1}", "file: shard_groups[0]: id must be a whole number or a text", false},
	{"{\"id\": 1, \"node\": \"a\", \"bytes\": 0.5}", "bytes must be a whole number", false},
	{"{\"id\": 1, \"node\": \"a\", \"bytes\": -1}", "bytes: -1 is below 0", false},
	{"{\"id\": 1, \"node\": \"a\", \"bytes\": 1, \"allowed\": \"a\"}", "allowed must be an array", false},
	{"{\"id\": 1, \"node\": \"a\", \"bytes\": 1, \"allowed\": [\"a\", \"a\", \"a\"]}", "names a node twice", false},
	{"{\"id\": 1, \"node\": \"a\", \"bytes\": 1, \"size\": 3}", "unknown key \"size\"", false},
	{"{\"id\": 1, \"id\": 2, \"node\": \"a\", \"bytes\": 1}", "stands twice", false},
	{"3", "must be an object", false},
	{"{\"id\": 7, \"node\": \"a\", \"bytes\": 1}, {\"id\": 8, \"node\": \"a\", \"bytes\": 1}, {\"id\": \"7\", \"node\": \"b\", \"bytes\": 1}",
	 "file: shard_groups[2]: id: 7 is that of shard_groups[0] already", false},
	{"{\"id\": 1, \"node\": \"a\", \"bytes\": 1152921504606846976}", "bytes: 1.152921504606847e+18 is more than 9007199254740992", false},
	{"{\"id\": 9223372036854775807, \"node\": \"a\", \"bytes\": 1}", "is more than 9007199254740992", false},
	{"{\"id\": 1, \"node\": \"a\", \"bytes\": 1, \"colocation\": -1}", "colocation must be a whole number from 0 to 4294967295, not -1", false},
	{"{\"id\": 1, \"node\": \"a\", \"bytes\": 1},", "shard_groups[1]: a comma too many", true},
	{"{\"id\": 1, \"node\": \"a\", \"bytes\": 1} {}", "shard_groups[0]: line 1", true},
	{"{\"id\": 1, \"node\": \"a\", \"bytes\": 1}, tru", "shard_groups[1]: line 1", true},
};

START_TEST(mistakes_are_named_both_ways)
{
	const Bad *bad = &bads[_i];
	char text[512];
	int length = snprintf(text, sizeof(text), "{\"nodes\": [{\"name\": \"a\"}, {\"name\": \"b\"}], \"shard_groups\": [%s]}",
	                      bad->groups);
	Err at_once = ERR_INIT;
	Err one_by_one = ERR_INIT;

	ck_assert_ptr_null(simulate_parse("file", text, (size_t) length, &at_once));
	ck_assert_ptr_null(simulate_parse_bulk("file", text, (size_t) length, &one_by_one));
	ck_assert_int_eq(at_once.kind, ERR_USAGE);
	ck_assert_int_eq(one_by_one.kind, ERR_USAGE);
	ck_assert_msg(strstr(one_by_one.message, bad->wanted) != NULL, "%s", one_by_one.message);
	ck_assert_msg(bad->second_only || strstr(at_once.message, bad->wanted) != NULL, "%s", at_once.message);
	err_clear(&at_once);
	err_clear(&one_by_one);
}
END_TEST

START_TEST(a_tiny_capacity_is_refused)
{
	static const char *const text = "{\"nodes\": [{\"name\": \"a\", \"capacity\": 1e-308}], \"shard_groups\": []}";
	Err err = ERR_INIT;

	ck_assert_ptr_null(simulate_parse("file", text, strlen(text), &err));
	ck_assert_int_eq(err.kind, ERR_USAGE);
	ck_assert_str_eq(err.message, "file: nodes[0]: capacity: 1e-308 is too small: it is 0, or at least 1e-06");
	err_clear(&err);
}
END_TEST

START_TEST(an_empty_file_gets_a_hint_of_its_own)
{
	Err err = ERR_INIT;

	ck_assert_ptr_null(simulate_parse("file", " ", 1, &err));
	ck_assert_str_eq(err.message, "file: the file is empty");
	ck_assert_ptr_nonnull(strstr(err.hint, "\"shard_groups\""));
	err_clear(&err);
}
END_TEST

START_TEST(a_large_file_needs_the_array)
{
	static const char *const texts[] = {"{}", "[\"shard_groups\", []]", "{\"shard_groups\": 3}", "{\"shard_groups\": [",
	                                    "{\"nodes\": {\"shard_groups\": []}}", "\"shard_groups\"", ""};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		Err err = ERR_INIT;

		ck_assert_ptr_null(simulate_parse_bulk("file", texts[i], strlen(texts[i]), &err));
		ck_assert_int_eq(err.kind, ERR_USAGE);
		err_clear(&err);
	}
}
END_TEST

Suite *simulate_file_suite(void)
{
	Suite *suite = suite_create("simulate_file");
	TCase *tests = tcase_create("simulate_file");

	tcase_add_test(tests, both_ways_read_the_same);
	tcase_add_loop_test(tests, mistakes_are_named_both_ways, 0, sizeof(bads) / sizeof(bads[0]));
	tcase_add_test(tests, a_tiny_capacity_is_refused);
	tcase_add_test(tests, an_empty_file_gets_a_hint_of_its_own);
	tcase_add_test(tests, a_large_file_needs_the_array);
	suite_add_tcase(suite, tests);
	return suite;
}
