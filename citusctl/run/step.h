/*
 * run/step.h - one step of a plan: look, and act only if needed.
 *
 * A plan is a table of steps.  Steps of one scope run in order on each host,
 * hosts in parallel; a barrier stands where the scope changes.  A step is
 * idempotent: running a plan twice yields only OUTCOME_UNCHANGED.
 */
#ifndef CITUSCTL_RUN_STEP_H
#define CITUSCTL_RUN_STEP_H

#include "run/host.h"

typedef enum Scope { ON_COORDINATOR, ON_EVERY_NODE } Scope;

typedef enum Outcome {
	OUTCOME_NOT_RUN,
	OUTCOME_UNCHANGED,
	OUTCOME_CHANGED,
	OUTCOME_FAILED,
} Outcome;

typedef struct Step {
	const char *title; /* "start the server"; NULL ends the table */
	Scope scope;

	/* Looks and acts; when host->dry it only looks.  *outcome is
	 * OUTCOME_CHANGED when something was (dry: would be) done, and
	 * host_say() tells what. */
	bool (*ensure)(Host *host, Outcome *outcome, Err *err);
} Step;

#endif
