#include "demo/series.h"

#include <stdlib.h>
#include <string.h>

void series_open(Series *series, int64_t start_us, int planned_s)
{
	int width = planned_s / SERIES_STEPS + 1;

	series_free(series);
	memset(series, 0, sizeof(*series));
	series->start_us = start_us;
	series->step_us = (int64_t) width * 1000000;
	series->last_write_us = start_us;
}

static DemoPoint point_of(const Latency *latency, int64_t errors)
{
	return (DemoPoint) {
		.count = latency->count,
		.errors = errors,
		.p50_ms = (float) latency_ms(latency, 0.50),
		.p95_ms = (float) latency_ms(latency, 0.95),
		.p99_ms = (float) latency_ms(latency, 0.99),
		.max_ms = (float) latency->max_us / 1000.0f,
	};
}

/* The step under way is over. */
static void end_step(Series *series, double seconds)
{
	if (series->count == series->capacity) {
		series->capacity = series->capacity > 0 ? series->capacity * 2 : 128;
		series->steps = xrealloc(series->steps, series->capacity * sizeof(DemoStep));
	}

	DemoStep *step = &series->steps[series->count++];
	Latency all = {.count = 0};
	int64_t errors = 0;

	step->seconds = seconds;
	for (int i = 0; i < DEMO_OPERATIONS; i++) {
		step->operations[i] = point_of(&series->now[i], series->errors[i]);
		latency_merge(&all, &series->now[i]);
		latency_merge(&series->sums[i], &series->now[i]);
		errors += series->errors[i];
		series->all_errors[i] += series->errors[i];
	}
	step->all = point_of(&all, errors);
	memset(series->now, 0, sizeof(series->now));
	memset(series->errors, 0, sizeof(series->errors));
}

/* Ends the steps that are over at this time. */
static void advance(Series *series, int64_t at_us)
{
	while (at_us - series->start_us >= (int64_t) (series->count + 1) * series->step_us)
		end_step(series, (double) series->step_us / 1e6);
}

static void note_stall(DemoStall *longest, int64_t us, int64_t at_us)
{
	if ((double) us / 1000.0 > longest->ms)
		*longest = (DemoStall) {(double) us / 1000.0, at_us > us ? (double) (at_us - us) / 1e6 : 0};
}

void series_add(Series *series, int op, bool is_write, int64_t us, int64_t at_us)
{
	advance(series, at_us);
	latency_add(&series->now[op], us);
	if (!is_write)
		return;
	note_stall(&series->longest_write, us, at_us - series->start_us);
	note_stall(&series->longest_pause, at_us - series->last_write_us, at_us - series->start_us);
	series->last_write_us = at_us;
}

void series_error(Series *series, int op, int64_t at_us)
{
	advance(series, at_us);
	series->errors[op]++;
}

void series_close(Series *series, int64_t end_us, Arena *arena, DemoReport *report)
{
	advance(series, end_us);

	double rest_s = (double) (end_us - series->start_us - (int64_t) series->count * series->step_us) / 1e6;

	/* A sliver of a step would show as a dip; its operations are in the sums either way. */
	end_step(series, rest_s);
	report->step_count = series->count;
	if (rest_s < (double) series->step_us / 2e6 && series->count > 1)
		report->step_count--;
	report->steps = arena_array(arena, series->count, sizeof(DemoStep));
	memcpy(report->steps, series->steps, series->count * sizeof(DemoStep));
	report->step_s = (double) series->step_us / 1e6;
	report->longest_write = series->longest_write;
	report->longest_write_pause = series->longest_pause;
	for (int i = 0; i < DEMO_OPERATIONS; i++) {
		report->histograms[i] = arena_alloc(arena, sizeof(Latency));
		memcpy(report->histograms[i], &series->sums[i], sizeof(Latency));
	}
}

void series_free(Series *series)
{
	free(series->steps);
	series->steps = NULL;
}
