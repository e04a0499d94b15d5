/*
 * demo/load.h - fills the demo's tables from the generator.
 *
 * Rows are made in one buffer and streamed by COPY: memory stays constant.
 * Threads: runs in the thread that calls it.
 */
#ifndef CITUSCTL_DEMO_LOAD_H
#define CITUSCTL_DEMO_LOAD_H

#include "demo/demo.h"
#include "demo/engine.h"

/* One table; *rows counts what went in. */
bool load_table(Pg *pg, const DemoEngine *engine, const Generator *generator, DemoTable table,
                const DemoOptions *options, int64_t since_us, int64_t *rows, Err *err) MUST_CHECK;

#endif
