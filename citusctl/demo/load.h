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

/* How far the load of all tables is. */
typedef struct LoadProgress {
	int64_t since_us; /* when it began */
	int64_t done;     /* rows of the tables that are loaded */
	int64_t total;    /* of all tables */
} LoadProgress;

/* One table; *rows counts what went in. */
bool load_table(Pg *pg, const DemoEngine *engine, const Generator *generator, DemoTable table,
                const DemoOptions *options, const LoadProgress *progress, int64_t *rows, Err *err) MUST_CHECK;

#endif
