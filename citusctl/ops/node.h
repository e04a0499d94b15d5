/*
 * ops/node.h - nodes taken in and out of a running cluster.
 *
 * The caller has attached or claimed the session and holds its lock; the
 * operation of the journal is begun and ended by the caller too.
 *
 * Everything may be interrupted: the same call finishes the job.
 *
 * Ownership: results live in the arena given.
 */
#ifndef CITUSCTL_OPS_NODE_H
#define CITUSCTL_OPS_NODE_H

#include "ops/fence.h"
#include "ops/members.h"
#include "ops/rebalance.h"
#include "run/run.h"

/* What bringing nodes in did, beside its report. */
typedef struct NodeAddition {
	size_t opened;         /* nodes that were closed to shards, by a drain */
	const char *unreached; /* names of nodes that do not let the new ones in yet, as their hosts could
	                        * not be reached; in the session's arena, NULL: none */
} NodeAddition;

/*
 * Brings described workers in: server, roles, database, engine, registration,
 * copies of the reference tables, and only then shards are welcome.  selected has
 * a member for each node of the description; nodes that are neither selected nor
 * registered are left alone.
 */
bool node_add(Session *session, const bool *selected, const RunWatcher *watcher, Report **report, NodeAddition *addition,
              Err *err) MUST_CHECK;

/* What taking a node out did. */
typedef struct NodeRemoval {
	const char *name;    /* in: of the description, or host:port */
	bool lost;           /* in: the node is gone for good, with what only it holds */
	const RebalanceOptions *moves; /* in: how shards are moved, and who watches */
	bool already;        /* it was no node of the cluster any more */
	int64_t moved;       /* shards that were moved to other nodes */
	int64_t lost_shards; /* that are gone */
	Fence fence;
} NodeRemoval;

/* A table that loses shards when a node is given up. */
typedef struct Loss {
	const char *table;
	int64_t shards; /* that stand on this node only */
	int64_t of;     /* shards that the table has */
	const char *ids;
} Loss;

typedef struct LossList {
	Loss *items;
	size_t count;
	int64_t shards; /* of all tables */
} LossList;

/* What would be lost with a registered node. */
bool node_losses(Session *session, const char *name, Arena *arena, LossList *losses, Err *err) MUST_CHECK;

/*
 * Moves the node's shards to others, proves that none is left, takes the node
 * out, and fences it.  With lost nothing is moved: what stood on that node only
 * is given up.  ERR_REFUSED: not a worker, nowhere to move its shards to, or lost
 * and its server answers.  ERR_UNREACHABLE: it is down and not said to be lost.
 */
bool node_remove(Session *session, NodeRemoval *removal, Arena *arena, Err *err) MUST_CHECK;

/* Moves the node's shards away and keeps new ones off it; *moved counts them. */
bool node_drain(Session *session, const char *name, const RebalanceOptions *moves, Arena *arena, int64_t *moved, Err *err) MUST_CHECK;

/* Waits until the server of a node answers a query. */
bool node_wait(const Session *session, const Node *node, Err *err) MUST_CHECK;

#endif
