/*
 * balance/exact.h - the optimum of small instances, by branch and bound.  Inside
 * balance/ only.
 *
 * The number of nodes of the search tree is limited, so that the same instance
 * takes the same way on any machine.
 */
#ifndef CITUSCTL_BALANCE_EXACT_H
#define CITUSCTL_BALANCE_EXACT_H

#include "balance/instance.h"

#define EXACT_GROUPS_MAX 64
#define EXACT_NODES_MAX 32

/* Whether it is worth trying. */
bool exact_suits(const Instance *instance);

/*
 * Replaces best by an assignment of smaller max utilization if there is one.
 * True: there is none smaller than what best now has.
 */
bool exact_utilization(Assignment *best, double bound);

/*
 * Replaces best (within its budgets) by one that moves fewer bytes, and of those
 * one with fewer moves.  True: nothing within the budgets moves less.
 */
bool exact_bytes(Assignment *best, const int64_t budget[]);

/* The fewest moves of any assignment within the budgets, below known; false: not found out. */
bool exact_moves(const Assignment *home, const int64_t budget[], size_t known, size_t *moves);

/*
 * Places some groups anew among some open nodes, the others staying where they
 * are, if that moves less.  groups: at most EXACT_GROUPS_MAX on these nodes, the
 * largest first.  Returns how much of a search tree it looked at, at most
 * visits_max.
 */
int64_t exact_part(Assignment *best, const int64_t budget[], const uint32_t nodes[], uint32_t node_count,
                   const uint32_t groups[], uint32_t group_count, int64_t visits_max);

#endif
