/*
 * demo/engine.h - all that the demo does differently on the two engines.
 *
 * Threads: constant data.
 */
#ifndef CITUSCTL_DEMO_ENGINE_H
#define CITUSCTL_DEMO_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "util/err.h"

typedef struct DemoEngine {
	const char *name;

	/*
	 * Rows gathered in a temporary table for one INSERT .. SELECT, or 0: COPY
	 * goes straight into the table.  postgres_fdw sends rows in batches only
	 * for INSERT .. SELECT before PostgreSQL 16.
	 */
	int64_t stage_rows;

	/* Throws the rows of earlier runs away, but no row of a table that is not the demo's. */
	const char *empty;

	const char *session; /* settings of a session of the workload, or NULL */
	/* BEGIN with the same for one transaction: sessions behind a pooler are anybody's. */
	const char *begin_pooled;
	/* Settings with which a statement for one shard needs no other node, or NULL: it never does. */
	const char *lonely_session;
	const char *join_session; /* settings in which the join's plan is looked at, or NULL */

	/* Stands in a plan before the number of shards; NULL: the shards themselves are named. */
	const char *task_word;

	/* Whether the plan of an INSERT .. VALUES tells the shard. */
	bool plans_inserts;

	/* Stands in a plan once for each pair of shards joined on a worker; NULL: task_word tells. */
	const char *join_word;

	/* Stands in a plan when rows are fetched before they are joined, or NULL. */
	const char *fetch_word;

	/* NULL: every node serves clients.  Else why only the coordinator does, a sentence. */
	const char *only_coordinator;

	/* A transaction over several workers is done everywhere or nowhere, whatever breaks. */
	bool is_atomic;

	bool has_columnar;

	/* Completes or gives back what a commit over several nodes left open; NULL: there is nothing such. */
	const char *recover;

	const char *single_note; /* added to the details of these checks, "" if there is nothing to say */
	const char *join_note;
} DemoEngine;

/* NULL, with err filled, for an unknown name. */
const DemoEngine *demo_engine_find(const char *name, Err *err) MUST_CHECK;

#endif
