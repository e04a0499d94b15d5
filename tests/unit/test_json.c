/* util/json.h: what is refused and where, and what is written can be read. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "util/json.h"
#include "util/str.h"

Suite *json_suite(void);

static const struct {
	const char *text;
	const char *says; /* NULL: accepted */
} documents[] = {
	{"{\"a\": [1, -2.5e3, true, false, null, \"x\\u00e9\\n\"]}", NULL},
	{"\xEF\xBB\xBF[]", NULL},
	{" \t\r\n 7 \n", NULL},
	{"\"\\\\u0000\"", NULL}, /* a backslash and five more characters */
	{"\"\\ud83d\\ude00\"", NULL},
	{"{\"a\": {\"x\": 1}, \"b\": {\"x\": 1}}", NULL},
	{"{\"a\": 1, \"A\": 1}", NULL},

	{"", "the file is empty"},
	{" \n\t", "the file is empty"},
	{"\xEF\xBB\xBF", "the file is empty"},
	{"{", "line 1, column 2: the file ends in the middle of a value"},
	{"{\"a\"", "line 1, column 5: the file ends in the middle of a value"},
	{"{\"a\":", "line 1, column 6: the file ends in the middle of a value"},
	{"{\"a\": 1", "line 1, column 8: the file ends in the middle of a value"},
	{"{\"a\": \"b", "line 1, column 9: the file ends in the middle of a value"},
	{"{\"a\": tru", "line 1, column 10: the file ends in the middle of a value"},
	{"[1,\n 2,", "line 2, column 4: the file ends in the middle of a value"},
	{"{\"a\": 1,}", "line 1, column 9: a comma too many before this"},
	{"[1,\n]", "line 2, column 1: a comma too many before this"},
	{"{\"a\": 1 \"b\": 2}", "line 1, column 9: a comma or a colon is missing before this"},
	{"{'a': 1}", "line 1, column 3: not JSON, which has its strings in double quotes"},
	{"{}\n// done", "line 2, column 1: not JSON, which has no comments"},
	{"{} {}", "line 1, column 4: not valid JSON from here on"},
	{"[+1]", "line 1, column 2: not valid JSON from here on"},
	{"nul", "line 1, column 1: not valid JSON from here on"},
	{"[\"\xC3\xA9\", x]", "line 1, column 7: not valid JSON from here on"},
	{"\"\\ud83d\"", "line 1, column 2: not valid JSON from here on"},
	{"[\"a\\u0000b\"]", "line 1, column 4: \\u0000, which no text here can hold"},
	{"{\"a\\u0000\": 1}", "line 1, column 4: \\u0000, which no text here can hold"},
	{"[\"a\nb\"]", "line 1, column 4: a control character in a string; write it as \\n, \\t or \\u001f, "
	             "or close the string"},
	{"\x01[]", "line 1, column 1: a control character"},
	{"[\"\xFF\"]", "line 1, column 3: not UTF-8"},
	{"[\"\xC0\xAF\"]", "line 1, column 3: not UTF-8"},
	{"[\"\xED\xA0\x80\"]", "line 1, column 3: not UTF-8"},
	{"{\"a\": 1, \"a\": 2}", "the key \"a\" stands twice in one object; keep one of them"},
	{"{\"a\": 1, \"\\u0061\": 2}", "the key \"a\" stands twice in one object; keep one of them"},
	{"{\"w\": [{}, {\"x\": {\"p\": 1, \"q\": 2, \"p\": 3}}]}",
	 "w[1].x: the key \"p\" stands twice in one object; keep one of them"},
	{"{\"\\u001b\": 1, \"\\u001b\": 2}", "the key \"?\" stands twice in one object; keep one of them"},
};

START_TEST(test_document)
{
	const char *text = documents[_i].text;
	const char *says = documents[_i].says;
	Err err = ERR_INIT;
	Json *document = json_parse(text, strlen(text), &err);

	if (says == NULL) {
		ck_assert_msg(document != NULL, "refused: %s: %s", text, err.message);
	} else {
		ck_assert_msg(document == NULL, "accepted: %s", text);
		ck_assert_str_eq(err.message, says);
		ck_assert_int_eq(err.kind, ERR_USAGE);
	}
	json_free(document);
	err_clear(&err);
}
END_TEST

/* length brackets of each kind, around nothing. */
static Json *nested(size_t depth, Err *err)
{
	Str text = STR_INIT;

	for (size_t i = 0; i < depth; i++)
		str_append_char(&text, '[');
	for (size_t i = 0; i < depth; i++)
		str_append_char(&text, ']');

	Json *document = json_parse(text.data, text.length, err);

	str_free(&text);
	return document;
}

START_TEST(test_depth)
{
	Err err = ERR_INIT;
	Json *document = nested(JSON_DEPTH_MAX, &err);

	ck_assert_ptr_nonnull(document);
	json_free(document);
	ck_assert_ptr_null(nested(JSON_DEPTH_MAX + 1, &err));
	ck_assert_str_eq(err.message, "line 1, column 65: nested too deeply");
	ck_assert_ptr_null(nested(1000000, &err));
	err_clear(&err);
}
END_TEST

START_TEST(test_bytes)
{
	Err err = ERR_INIT;

	ck_assert_ptr_null(json_parse("[1]\0", 4, &err));
	ck_assert_str_eq(err.message, "line 1, column 4: a NUL byte");

	/* exactly as long as told, without a NUL behind it */
	Json *document = json_parse("[12]3", 4, &err);

	ck_assert_ptr_nonnull(document);
	ck_assert_double_eq(json_number(json_first(document)), 12);
	json_free(document);
	err_clear(&err);
}
END_TEST

START_TEST(test_reading)
{
	static const char text[] = "{\"s\": \"x\", \"n\": 1.5, \"t\": true, \"z\": null, \"a\": [1, 2], \"o\": {}}";
	Err err = ERR_INIT;
	Json *d = json_parse(text, strlen(text), &err);
	int64_t whole = 0;

	ck_assert_ptr_nonnull(d);
	ck_assert_int_eq(json_type(d), JSON_OBJECT);
	ck_assert_uint_eq(json_size(d), 6);
	ck_assert_str_eq(json_key(json_next(json_first(d))), "n");
	ck_assert_str_eq(json_text(json_get(d, "s")), "x");
	ck_assert_ptr_null(json_text(json_get(d, "n")));
	ck_assert_ptr_null(json_get(d, "S"));
	ck_assert_double_eq(json_number(json_get(d, "n")), 1.5);
	ck_assert(!json_int64(json_get(d, "n"), &whole));
	ck_assert(!json_int64(json_get(d, "s"), &whole));
	ck_assert(json_int64(json_first(json_get(d, "a")), &whole) && whole == 1);
	ck_assert(json_bool(json_get(d, "t")));
	ck_assert(!json_bool(json_get(d, "n")));
	ck_assert_int_eq(json_type(json_get(d, "z")), JSON_NULL);
	ck_assert_int_eq(json_type(json_get(d, "o")), JSON_OBJECT);
	ck_assert_ptr_null(json_first(json_get(d, "o")));
	ck_assert_str_eq(json_type_name(JSON_ARRAY), "an array");
	json_free(d);
	err_clear(&err);
}
END_TEST

START_TEST(test_writing)
{
	Json *d = json_object();
	Json *list = json_add_array(d, "list");

	json_add_text(d, "text", "a \"quote\" and a\nline");
	json_add_text(d, "none", NULL);
	json_add_int(d, "big", INT64_MAX);
	json_add_double(d, "nan", (double) NAN);
	json_add_double(d, "half", 0.5);
	json_add_bool(list, NULL, true);
	json_add_int(list, NULL, INT64_MIN);
	json_add_text(json_add_object(list, NULL), "k", "v");

	char *line = json_print(d, false);

	ck_assert_str_eq(line, "{\"list\":[true,-9223372036854775808,{\"k\":\"v\"}],"
	                       "\"text\":\"a \\\"quote\\\" and a\\nline\",\"none\":null,"
	                       "\"big\":9223372036854775807,\"nan\":null,\"half\":0.5}");
	free(line);
	json_free(d);
	json_free(NULL);
}
END_TEST

Suite *json_suite(void)
{
	Suite *suite = suite_create("json");
	TCase *each = tcase_create("documents");
	TCase *rest = tcase_create("rest");

	tcase_add_loop_test(each, test_document, 0, (int) (sizeof(documents) / sizeof(documents[0])));
	tcase_add_test(rest, test_depth);
	tcase_add_test(rest, test_bytes);
	tcase_add_test(rest, test_reading);
	tcase_add_test(rest, test_writing);
	suite_add_tcase(suite, each);
	suite_add_tcase(suite, rest);
	return suite;
}
