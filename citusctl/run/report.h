/*
 * run/report.h - what a plan did: step x host -> outcome, time, error.
 *
 * Ownership: report_new() and report_free(); texts live in the report's arena.
 * Threads:   while a plan runs each slot is written by its host's thread only.
 */
#ifndef CITUSCTL_RUN_REPORT_H
#define CITUSCTL_RUN_REPORT_H

#include "run/step.h"

typedef struct Slot {
	Outcome outcome;
	int64_t took_us;
	const char *said; /* NULL, or what was done */
	const Difference *differences; /* that were found */
	size_t difference_count;
	Err err;          /* of OUTCOME_FAILED */
} Slot;

typedef struct Report {
	Arena *arena;
	const Step *steps;
	size_t step_count;
	const Cluster *cluster; /* its nodes are the hosts */
	Slot *slots;            /* [step * node_count + node] */
	int64_t took_us;
	bool dry;
} Report;

Report *report_new(const Step *steps, const Cluster *cluster, bool dry);
void report_free(Report *report); /* NULL is allowed */

Slot *report_slot(const Report *report, size_t step, size_t node);

/* Of one step over all hosts: failed, else changed, else unchanged, else not run. */
Outcome report_step_outcome(const Report *report, size_t step);
size_t report_count(const Report *report, Outcome outcome);

/* How many differences there are that nobody but people mend. */
size_t report_count_left(const Report *report);

/* The first failure in plan order, or NULL. */
const Err *report_failure(const Report *report);
const char *outcome_name(Outcome outcome);

#endif
