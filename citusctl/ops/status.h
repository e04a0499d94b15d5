/*
 * ops/status.h - what the cluster is: nodes, tables, shards, sizes, balance.
 *
 * Ownership: everything lives in the arena given.
 */
#ifndef CITUSCTL_OPS_STATUS_H
#define CITUSCTL_OPS_STATUS_H

#include "run/session.h"

/* A size that can't be told, because a node is down. */
#define BYTES_UNKNOWN INT64_C(-1)

typedef struct NodeStatus {
	const char *name; /* of the description, or host:port when it isn't in it */
	const char *role; /* "coordinator" or "worker" */
	const char *host;
	int port;
	const char *state; /* "active", "down", "not registered", "inactive", "not described", "removed" */
	int64_t shards;
	int64_t bytes; /* or BYTES_UNKNOWN */
	double capacity;
} NodeStatus;

typedef struct TableStatus {
	const char *name;
	const char *type; /* "distributed" or "reference" */
	const char *distribution_column; /* NULL for reference tables */
	int64_t colocation_id;
	int64_t shard_count;
	int64_t bytes; /* or BYTES_UNKNOWN */
	const char *storage; /* "heap" or "columnar" */
} TableStatus;

typedef struct Status {
	const char *engine;
	const char *version; /* what citus_version() says */
	NodeStatus *nodes;
	size_t node_count;
	TableStatus *tables;
	size_t table_count;
	double max_over_mean; /* fullest worker's bytes for its capacity over the mean; 0: no data, NAN: unknown */
} Status;

/* A worker that is down is a state, a coordinator that is down an error. */
bool status_read(const Session *session, Arena *arena, Status *status, Err *err) MUST_CHECK;

#endif
