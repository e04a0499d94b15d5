/*
 * ops/check.h - examines the hosts and servers of a cluster and changes nothing.
 *
 * What can be looked at depends on what is there: hosts before the first init,
 * servers once they run, SQL alone where somebody else runs them.
 *
 * Ownership: everything lives in the arena given.
 */
#ifndef CITUSCTL_OPS_CHECK_H
#define CITUSCTL_OPS_CHECK_H

#include "run/session.h"

typedef enum Verdict { VERDICT_PASS, VERDICT_WARN, VERDICT_FAIL } Verdict;

typedef struct CheckResult {
	const char *node;    /* or "cluster": of all together */
	const char *check;   /* such as "disk" */
	Verdict verdict;
	const char *message; /* measured and wanted, and what to do when it is not so */
} CheckResult;

typedef struct Check {
	CheckResult *items;
	size_t count, capacity;
	size_t failed, warned;

	/* [from * node_count + to]: whether a node could log in to another as every role it
	 * has to: 0 not tried, 1 yes, -1 no. */
	int *logins;
} Check;

/* Fails only when nothing could be looked at, or on Ctrl-C: what is wrong is a result. */
bool check_run(Session *session, Arena *arena, Check *check, Err *err) MUST_CHECK;

#endif
