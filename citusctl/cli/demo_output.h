/*
 * cli/demo_output.h - the demo's report for people and for programs.
 *
 * Threads: any.
 */
#ifndef CITUSCTL_CLI_DEMO_OUTPUT_H
#define CITUSCTL_CLI_DEMO_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#include "demo/demo.h"
#include "util/json.h"

/*
 * Writes the sections that the report has: cluster, load, workload, checks.
 * in_colour: with terminal sequences; in_utf8: with marks beyond ASCII.
 */
void demo_output_text(FILE *out, const DemoReport *report, bool in_colour, bool in_utf8);

/* The text from this column on, where the line stands now, broken between words before the 80th. */
void demo_output_wrapped(FILE *out, int column, const char *text);

/* Adds the report's members to an object. */
void demo_output_json(Json *object, const DemoReport *report);

/* Some members only, for "citusctl metrics": what does not grow with the run. */
void demo_summary_json(Json *object, const DemoReport *report);

#endif
