/*
 * demo/series.h - what the workload did, second by second and in sum.
 *
 * Each operation that ends is counted in the second in which it ended.  Of the
 * second under way the whole distribution is kept, of those that are over the
 * percentiles: a series takes about 200 bytes a second, however much happens.
 * Long runs get wider steps than a second.
 *
 * Ownership: series_free() releases what series_open() made; what series_close()
 *            hands out lives in the arena.
 * Threads:   used by one thread at a time.
 */
#ifndef CITUSCTL_DEMO_SERIES_H
#define CITUSCTL_DEMO_SERIES_H

#include "demo/demo.h"
#include "demo/latency.h"

/* Steps are as wide as needed for this many of them, unless a run is longer than planned. */
#define SERIES_STEPS 1800

typedef struct Series {
	int64_t start_us;
	int64_t step_us;
	DemoStep *steps;
	size_t count; /* complete ones */
	size_t capacity;
	Latency now[DEMO_OPERATIONS];  /* of the step under way */
	int64_t errors[DEMO_OPERATIONS];
	Latency sums[DEMO_OPERATIONS]; /* of the whole run */
	int64_t all_errors[DEMO_OPERATIONS];
	int64_t last_write_us; /* when a write was acknowledged last */
	DemoStall longest_write;
	DemoStall longest_pause;
} Series;

/* Begins at start_us, in clock_us(), for a run planned to take so many seconds. */
void series_open(Series *series, int64_t start_us, int planned_s);

/* An operation that took us ended at at_us. */
void series_add(Series *series, int op, bool is_write, int64_t us, int64_t at_us);
void series_error(Series *series, int op, int64_t at_us);

/* The run ended at end_us: what there is to report of it, into the arena. */
void series_close(Series *series, int64_t end_us, Arena *arena, DemoReport *report);
void series_free(Series *series);

#endif
