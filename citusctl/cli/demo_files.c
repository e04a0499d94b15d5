#include "cli/demo_files.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/demo_output.h"
#include "io/asset.h"
#include "io/shell.h"
#include "io/tmpl.h"
#include "util/str.h"

/* Where a file's name begins in its path. */
static const char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

bool demo_file_possible(const char *path, Err *err)
{
	Arena *arena = arena_new();
	const char *name = name_of(path);
	const char *directory = name == path       ? "."
	                        : name == path + 1 ? "/"
	                                           : arena_strndup(arena, path, (size_t) (name - path - 1));
	struct stat found;
	bool ok = *name != '\0';

	if (ok && stat(path, &found) == 0 && S_ISDIR(found.st_mode))
		ok = err_set(err, ERR_USAGE, "\"%s\" is a directory, not a file to write", path);
	else if (!ok)
		err_set(err, ERR_USAGE, "\"%s\" does not end with the name of a file", path);
	else if (access(directory, W_OK | X_OK) != 0) {
		ok = err_errno(err, "write to \"%s\"", path);
		err->kind = ERR_USAGE;
	}
	arena_free(arena);
	return ok;
}

/*
 * JSON inside a script element: nothing in it may look like markup, and the two
 * line separators that old JavaScript did not allow in texts are escaped too.
 */
static const char *escape_json(const char *json, Arena *arena)
{
	Str out = STR_INIT;

	for (const char *c = json; *c != '\0'; c++) {
		if (*c == '<' || *c == '>' || *c == '&')
			str_printf(&out, "\\u%04x", (unsigned) *c);
		else if (strncmp(c, "\xE2\x80\xA8", 3) == 0 || strncmp(c, "\xE2\x80\xA9", 3) == 0) {
			str_append(&out, (unsigned char) c[2] == 0xA8 ? "\\u2028" : "\\u2029");
			c += 2;
		} else {
			str_append_char(&out, *c);
		}
	}

	const char *copy = arena_strdup(arena, str_text(&out));

	str_free(&out);
	return copy;
}

const char *demo_page_text(const DemoReport *report, Arena *arena, Err *err)
{
	Json *document = json_object();

	demo_output_json(document, report);

	char *json = json_print(document, false);
	const TmplValue values[] = {{"data", escape_json(json, arena)}, {NULL, NULL}};
	const char *name = "templates/report.html.tmpl";
	const char *page = tmpl_render(arena, name, asset_text(name), values, err);

	free(json);
	json_free(document);
	return page;
}

bool demo_page_write(const char *path, const DemoReport *report, Arena *arena, Err *err)
{
	const char *page = demo_page_text(report, arena, err);

	return page != NULL && shell_put_here(path, page, err);
}

/* Text in XML, in attributes too; what XML cannot hold becomes a question mark. */
static void append_xml(Str *out, const char *text)
{
	for (const char *c = text; *c != '\0'; c++) {
		if (*c == '<')
			str_append(out, "&lt;");
		else if (*c == '>')
			str_append(out, "&gt;");
		else if (*c == '&')
			str_append(out, "&amp;");
		else if (*c == '"')
			str_append(out, "&quot;");
		else if ((unsigned char) *c < ' ')
			str_append_char(out, *c == '\n' || *c == '\t' ? ' ' : '?');
		else
			str_append_char(out, *c);
	}
}

static void append_property(Str *out, const char *name, const char *value)
{
	str_printf(out, "      <property name=\"%s\" value=\"", name);
	append_xml(out, value);
	str_append(out, "\"/>\n");
}

static void append_properties(Str *out, const DemoReport *report, Arena *arena)
{
	str_append(out, "    <properties>\n");
	append_property(out, "engine", report->engine);
	append_property(out, "nodes", arena_printf(arena, "%zu", report->node_count));
	append_property(out, "users", arena_printf(arena, "%lld", (long long) report->users));
	append_property(out, "seed", arena_printf(arena, "%llu", (unsigned long long) report->seed));
	if (report->has_work) {
		append_property(out, "tps", arena_printf(arena, "%.1f", report->tps));
		append_property(out, "errors", arena_printf(arena, "%lld", (long long) report->errors));
		append_property(out, "longest_write_ms", arena_printf(arena, "%.3f", report->longest_write.ms));
	}
	if (report->cache != NULL) {
		append_property(out, "cache_hit_ratio", arena_printf(arena, "%.3f", report->cache->hit_ratio));
		int64_t fallbacks = report->cache->reads[0].fallbacks + report->cache->reads[1].fallbacks;

		append_property(out, "cache_fallbacks", arena_printf(arena, "%lld", (long long) fallbacks));
		append_property(out, "cache_stale_reads", arena_printf(arena, "%lld", (long long) report->cache->stale));
	}
	if (report->pooler != NULL) {
		append_property(out, "pooler_clients", arena_printf(arena, "%lld", (long long) report->pooler->clients));
		append_property(out, "pooler_server_connections", arena_printf(arena, "%lld", (long long) report->pooler->servers));
		append_property(out, "pooler_wait_mean_ms", arena_printf(arena, "%.3f", report->pooler->wait_mean_ms));
	}
	str_append(out, "    </properties>\n");
}

static void append_case(Str *out, const DemoReport *report, const DemoCheck *check)
{
	str_printf(out, "    <testcase classname=\"citusctl.demo.%s\" name=\"", report->engine);
	append_xml(out, check->name);
	str_printf(out, "\" time=\"%.3f\">\n", check->seconds);
	if (check->passed) {
		str_append(out, "      <system-out>");
		append_xml(out, check->detail);
		str_append(out, "</system-out>\n");
	} else {
		str_append(out, "      <failure message=\"");
		append_xml(out, check->detail);
		str_append(out, "\"/>\n");
	}
	str_append(out, "    </testcase>\n");
}

const char *demo_junit_text(const DemoReport *report, Arena *arena)
{
	Str out = STR_INIT;
	size_t failed = 0;

	for (size_t i = 0; i < report->check_count; i++)
		failed += report->checks[i].passed ? 0 : 1;
	str_printf(&out,
	           "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
	           "  <testsuite name=\"citusctl demo\" tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"0\" time=\"%.3f\"",
	           report->check_count, failed, report->load_s + report->work_s + report->verify_s);
	if (report->started_at != NULL)
		str_printf(&out, " timestamp=\"%.19s\"", report->started_at);
	str_append(&out, ">\n");
	append_properties(&out, report, arena);
	for (size_t i = 0; i < report->check_count; i++)
		append_case(&out, report, &report->checks[i]);
	str_append(&out, "  </testsuite>\n</testsuites>\n");

	const char *copy = arena_strdup(arena, str_text(&out));

	str_free(&out);
	return copy;
}

bool demo_junit_write_failure(const char *path, const Err *failure, Arena *arena, Err *err)
{
	Str out = STR_INIT;

	str_append(&out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
	                 "  <testsuite name=\"citusctl demo\" tests=\"1\" failures=\"0\" errors=\"1\" skipped=\"0\" time=\"0\">\n"
	                 "    <testcase classname=\"citusctl.demo\" name=\"demo\" time=\"0\">\n      <error message=\"");
	append_xml(&out, failure->message != NULL ? failure->message : "failed");
	str_append(&out, "\">");
	append_xml(&out, failure->detail != NULL ? failure->detail : "");
	str_append(&out, "</error>\n    </testcase>\n  </testsuite>\n</testsuites>\n");

	bool ok = shell_put_here(path, arena_strdup(arena, str_text(&out)), err);

	str_free(&out);
	return ok;
}

bool demo_junit_write(const char *path, const DemoReport *report, Arena *arena, Err *err)
{
	return shell_put_here(path, demo_junit_text(report, arena), err);
}
