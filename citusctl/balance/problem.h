/*
 * balance/problem.h - what the planner is asked: nodes, shard groups, and rules.
 *
 * A shard group is what moves whole: the shards of all tables of a colocation
 * group that hold the same keys.  Nodes and groups are known by their index in
 * the order they were added; names of groups are the caller's business.
 *
 * The load of a node is the bytes of its groups; its utilization is bytes
 * divided by capacity, a weight without a unit.
 *
 * Ownership: the problem owns its arrays and copies of names; problem_free().
 * Errors:    none; a mistake in the numbers is found by plan_make().
 * Threads:   one at a time while it is made, any number read it afterwards.
 */
#ifndef CITUSCTL_BALANCE_PROBLEM_H
#define CITUSCTL_BALANCE_PROBLEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/arena.h"

/* A set of nodes; 0 is every node. */
typedef uint32_t NodeSet;

#define NODES_ALL ((NodeSet) 0)

/* Of one group and of all: sums stay far from the end of int64_t. */
#define BALANCE_BYTES_MAX ((int64_t) 1 << 60)

typedef struct BalanceNode {
	const char *name;
	double capacity;     /* 0: takes no shards */
	bool accepts_shards; /* false: its groups have to leave (a drain) */
} BalanceNode;

typedef struct BalanceGroup {
	int64_t bytes;       /* on disk, with indexes; 0 or more */
	uint32_t colocation; /* groups of one colocation group are kept spread; any number */
	uint32_t node;       /* where it is */
	NodeSet allowed;     /* where it may be */
	bool pinned;         /* it may not move at all */
} BalanceGroup;

typedef struct BalanceProblem {
	const BalanceNode *nodes;
	size_t node_count;
	const BalanceGroup *groups;
	size_t group_count;
	size_t set_count; /* NODES_ALL included */

	/* How far above the best max utilization a plan may stay: 0.05 is 5 %. */
	double threshold;

	/*
	 * Hysteresis: moves that no rule demands are not worth it unless they lower
	 * the max utilization by this fraction.  0: the threshold alone decides.
	 */
	double min_gain;

	/* Puts the name of a group into out, for messages; NULL: its index is said. */
	void (*name_group)(const void *context, uint32_t group, char *out, size_t size);
	const void *context; /* of name_group */

	struct ProblemStore *store;
} BalanceProblem;

/* An empty problem: threshold 0.05, min_gain 0. */
BalanceProblem *problem_new(void);

/* NULL is allowed. */
void problem_free(BalanceProblem *problem);

/* Each returns the index of what was added.  The name is copied. */
uint32_t problem_add_node(BalanceProblem *problem, const char *name, double capacity, bool accepts_shards);
uint32_t problem_add_group(BalanceProblem *problem, BalanceGroup group);

/*
 * The set of these nodes, the same number for the same nodes in any order; all
 * nodes have to be added before.  An empty set is one that nothing satisfies.
 */
NodeSet problem_set(BalanceProblem *problem, const uint32_t nodes[], size_t count);

/* The node takes no shards from now on, and what it has must leave. */
void problem_drain(BalanceProblem *problem, uint32_t node);

/* Room for what is coming, to save memory. */
void problem_reserve(BalanceProblem *problem, size_t groups);

bool problem_set_has(const BalanceProblem *problem, NodeSet set, uint32_t node);

/* Whether the node takes shards at all, and whether it may hold this group. */
bool problem_node_open(const BalanceProblem *problem, uint32_t node);
bool problem_may_hold(const BalanceProblem *problem, uint32_t node, const BalanceGroup *group);

#endif
