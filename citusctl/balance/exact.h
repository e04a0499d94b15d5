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
bool exact_bytes(const Assignment *home, Assignment *best, const int64_t budget[]);

/* The fewest moves of any assignment within the budgets, below known; false: not found out. */
bool exact_moves(const Assignment *home, const int64_t budget[], size_t known, size_t *moves);

#endif
