#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/demo_output.h"

static DemoReport sample(void)
{
	DemoReport report = {.engine = "citus",
	                     .node_count = 4,
	                     .seed = 7,
	                     .clients = 8,
	                     .has_load = true,
	                     .rows = {28, 45, 1000000, 2, 3, 4},
	                     .load_s = 2.0,
	                     .has_work = true,
	                     .work_s = 10.0,
	                     .tps = 123.4,
	                     .check_count = 2,
	                     .verify_s = 0.5};

	for (int i = 0; i < DEMO_OPERATIONS; i++)
		report.operations[i] = (DemoOperation) {"read_feed", "read a feed", 1234, 0, 0, 1.234, 23.45, 345.6, 400.0};
	report.checks[0] = (DemoCheck) {"nodes", true, "4 of 4 nodes active", 0.1};
	report.checks[1] = (DemoCheck) {"feeds", false, "feed items: 1 missing", 0.1};
	return report;
}

static char *as_text(const DemoReport *report, bool in_colour, bool in_utf8)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	demo_output_text(out, report, in_colour, in_utf8);
	fclose(out);
	return text;
}

START_TEST(text_has_numbers_people_can_read)
{
	DemoReport report = sample();
	char *text = as_text(&report, false, true);

	ck_assert_ptr_nonnull(strstr(text, "users              1,000,000\n"));
	ck_assert_ptr_nonnull(strstr(text, "read a feed              1,234   123.4    1.23    23.4     346"));
	ck_assert_ptr_nonnull(strstr(text, "✗ feeds               feed items: 1 missing\n"));
	ck_assert_ptr_nonnull(strstr(text, "1 of 2 checks failed"));
	ck_assert_ptr_null(strchr(text, '\033'));
	free(text);
}
END_TEST

START_TEST(text_is_ascii_where_the_terminal_is)
{
	DemoReport report = sample();
	char *text = as_text(&report, false, false);

	for (const char *c = text; *c != '\0'; c++)
		ck_assert(*c > 0 && *c != '\033');
	ck_assert_ptr_nonnull(strstr(text, "  FAIL feeds               feed items"));
	free(text);
}
END_TEST

START_TEST(long_details_are_broken_between_words)
{
	DemoReport report = sample();
	char *text = NULL;

	report.checks[0].detail = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
	                          "fifteen sixteen seventeen";
	text = as_text(&report, false, true);
	ck_assert_ptr_nonnull(strstr(text, "\n                        twelve"));
	free(text);
}
END_TEST

START_TEST(throughput_is_drawn_over_time)
{
	static DemoStep steps[100];
	DemoReport report = sample();
	char *text = NULL;

	for (int i = 0; i < 100; i++)
		steps[i] = (DemoStep) {.seconds = 1, .all = {.count = i == 1 ? 0 : i == 2 ? 400 : 200}};
	report.steps = steps;
	report.step_count = 4;
	report.step_s = 1;
	report.via = "coordinator";
	text = as_text(&report, false, true);
	ck_assert_ptr_nonnull(strstr(text, "\n  ▅ █▅  0 to 400/s, a bar for each second\n"));
	free(text);
	report.step_count = 100;
	text = as_text(&report, false, true);
	ck_assert_ptr_nonnull(strstr(text, "█  200 to 200/s, a bar for each 4 s\n"));
	free(text);
}
END_TEST

/* Everything there is to say, with large numbers and long texts. */
static DemoReport crowded(void)
{
	static DemoCacheUse cache = {.where = "a socket of this machine", .version = "7.0.15", .hit_ratio = 0.987, .forgotten = 1234567,
	                             .outdated = 123456, .refused = 12, .lost = 3, .gone_s = 12.3};
	static DemoPoolerUse pooler = {.where = "127.0.0.1:26432", .clients = 1000, .waiting = 750, .servers = 250, .pool_size = 250,
	                               .transactions = 12345678, .wait_mean_ms = 12.34, .wait_longest_ms = 1234};
	static DemoColumnar columnar = {.rows = 195045000, .bytes = 20900000000, .heap_bytes = 165900000000, .load_s = 1234.5,
	                                .heap_load_s = 1234.5, .query_ms = 123456, .heap_query_ms = 123456};
	static DemoMark marks[] = {{3.2, "shard group 102040 moved from a-worker-with-a-long-name to another-worker-with-a-long-name in 12.3 s"},
	                           {12345.6, "12 tweets posted again: without two-phase commit they may have been done by halves"}};
	static DemoStep steps[900];
	DemoReport report = sample();

	for (int i = 0; i < 900; i++)
		steps[i] = (DemoStep) {.seconds = 96, .all = {.count = 10000000 + i}};
	for (int i = 0; i < DEMO_OPERATIONS; i++)
		report.operations[i] = (DemoOperation) {"country_languages", "join reference table", 9999999, 99999, 999999, 12345, 99999, 99999, 99999};
	for (int i = 0; i < DEMO_CACHED_READS; i++)
		cache.reads[i] = (DemoCachedRead) {"read_feed", "read a feed", 9999999, 9999999, 99999, 999999, 1234, 12345, 99999, 1234, 12345, 99999, 1234, 12345, 99999};
	report.cache = &cache;
	report.pooler = &pooler;
	report.columnar = &columnar;
	report.marks = marks;
	report.mark_count = 2;
	report.event = "scale-out";
	report.steps = steps;
	report.step_count = 900;
	report.step_s = 96;
	report.first_error = "post a tweet: connection to the remote node demo-1234@127.0.0.1:23456 failed with the following error: connection "
	                     "to server at \"127.0.0.1\", port 23456 failed: Connection refused Is the server running on that host?";
	report.longest_write.ms = 12345;
	report.longest_write_pause.ms = 12345;
	report.warmup_s = 3600;
	report.rate = 100000;
	report.not_begun = 123456;
	report.via = "through the coordinator: workers of the embedded engine see their own rows only";
	report.unknown = 12;
	report.checks[1].detail = "feed items: 1 missing; user 17: 12 where 13 should be; feed items: 1 missing; user 18: 12 where 13 should be; "
	                          "and \xE2\x80\xA6 more";
	return report;
}

static int columns_of(const char *line, size_t bytes)
{
	int columns = 0;

	for (size_t i = 0; i < bytes; i++) {
		if (line[i] == '\033')
			i += strcspn(line + i, "m");
		else
			columns += ((unsigned char) line[i] & 0xC0) != 0x80;
	}
	return columns;
}

START_TEST(no_line_is_wider_than_a_terminal)
{
	DemoReport report = crowded();

	for (int look = 0; look < 4; look++) {
		char *text = as_text(&report, look % 2 > 0, look / 2 > 0);

		for (const char *line = text; *line != '\0';) {
			size_t bytes = strcspn(line, "\n");

			ck_assert_msg(columns_of(line, bytes) < 80, "%d columns: %.*s", columns_of(line, bytes), (int) bytes, line);
			line += bytes + 1;
		}
		free(text);
	}
}
END_TEST

START_TEST(what_never_ended_has_no_latency)
{
	DemoReport report = sample();
	char *text = NULL;

	report.operations[0] = (DemoOperation) {"post_tweet", "post a tweet", 0, 12, 0, 0, 0, 0, 0};
	report.warmup_s = 2;
	report.via = "coordinator";
	text = as_text(&report, false, true);
	ck_assert_ptr_nonnull(strstr(text, "post a tweet                 0     0.0       -       -       -       0     12\n"));
	ck_assert_ptr_nonnull(strstr(text, "the 2 s of warm-up before are not counted"));
	free(text);
}
END_TEST

START_TEST(json_keeps_the_contract)
{
	DemoReport report = sample();
	Json *made = json_object();

	demo_output_json(made, &report);

	char *text = json_print(made, false);
	Err err = ERR_INIT;
	Json *object = json_parse(text, strlen(text), &err);

	ck_assert_ptr_nonnull(object);
	ck_assert_str_eq(json_text(json_get(object, "engine")), "citus");
	ck_assert(json_number(json_get(object, "nodes")) == 4.0);
	ck_assert(json_number(json_get(json_get(object, "rows"), "users")) == 1000000.0);
	ck_assert(json_number(json_get(object, "tps")) == 123.4);
	ck_assert_uint_eq(json_size(json_get(object, "operations")), DEMO_OPERATIONS);

	const Json *op = json_first(json_get(object, "operations"));
	static const char *const keys[] = {"name", "count", "errors", "p50_ms", "p95_ms", "p99_ms"};

	for (int i = 0; i < 6; i++)
		ck_assert_ptr_nonnull(json_get(op, keys[i]));

	const Json *check = json_first(json_get(object, "checks"));

	ck_assert_str_eq(json_text(json_get(check, "name")), "nodes");
	ck_assert(json_bool(json_get(check, "passed")));
	ck_assert_str_eq(json_text(json_get(check, "detail")), "4 of 4 nodes active");
	ck_assert(!json_bool(json_get(object, "passed")));
	json_free(object);
	json_free(made);
	free(text);
}
END_TEST

Suite *demo_output_suite(void)
{
	Suite *suite = suite_create("cli/demo_output");
	TCase *report = tcase_create("report");

	tcase_add_test(report, text_has_numbers_people_can_read);
	tcase_add_test(report, text_is_ascii_where_the_terminal_is);
	tcase_add_test(report, long_details_are_broken_between_words);
	tcase_add_test(report, throughput_is_drawn_over_time);
	tcase_add_test(report, no_line_is_wider_than_a_terminal);
	tcase_add_test(report, what_never_ended_has_no_latency);
	tcase_add_test(report, json_keeps_the_contract);
	suite_add_tcase(suite, report);
	return suite;
}
