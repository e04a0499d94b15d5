#include "cli/output.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/str.h"

bool output_colour(FILE *stream)
{
	const char *off = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	return (off == NULL || *off == '\0') && isatty(fileno(stream)) != 0 && !str_equal(term, "dumb");
}

const char *output_paint(Arena *arena, bool colour, const char *sgr, const char *text)
{
	return colour ? arena_printf(arena, "\033[%sm%s\033[0m", sgr, text) : text;
}

/* The bytes of a control character that text begins with, of ASCII or of Latin-1 as UTF-8; 0: none. */
static size_t control_at(const char *text, bool lines)
{
	const unsigned char *at = (const unsigned char *) text;

	if (lines && (*at == '\n' || *at == '\t'))
		return 0;
	if (*at < 0x20 || *at == 0x7F)
		return 1;
	return *at == 0xC2 && at[1] >= 0x80 && at[1] < 0xA0 ? 2 : 0;
}

const char *output_safe(Arena *arena, const char *text, bool lines)
{
	const char *at = text;
	Str safe = STR_INIT;

	while (*at != '\0' && control_at(at, lines) == 0)
		at++;
	if (*at == '\0')
		return text;
	for (at = text; *at != '\0';) {
		size_t length = control_at(at, lines);

		if (length == 0)
			str_append_char(&safe, *at++);
		for (; length > 0; length--)
			str_printf(&safe, "\\x%02x", (unsigned char) *at++);
	}

	const char *made = arena_strdup(arena, str_text(&safe));

	str_free(&safe);
	return made;
}

/* Columns that text takes: code points, without escape sequences. */
static int width_of(const char *text)
{
	int width = 0;

	for (; *text != '\0'; text++) {
		if (*text == '\033') {
			while (*text != '\0' && *text != 'm')
				text++;
			if (*text == '\0')
				break;
		} else if (((unsigned char) *text & 0xC0) != 0x80) {
			width++;
		}
	}
	return width;
}

static void print_row(FILE *stream, const char *const cells[], const bool right[], const int widths[],
                      size_t columns)
{
	while (columns > 1 && *cells[columns - 1] == '\0') /* no blanks at the end of a line */
		columns--;
	for (size_t c = 0; c < columns; c++) {
		int pad = widths[c] - width_of(cells[c]);
		bool last = c + 1 == columns;

		if (right[c])
			fprintf(stream, "%*s%s", pad, "", cells[c]);
		else if (last)
			fputs(cells[c], stream);
		else
			fprintf(stream, "%s%*s", cells[c], pad, "");
		fputs(last ? "\n" : "  ", stream);
	}
}

void output_table(FILE *stream, const char *const header[], const bool right[], size_t columns,
                  const char *const cells[], size_t rows)
{
	Arena *scratch = arena_new();
	int *widths = arena_array(scratch, columns, sizeof(int));
	const char **dashes = arena_array(scratch, columns, sizeof(char *));

	for (size_t c = 0; c < columns; c++) {
		widths[c] = width_of(header[c]);

		char *line = arena_alloc(scratch, strlen(header[c]) + 1);

		memset(line, '-', strlen(header[c]));
		dashes[c] = line;
		for (size_t r = 0; r < rows; r++)
			if (width_of(cells[r * columns + c]) > widths[c])
				widths[c] = width_of(cells[r * columns + c]);
	}
	print_row(stream, header, right, widths, columns);
	print_row(stream, dashes, right, widths, columns);
	for (size_t r = 0; r < rows; r++)
		print_row(stream, cells + r * columns, right, widths, columns);
	arena_free(scratch);
}

const char *output_bytes(Arena *arena, int64_t bytes)
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB"};
	double value = (double) bytes;
	size_t unit = 0;

	while (value >= 1000 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		value /= 1000;
		unit++;
	}
	return arena_printf(arena, unit == 0 || value >= 100 ? "%.0f %s" : "%.1f %s", value, units[unit]);
}

const char *output_seconds(Arena *arena, int64_t us)
{
	return arena_printf(arena, us < 10000000 ? "%.2f s" : "%.1f s", (double) us / 1e6);
}

static void print_indented(const char *label, const char *text)
{
	fprintf(stderr, "%s", label);
	for (; *text != '\0'; text++) {
		fputc(*text, stderr);
		if (*text == '\n' && text[1] != '\0')
			fputs("        ", stderr);
	}
	if (text[-1] != '\n')
		fputc('\n', stderr);
}

void output_error(const Globals *globals, const Err *err)
{
	const char *message = err->message != NULL ? err->message : "failed";

	if (globals->json) {
		Json *document = json_object();
		Json *error = json_add_object(document, "error");

		json_add_text(error, "message", message);
		json_add_int(error, "status", err->kind);
		if (err->node != NULL)
			json_add_text(error, "node", err->node);
		if (*err->sqlstate != '\0')
			json_add_text(error, "sqlstate", err->sqlstate);
		if (err->detail != NULL)
			json_add_text(error, "detail", err->detail);
		if (err->hint != NULL)
			json_add_text(error, "hint", err->hint);
		output_json(document);
	}

	Arena *scratch = arena_new();
	bool colour = output_colour(stderr);

	fflush(stdout);
	fprintf(stderr, "%s %s\n", output_paint(scratch, colour, "1;31", "citusctl:"),
	        output_safe(scratch, message, true));
	if (err->detail != NULL && *err->detail != '\0')
		print_indented("detail: ", output_safe(scratch, err->detail, true));
	if (err->hint != NULL && *err->hint != '\0')
		print_indented(output_paint(scratch, colour, "1", "hint:   "), output_safe(scratch, err->hint, true));
	arena_free(scratch);
}

void output_json(Json *document)
{
	char *text = json_print(document, true);

	puts(text);
	free(text);
	json_free(document);
}

static const char *mark(Arena *arena, bool colour, Outcome outcome, bool dry)
{
	switch (outcome) {
		case OUTCOME_CHANGED:
			return output_paint(arena, colour, "32", dry ? "to do" : "changed");
		case OUTCOME_FAILED:
			return output_paint(arena, colour, "1;31", "failed");
		case OUTCOME_UNCHANGED:
		case OUTCOME_NOT_RUN:
			break;
	}
	return outcome_name(outcome);
}

/* One line for each slot that did something; what was fine already is silent. */
static void slot_finished(void *context, const Report *report, size_t step, size_t node)
{
	const Globals *globals = context;
	const Slot *slot = report_slot(report, step, node);

	if (slot->outcome == OUTCOME_UNCHANGED && !globals->verbose)
		return;

	Arena *scratch = arena_new();
	bool colour = output_colour(stderr);

	fprintf(stderr, "  %-12s %-34s %s%s%s\n", report->cluster->nodes[node].name,
	        report->steps[step].title, mark(scratch, colour, slot->outcome, report->dry),
	        slot->said != NULL ? "  " : "", slot->said != NULL ? slot->said : "");
	arena_free(scratch);
}

const RunWatcher *output_watcher(const Globals *globals, RunWatcher *watcher)
{
	*watcher = (RunWatcher) {slot_finished, (void *) (uintptr_t) globals};
	return globals->quiet ? NULL : watcher;
}

static void add_differences(Json *step, const Slot *slot)
{
	Json *differences = json_add_array(step, "differences");

	for (size_t i = 0; i < slot->difference_count; i++) {
		Json *one = json_add_object(differences, NULL);

		json_add_text(one, "difference", slot->differences[i].text);
		json_add_bool(one, "mended", slot->differences[i].mended);
	}
}

Json *output_report_json(const Report *report)
{
	Json *document = json_object();
	Json *steps = json_add_array(document, "steps");

	for (size_t s = 0; s < report->step_count; s++) {
		for (size_t n = 0; n < report->cluster->node_count; n++) {
			const Slot *slot = report_slot(report, s, n);

			if (slot->outcome == OUTCOME_NOT_RUN)
				continue;

			Json *one = json_add_object(steps, NULL);

			json_add_text(one, "step", report->steps[s].title);
			json_add_text(one, "node", report->cluster->nodes[n].name);
			json_add_text(one, "outcome", outcome_name(slot->outcome));
			json_add_double(one, "seconds", (double) slot->took_us / 1e6);
			if (slot->said != NULL)
				json_add_text(one, "detail", slot->said);
			if (slot->outcome == OUTCOME_FAILED && slot->err.message != NULL)
				json_add_text(one, "error", slot->err.message);
			if (slot->difference_count > 0)
				add_differences(one, slot);
		}
	}
	json_add_int(document, "changed", (int64_t) report_count(report, OUTCOME_CHANGED));
	json_add_int(document, "differences_left", (int64_t) report_count_left(report));
	json_add_bool(document, "dry_run", report->dry);
	json_add_double(document, "seconds", (double) report->took_us / 1e6);
	return document;
}

void output_plan(const Report *report)
{
	static const char *const header[] = {"Step", "Nodes", "Result", "Details"};
	static const bool right[] = {false, true, false, false};
	Arena *scratch = arena_new();
	bool colour = output_colour(stdout);
	const char **cells = arena_array(scratch, report->step_count * 4, sizeof(char *));

	for (size_t s = 0; s < report->step_count; s++) {
		size_t nodes = 0;
		const char *said = "";

		for (size_t n = 0; n < report->cluster->node_count; n++) {
			const Slot *slot = report_slot(report, s, n);

			if (slot->outcome == OUTCOME_CHANGED) {
				nodes++;
				if (slot->said != NULL && *said == '\0')
					said = slot->said;
			}
		}

		Outcome outcome = report_step_outcome(report, s);

		cells[s * 4] = report->steps[s].title;
		cells[s * 4 + 1] = nodes > 0 ? arena_printf(scratch, "%zu", nodes) : "";
		cells[s * 4 + 2] = mark(scratch, colour, outcome, true);
		cells[s * 4 + 3] = said;
	}
	output_table(stdout, header, right, 4, cells, report->step_count);
	arena_free(scratch);
}

void output_differences(FILE *stream, const Report *report, bool all)
{
	Arena *scratch = arena_new();
	size_t width = 0;
	size_t shown = 0;

	for (size_t n = 0; n < report->cluster->node_count; n++)
		width = strlen(report->cluster->nodes[n].name) > width ? strlen(report->cluster->nodes[n].name) : width;
	for (size_t i = 0; i < report->step_count * report->cluster->node_count; i++) {
		const Slot *slot = &report->slots[i];

		for (size_t k = 0; k < slot->difference_count; k++) {
			const Difference *d = &slot->differences[k];

			if (d->mended && !all)
				continue;
			if (shown++ == 0)
				fprintf(stream, "\n%s\n", all ? "What differs from the description" : "Not as described, and left to people");
			fprintf(stream, "  %-*s  %s%s\n", (int) width, report->cluster->nodes[i % report->cluster->node_count].name, d->text,
			        d->mended || !all ? "" : output_paint(scratch, output_colour(stream), "33", "  (left to people)"));
		}
	}
	arena_free(scratch);
}
