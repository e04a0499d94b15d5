#include <check.h>
#include <stdio.h>
#include <string.h>

#include "ops/verify_lines.h"

static const char *line_of(const void *list, size_t i)
{
	const char *const *texts = list;

	return texts[i];
}

static void write_down(void *arg, bool is_lacking, const char *line)
{
	char *text = arg;

	sprintf(text + strlen(text), "%c%s ", is_lacking ? '-' : '+', line);
}

/* Lists of lines of one letter each. */
static const char *differences(const char *wanted, const char *is)
{
	static char text[256];
	static char letters[2][16][2];
	const char *texts[2][16];
	const char *const lists[] = {wanted, is};

	for (size_t l = 0; l < 2; l++)
		for (size_t i = 0; i < strlen(lists[l]); i++) {
			letters[l][i][0] = lists[l][i];
			texts[l][i] = letters[l][i];
		}

	const Lines a = {line_of, texts[0], strlen(wanted)};
	const Lines b = {line_of, texts[1], strlen(is)};

	text[0] = '\0';
	lines_compare(&a, &b, write_down, text);
	return text;
}

START_TEST(test_compare)
{
	ck_assert_str_eq(differences("", ""), "");
	ck_assert_str_eq(differences("abc", "abc"), "");
	ck_assert_str_eq(differences("abc", ""), "-a -b -c ");
	ck_assert_str_eq(differences("", "ab"), "+a +b ");
	ck_assert_str_eq(differences("abd", "acd"), "-b +c ");
	ck_assert_str_eq(differences("bcd", "abc"), "+a -d ");
	ck_assert_str_eq(differences("aab", "abb"), "-a +b ");
	ck_assert_str_eq(differences("aaa", "a"), "-a -a ");
}
END_TEST

static const char *owner(const char *gid)
{
	static char text[64];
	int64_t group = -1;
	int64_t process = -1;

	if (!prepared_owner(gid, &group, &process))
		return "nobody";
	snprintf(text, sizeof(text), "%lld %lld", (long long) group, (long long) process);
	return text;
}

START_TEST(test_owner)
{
	ck_assert_str_eq(owner("citus_0_4711_12_3"), "0 4711");
	ck_assert_str_eq(owner("citus_12_99_1_0"), "12 99");
	ck_assert_str_eq(owner("citus_0_4711"), "nobody");
	ck_assert_str_eq(owner("citus_0_"), "nobody");
	ck_assert_str_eq(owner("citus_"), "nobody");
	ck_assert_str_eq(owner("citus_x_1_2"), "nobody");
	ck_assert_str_eq(owner("citus_-1_1_2"), "nobody");
	ck_assert_str_eq(owner("citus_1_x_2"), "nobody");
	ck_assert_str_eq(owner("bank 4711"), "nobody");
	ck_assert_str_eq(owner(""), "nobody");
}
END_TEST

Suite *verify_lines_suite(void)
{
	Suite *suite = suite_create("verify_lines");
	TCase *tc = tcase_create("verify_lines");

	tcase_add_test(tc, test_compare);
	tcase_add_test(tc, test_owner);
	suite_add_tcase(suite, tc);
	return suite;
}
