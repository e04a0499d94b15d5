/*
 * cli/rebalance_live.h - a plan for the servers there are: shown, kept in a file,
 * or run; shared by the verbs that move shards.
 */
#ifndef CITUSCTL_CLI_REBALANCE_LIVE_H
#define CITUSCTL_CLI_REBALANCE_LIVE_H

#include "cli/command.h"
#include "ops/rebalance.h"

typedef struct LiveOptions {
	bool dry_run;
	bool exit_code;       /* with dry_run: status 3 when there is something to do */
	const char *plan_out; /* NULL, or where the plan is written */
	const char *again;    /* the command that continues, for people */
	int64_t max_rate;
	double max_seconds;
	double node_wait_s; /* 0: the usual */
} LiveOptions;

/* "citusctl" as it was called: with the description it was given, for commands that are told. */
const char *rebalance_program(const Call *call);

/* The locks of a verb that moves shards; operation_end() ends it. */
bool rebalance_begin(Session *session, Err *err) MUST_CHECK;

/*
 * Checks, then shows (dry run) or runs the plan, prints result and next command.
 * The session is attached, and locked unless it is a dry run.
 */
bool rebalance_live(Call *call, Rebalance *rebalance, const LiveOptions *options, Err *err) MUST_CHECK;

#endif
