/* util/quote.h, also by those who read it: a shell and libpq. */
#include <check.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <string.h>

#include "util/quote.h"
#include "util/str.h"

Suite *quote_suite(void);

static Arena *arena;

static void start(void)
{
	arena = arena_new();
}

static void stop(void)
{
	arena_free(arena);
}

static const char *const words[] = {
	"plain", "", " ", "it's", "''", "a\"b", "$HOME", "`id`", "$(id)", "a\\b", "\\", "*", "~", "a;b|c&d",
	"-n", "tab\there", "line\nbreak", "\xC3\xA9\xE2\x82\xAC", "#no", "!x", "a=b", "{a,b}",
};

#define WORD_COUNT (sizeof(words) / sizeof(words[0]))

START_TEST(test_shell_forms)
{
	static const char *const argv[] = {"psql", "-c", "select 'x'", "", NULL};

	ck_assert_str_eq(quote_shell(arena, "/usr/bin/psql"), "/usr/bin/psql");
	ck_assert_str_eq(quote_shell(arena, ""), "''");
	ck_assert_str_eq(quote_shell(arena, "a b"), "'a b'");
	ck_assert_str_eq(quote_shell(arena, "it's"), "'it'\\''s'");
	ck_assert_str_eq(quote_shell(arena, "~x"), "'~x'");
	ck_assert_str_eq(quote_argv(arena, argv), "psql -c 'select '\\''x'\\''' ''");
}
END_TEST

/* What a shell makes of a word, read back from it. */
START_TEST(test_shell_reads_it_back)
{
	const char *word = words[_i];
	FILE *shell = popen(arena_printf(arena, "printf '%%s|' %s", quote_shell(arena, word)), "r");
	char got[256];

	ck_assert_ptr_nonnull(shell);
	got[fread(got, 1, sizeof(got) - 1, shell)] = '\0';
	ck_assert_int_eq(pclose(shell), 0);
	ck_assert_str_eq(got, arena_printf(arena, "%s|", word));
}
END_TEST

START_TEST(test_conninfo_reads_it_back)
{
	const char *word = words[_i];
	char *error = NULL;
	PQconninfoOption *options =
	    PQconninfoParse(arena_printf(arena, "port=1 password=%s user=u", quote_conninfo(arena, word)), &error);

	ck_assert_msg(options != NULL, "%s", error);
	for (const PQconninfoOption *o = options; o->keyword != NULL; o++) {
		if (strcmp(o->keyword, "password") == 0)
			ck_assert_str_eq(o->val, word);
		if (strcmp(o->keyword, "user") == 0)
			ck_assert_str_eq(o->val, "u");
	}
	PQconninfoFree(options);
}
END_TEST

START_TEST(test_files)
{
	ck_assert_str_eq(quote_conf(arena, "128MB"), "'128MB'");
	ck_assert_str_eq(quote_conf(arena, ""), "''");
	ck_assert_str_eq(quote_conf(arena, "it's"), "'it''s'");
	ck_assert_str_eq(quote_conf(arena, "c:\\x"), "'c:\\\\x'");
	ck_assert_str_eq(quote_hba(arena, "all"), "\"all\"");
	ck_assert_str_eq(quote_hba(arena, "my \"db\""), "\"my \"\"db\"\"\"");
}
END_TEST

Suite *quote_suite(void)
{
	Suite *suite = suite_create("quote");
	TCase *cases = tcase_create("all");

	tcase_add_checked_fixture(cases, start, stop);
	tcase_add_test(cases, test_shell_forms);
	tcase_add_loop_test(cases, test_shell_reads_it_back, 0, (int) WORD_COUNT);
	tcase_add_loop_test(cases, test_conninfo_reads_it_back, 0, (int) WORD_COUNT);
	tcase_add_test(cases, test_files);
	suite_add_tcase(suite, cases);
	return suite;
}
