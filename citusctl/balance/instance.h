/*
 * balance/instance.h - a problem made ready for planning: rules resolved, groups
 * sorted, sums taken; and assignments of its groups to nodes.  Used inside
 * balance/ only.
 *
 * A class is the set of open nodes that some groups may be on: one for each
 * NodeSet, and one for each node that has pinned groups.
 *
 * Ownership: an instance lives in its arena, an assignment until
 *            assignment_free().
 * Threads:   an instance may be read by several, an assignment is for one.
 */
#ifndef CITUSCTL_BALANCE_INSTANCE_H
#define CITUSCTL_BALANCE_INSTANCE_H

#include "balance/problem.h"
#include "util/err.h"

typedef struct NodeClass {
	const uint32_t *nodes; /* open ones, ascending */
	uint32_t count;
	int64_t bytes; /* of its groups */
	size_t groups;
	double most_capacity; /* of one of its nodes */
} NodeClass;

typedef struct Instance {
	Arena *arena;
	const BalanceProblem *problem;
	const BalanceGroup *groups;
	uint32_t group_count;
	uint32_t node_count;
	uint32_t open_count;
	const bool *open;
	const double *capacity; /* 0 when not open */
	double total_capacity;
	double most_capacity;
	int64_t total; /* bytes of all groups */
	const NodeClass *classes;
	uint32_t class_count;
	const uint32_t *by_size; /* all groups, the largest first */
} Instance;

/* ERR_USAGE when the numbers are wrong or a group has nowhere to be. */
bool instance_make(Instance *instance, Arena *arena, const BalanceProblem *problem, Err *err) MUST_CHECK;

static inline uint32_t instance_class(const Instance *instance, uint32_t group)
{
	const BalanceGroup *g = &instance->groups[group];

	return g->pinned ? (uint32_t) instance->problem->set_count + g->node : g->allowed;
}

static inline bool instance_may(const Instance *instance, uint32_t group, uint32_t node)
{
	const BalanceGroup *g = &instance->groups[group];

	return instance->open[node] &&
	       (g->pinned ? g->node == node : problem_set_has(instance->problem, g->allowed, node));
}

/* A rule wants the group away from where it is. */
static inline bool instance_forced(const Instance *instance, uint32_t group)
{
	return !instance_may(instance, group, instance->groups[group].node);
}

/* The groups of a node, the largest first. */
typedef struct GroupList {
	uint32_t *items;
	uint32_t count;
	uint32_t capacity;
} GroupList;

typedef struct Assignment {
	const Instance *instance;
	uint32_t *place; /* of each group; NOWHERE: none yet */
	int64_t *load;   /* bytes of each node */
	GroupList *lists; /* NULL until assignment_list() */
} Assignment;

#define NOWHERE UINT32_MAX

/* Every group at home, or nowhere. */
Assignment *assignment_new(const Instance *instance, bool at_home);
Assignment *assignment_copy(const Assignment *from); /* without lists */
void assignment_free(Assignment *assignment);

/* Makes the lists, which assignment_move() then keeps up to date. */
void assignment_list(Assignment *assignment);
void assignment_move(Assignment *assignment, uint32_t group, uint32_t to);

/* The first of a list that has at most so many bytes. */
uint32_t list_first_at_most(const Instance *instance, const GroupList *list, int64_t bytes);

/* Of open nodes. */
double assignment_max(const Assignment *assignment, uint32_t *node);

/* What moving has cost, against home. */
int64_t assignment_bytes(const Assignment *assignment, size_t *moves);

/* The bytes that a node of this capacity has at this utilization. */
int64_t bytes_at(double utilization, double capacity);

#endif
