/* util/str.h */
#include <check.h>
#include <string.h>

#include "util/str.h"

Suite *str_suite(void);

START_TEST(test_growing)
{
	Str s = STR_INIT;

	ck_assert_str_eq(str_text(&s), "");
	str_append_bytes(&s, "", 0);
	ck_assert_str_eq(s.data, "");
	for (int i = 0; i < 1000; i++)
		str_printf(&s, "%03d,", i);
	ck_assert_uint_eq(s.length, 4000);
	ck_assert(str_starts(s.data, "000,001,") && str_ends(s.data, "998,999,"));
	str_append_bytes(&s, "a\0b", 3);
	ck_assert_uint_eq(s.length, 4003);
	ck_assert_int_eq(s.data[4002], 'b');
	ck_assert_int_eq(s.data[4003], '\0');
	str_free(&s);
	ck_assert_ptr_null(s.data);
	ck_assert_uint_eq(s.length, 0);
}
END_TEST

START_TEST(test_cutting)
{
	Str s = STR_INIT;

	str_reset(&s);
	str_cut(&s, 5);
	ck_assert_str_eq(str_text(&s), "");
	str_append(&s, "workers[2].port");
	str_cut(&s, 99);
	ck_assert_str_eq(str_text(&s), "workers[2].port");
	str_cut(&s, 10);
	ck_assert_str_eq(str_text(&s), "workers[2]");
	ck_assert_uint_eq(s.length, 10);
	str_reset(&s);
	ck_assert_str_eq(str_text(&s), "");
	str_append_char(&s, 'x');
	ck_assert_str_eq(str_text(&s), "x");
	str_free(&s);
}
END_TEST

START_TEST(test_comparing)
{
	ck_assert(str_equal("a", "a"));
	ck_assert(!str_equal("a", "b"));
	ck_assert(str_equal(NULL, NULL));
	ck_assert(!str_equal(NULL, ""));
	ck_assert(!str_equal("", NULL));
	ck_assert(str_starts("abc", "") && str_starts("abc", "ab") && !str_starts("ab", "abc"));
	ck_assert(str_ends("abc", "") && str_ends("abc", "bc") && !str_ends("bc", "abc"));
}
END_TEST

static const struct {
	const char *bytes;
	int bad; /* -1: well-formed */
} encoded[] = {
	{"", -1},
	{"plain", -1},
	{"\xC3\xA9", -1},
	{"\xE2\x82\xAC", -1},
	{"\xF0\x9F\x98\x80", -1},
	{"\xF4\x8F\xBF\xBF", -1},
	{"\xEE\x80\x80", -1},
	{"ab\x80", 2},             /* continuation without a start */
	{"ab\xC3", 2},             /* ends too early */
	{"\xE2\x82", 0},
	{"\xE2\x28\xA1", 0},
	{"\xC0\xAF", 0},           /* overlong */
	{"\xE0\x80\xAF", 0},
	{"\xF0\x80\x80\xAF", 0},
	{"\xED\xA0\x80", 0},       /* half of a surrogate pair */
	{"\xF4\x90\x80\x80", 0},   /* above U+10FFFF */
	{"\xF5\x80\x80\x80", 0},
	{"x\xFF", 1},
};

START_TEST(test_utf8)
{
	size_t bad = 0;
	bool fine = str_is_utf8(encoded[_i].bytes, strlen(encoded[_i].bytes), &bad);

	ck_assert_int_eq(fine, encoded[_i].bad < 0);
	if (!fine)
		ck_assert_uint_eq(bad, (size_t) encoded[_i].bad);
}
END_TEST

START_TEST(test_nearest)
{
	static const char *const names[] = {"name", "workers", "coordinator", "shard_count", "x"};
	static const char *const longest[] = {"1234567890123456789012345678901234567890123456789012345678901234"};

	ck_assert_str_eq(str_nearest("worker", names, 5), "workers");
	ck_assert_str_eq(str_nearest("Name", names, 5), "name");
	ck_assert_str_eq(str_nearest("shardcount", names, 5), "shard_count");
	ck_assert_str_eq(str_nearest("cordinater", names, 5), "coordinator");
	ck_assert_ptr_null(str_nearest("pooler", names, 5));
	ck_assert_ptr_null(str_nearest("", names, 5));
	ck_assert_ptr_null(str_nearest("abc", names, 5));
	ck_assert_ptr_null(str_nearest("name", names, 0));
	ck_assert_ptr_eq(str_nearest("123456789012345678901234567890123456789012345678901234567890123", longest, 1),
	                 longest[0]);
	ck_assert_ptr_null(str_nearest("12345678901234567890123456789012345678901234567890123456789012345", longest, 1));
}
END_TEST

Suite *str_suite(void)
{
	Suite *suite = suite_create("str");
	TCase *cases = tcase_create("all");

	tcase_add_test(cases, test_growing);
	tcase_add_test(cases, test_cutting);
	tcase_add_test(cases, test_comparing);
	tcase_add_loop_test(cases, test_utf8, 0, (int) (sizeof(encoded) / sizeof(encoded[0])));
	tcase_add_test(cases, test_nearest);
	suite_add_tcase(suite, cases);
	return suite;
}
