/*
 * ops/placement.h - the placement rules of the description: which nodes may hold
 * the shards of a table, and the same as a strategy of Citus' own rebalancer.
 *
 * Errors:    as the servers say.
 * Ownership: results live in the arena given.
 */
#ifndef CITUSCTL_OPS_PLACEMENT_H
#define CITUSCTL_OPS_PLACEMENT_H

#include "run/session.h"

/* A table of the description that asks for labels. */
typedef struct Placed {
	const Table *table;
	int64_t oid;        /* 0: it doesn't exist yet */
	int64_t colocation; /* 0: it isn't distributed yet */
} Placed;

typedef struct PlacedList {
	Placed *items;
	size_t count;
} PlacedList;

/* Whether the node has the labels that the table asks for; node NULL: it has none. */
bool placement_fits(const Node *node, const Table *table);

/* The first label that it lacks; NULL: it fits. */
const Pair *placement_lacking(const Node *node, const Table *table);

/* Looked up as the application role finds them. */
bool placement_read(const Session *session, Arena *arena, PlacedList *placed, Err *err) MUST_CHECK;

/*
 * Registers capacities and placement rules with Citus, where there are any and
 * where the engine has rebalance strategies; nothing when they stand there
 * already.  pg is the superuser's, to the coordinator.  Where that is an ordinary login, which
 * may not, rules that stand there stay as they are: *stale says that they are others.
 */
bool placement_register(const Session *session, Pg *pg, bool dry, Arena *arena, bool *changed, bool *stale, Err *err) MUST_CHECK;

/*
 * Distributes a table that heads a colocation group of its own onto the nodes
 * that may hold it, in one transaction of the superuser as the table's owner.
 * values: the parameters of create_distributed_table.sql, the table as its number.
 */
bool placement_distribute(const Session *session, Pg *pg, const Table *table, const char *const values[4],
                          Arena *arena, Err *err) MUST_CHECK;

/* Whether the table, or one that is colocated with it, asks for labels. */
bool placement_has_rule(const Cluster *cluster, const Table *table);

#endif
