/*
 * cli/demo_files.h - the demo's report as files: a page to look at, and JUnit's
 * XML for services that run tests.
 *
 * A file is complete or as it was before: it is written under another name first.
 */
#ifndef CITUSCTL_CLI_DEMO_FILES_H
#define CITUSCTL_CLI_DEMO_FILES_H

#include "demo/demo.h"

/* Whether a file can be made there: asked before the work that ends with it. */
bool demo_file_possible(const char *path, Err *err) MUST_CHECK;

/* One page of HTML that loads nothing. */
bool demo_page_write(const char *path, const DemoReport *report, Arena *arena, Err *err) MUST_CHECK;

/* Of a demo that did not come to its checks: one case with its error. */
bool demo_junit_write_failure(const char *path, const Err *failure, Arena *arena, Err *err) MUST_CHECK;

/* One test case for each check. */
bool demo_junit_write(const char *path, const DemoReport *report, Arena *arena, Err *err) MUST_CHECK;

/* The same as texts, for tests. */
const char *demo_page_text(const DemoReport *report, Arena *arena, Err *err) MUST_CHECK;
const char *demo_junit_text(const DemoReport *report, Arena *arena);

#endif
