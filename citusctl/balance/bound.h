/*
 * balance/bound.h - what no plan can beat.  Each bound is a theorem about every
 * plan, so that it certifies whatever the heuristics find.  Inside balance/ only.
 */
#ifndef CITUSCTL_BALANCE_BOUND_H
#define CITUSCTL_BALANCE_BOUND_H

#include "balance/instance.h"

/* No assignment that keeps the rules has a smaller max utilization. */
double bound_utilization(const Instance *instance);

/*
 * An assignment whose open nodes are all within the utilization has moved at
 * least so many bytes, and at least so many groups.  home has its lists.
 */
void bound_moving(const Assignment *home, double utilization, int64_t *bytes, int64_t *moves);

#define SUBSET_EXACT_MAX 20

/*
 * Of at most SUBSET_EXACT_MAX sizes, those with the smallest sum of at least
 * need, as bits; of equal sums one with few members.  0 when there is none.
 */
uint32_t subset_at_least(const int64_t sizes[], uint32_t count, int64_t need);

#endif
