#include <check.h>
#include <string.h>

#include "cli/demo_files.h"
#include "util/json.h"

static Arena *arena;

static void set_up(void)
{
	arena = arena_new();
}

static void tear_down(void)
{
	arena_free(arena);
}

static DemoReport sample(const char *detail)
{
	DemoReport report = {.engine = "citus", .node_count = 3, .check_count = 2, .via = "coordinator", .load_s = 1.5};

	report.checks[0] = (DemoCheck) {"nodes", true, "3 of 3", 0.25};
	report.checks[1] = (DemoCheck) {"feeds", false, detail, 0.5};
	return report;
}

/* The element with the data, which must end where the page ends it. */
static const char *data_of(const char *page)
{
	const char *begin = strstr(page, "id=\"data\">");
	const char *end = begin != NULL ? strstr(begin, "</script>") : NULL;

	ck_assert_ptr_nonnull(end);
	return arena_strndup(arena, begin + 10, (size_t) (end - begin - 10));
}

START_TEST(no_value_breaks_out_of_the_page)
{
	DemoReport report = sample("</script><script>alert(1)</script><!-- & \xE2\x80\xA8 \xE2\x80\xA9 \"'\\ {{data}}");
	Err err = ERR_INIT;
	const char *page = demo_page_text(&report, arena, &err);

	ck_assert_ptr_nonnull(page);

	const char *data = data_of(page);
	Json *document = json_parse(data, strlen(data), &err);

	ck_assert_ptr_null(strpbrk(data, "<>&"));
	ck_assert_ptr_null(strstr(data, "\xE2\x80\xA8"));
	ck_assert_ptr_nonnull(document);
	ck_assert_str_eq(json_text(json_get(json_next(json_first(json_get(document, "checks"))), "detail")),
	                 report.checks[1].detail);
	json_free(document);
}
END_TEST

START_TEST(junit_counts_and_escapes)
{
	DemoReport report = sample("2 < 3 & \"4\" > \x01\n");
	const char *xml = demo_junit_text(&report, arena);

	ck_assert_ptr_nonnull(strstr(xml, "tests=\"2\" failures=\"1\" errors=\"0\" skipped=\"0\" time=\"1.500\""));
	ck_assert_ptr_nonnull(strstr(xml, "<testcase classname=\"citusctl.demo.citus\" name=\"nodes\" time=\"0.250\">"));
	ck_assert_ptr_nonnull(strstr(xml, "<failure message=\"2 &lt; 3 &amp; &quot;4&quot; &gt; ? \"/>"));
}
END_TEST

START_TEST(a_file_that_cannot_be_made_is_known_before)
{
	static const char *const bad[] = {"", "/", "/nowhere/report.html", "/tmp/"};
	Err err = ERR_INIT;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_msg(!demo_file_possible(bad[i], &err), "\"%s\" was taken", bad[i]);
		ck_assert_int_eq(err.kind, ERR_USAGE);
		err_clear(&err);
	}
	ck_assert(demo_file_possible("/tmp/report.html", &err));
	ck_assert(demo_file_possible("report.html", &err));
}
END_TEST

Suite *demo_files_suite(void)
{
	Suite *suite = suite_create("demo_files");
	TCase *tests = tcase_create("demo_files");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, no_value_breaks_out_of_the_page);
	tcase_add_test(tests, junit_counts_and_escapes);
	tcase_add_test(tests, a_file_that_cannot_be_made_is_known_before);
	suite_add_tcase(suite, tests);
	return suite;
}
