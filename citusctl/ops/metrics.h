/*
 * ops/metrics.h - what a monitoring system wants to know of a cluster.
 *
 * A node that is down is a value, not an error; what cannot be told because of
 * it is left out.  A coordinator that is down leaves what the nodes themselves
 * say.
 *
 * Ownership: everything lives in the arena given.
 */
#ifndef CITUSCTL_OPS_METRICS_H
#define CITUSCTL_OPS_METRICS_H

#include "ops/status.h"

typedef struct NodeMetrics {
	const char *name;
	const char *role;
	bool is_up;
	/* when it is up: */
	int64_t prepared; /* transactions */
	double prepared_oldest_s;
	int64_t slots;
	int64_t slots_inactive;
	int64_t slots_retained_bytes;
	int64_t subscriptions;
	int64_t publications;
	int64_t connections;
	int64_t database_bytes;
} NodeMetrics;

typedef struct Metrics {
	NodeMetrics *nodes;
	size_t node_count;

	bool has_status; /* the coordinator answers, and the rest is filled */
	Status status;
	int64_t cleanup_records;
	int64_t operations_running;

	bool has_moves; /* false while a node of theirs is down */
	int64_t moves;
	int64_t moves_bytes;
	int64_t moves_bytes_done;

	const char *demo; /* the last demo's summary, JSON; NULL: there was none */
	double demo_finished_s; /* since 1970 */
} Metrics;

/* False only when interrupted, or when a node that answers cannot be asked. */
bool metrics_read(const Session *session, Arena *arena, Metrics *metrics, Err *err) MUST_CHECK;

/* Keeps a demo's summary (JSON) for the metrics. */
bool metrics_keep_demo(const Session *session, const char *summary, Err *err) MUST_CHECK;

#endif
