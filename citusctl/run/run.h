/*
 * run/run.h - runs a plan: one thread a host, barriers where the scope changes.
 *
 * A host that fails stops; the others finish their phase; the barrier then ends
 * the plan.  Ctrl-C ends it the same way.  The report is filled either way.
 */
#ifndef CITUSCTL_RUN_RUN_H
#define CITUSCTL_RUN_RUN_H

#include "run/report.h"

/* Told of every finished slot, one call at a time, from any thread. */
typedef struct RunWatcher {
	void (*finished)(void *context, const Report *report, size_t step, size_t node);
	void *context;
} RunWatcher;

/*
 * True when no slot failed; otherwise err is the first failure in plan order,
 * with the step and the node in front.  watcher may be NULL.
 */
bool run_plan(Session *session, const Step *steps, bool dry, const RunWatcher *watcher,
              Report **report, Err *err) MUST_CHECK;

#endif
