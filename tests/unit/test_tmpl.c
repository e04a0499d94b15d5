/* io/tmpl.h */
#include <check.h>

#include "io/tmpl.h"

Suite *tmpl_suite(void);

static Arena *arena;
static Err err = ERR_INIT;

static void start(void)
{
	arena = arena_new();
}

static void stop(void)
{
	err_clear(&err);
	arena_free(arena);
}

START_TEST(test_filled)
{
	static const TmplValue values[] = {{"port", "5432"}, {"name", "'{{port}}'"}, {NULL, NULL}};
	static const TmplValue none[] = {{NULL, NULL}};

	/* a value is never looked into again */
	ck_assert_str_eq(tmpl_render(arena, "t", "port = {{port}}\nname = {{name}}, {{port}}\n", values, &err),
	                 "port = 5432\nname = '{{port}}', 5432\n");
	ck_assert_str_eq(tmpl_render(arena, "t", "", none, &err), "");
	ck_assert_str_eq(tmpl_render(arena, "t", "{ } {x} }}", none, &err), "{ } {x} }}");
}
END_TEST

START_TEST(test_refused)
{
	static const TmplValue values[] = {{"port", "5432"}, {NULL, NULL}};

	ck_assert_ptr_null(tmpl_render(arena, "t", "{{port}} {{prot}}", values, &err));
	ck_assert_str_eq(err.message, "t: no value for {{prot}}");
	ck_assert_ptr_null(tmpl_render(arena, "t", "{{port}} {{ port }}", values, &err));
	ck_assert_str_eq(err.message, "t: no value for {{ port }}");
	ck_assert_ptr_null(tmpl_render(arena, "t", "{{port}} {{port", values, &err));
	ck_assert_str_eq(err.message, "t: \"{{\" without \"}}\"");
	ck_assert_ptr_null(tmpl_render(arena, "t", "nothing", values, &err));
	ck_assert_str_eq(err.message, "t: nothing uses the value \"port\"");
	ck_assert_int_eq(err.kind, ERR_FAILED);
}
END_TEST

Suite *tmpl_suite(void)
{
	Suite *suite = suite_create("tmpl");
	TCase *cases = tcase_create("all");

	tcase_add_checked_fixture(cases, start, stop);
	tcase_add_test(cases, test_filled);
	tcase_add_test(cases, test_refused);
	suite_add_tcase(suite, cases);
	return suite;
}
