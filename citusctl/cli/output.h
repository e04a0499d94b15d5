/*
 * cli/output.h - everything that is printed: results on stdout, all else on
 * stderr; one JSON document whatever happens.
 */
#ifndef CITUSCTL_CLI_OUTPUT_H
#define CITUSCTL_CLI_OUTPUT_H

#include <stdio.h>

#include "cli/command.h"
#include "run/run.h"
#include "util/json.h"

/* Colours for a stream: on a terminal, unless NO_COLOR. */
bool output_colour(FILE *stream);

/* text in the colour (an SGR parameter such as "1;31"), or plain. */
const char *output_paint(Arena *arena, bool colour, const char *sgr, const char *text);

/* A name from elsewhere, so that it cannot steer the terminal: control characters
 * are shown as \x1b; lines: line feeds and tabs stay. */
const char *output_safe(Arena *arena, const char *text, bool lines);

/* A table: no borders, two spaces between columns, a line of dashes below the
 * header.  cells has rows * columns texts; right[column]: aligned right. */
void output_table(FILE *stream, const char *const header[], const bool right[], size_t columns,
                  const char *const cells[], size_t rows);

/* 1234567 bytes as "1.2 MB". */
const char *output_bytes(Arena *arena, int64_t bytes);
const char *output_seconds(Arena *arena, int64_t us);

/* What goes wrong: on stderr, or {"error": ...} on stdout. */
void output_error(const Globals *globals, const Err *err);

/* Prints the document on stdout and frees it. */
void output_json(Json *document);

/* Lines of progress while a plan runs, on stderr; NULL when quiet. */
const RunWatcher *output_watcher(const Globals *globals, RunWatcher *watcher);

/* A plan's report: {"steps": [...]} for JSON, a summary for people. */
Json *output_report_json(const Report *report);
void output_plan(const Report *report); /* of a dry run, as text */

/* What was found otherwise than described, if anything; all, or only what people have
 * to mend. */
void output_differences(FILE *stream, const Report *report, bool all);

#endif
