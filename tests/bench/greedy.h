/*
 * tests/bench/greedy.h - a baseline: a planner by the rules that Citus follows,
 * written from a description of them, as something to compare with.
 *
 * Each colocation group with at least as many shard groups as there are nodes is
 * balanced by itself, blind to the others; the others are balanced together.
 * First what may not stay goes to the emptiest node; then single moves from the
 * fullest to the emptiest, the largest that helps, until all are within the
 * threshold of the mean.  A move that helps less than half of what it adds is
 * left out.
 */
#ifndef CITUSCTL_TESTS_GREEDY_H
#define CITUSCTL_TESTS_GREEDY_H

#include "balance/problem.h"

typedef struct GreedyResult {
	int64_t bytes; /* of all moves, those of groups that move twice included */
	size_t moves;
	double max_utilization;
} GreedyResult;

GreedyResult greedy_plan(const BalanceProblem *problem, double improvement_threshold);

#endif
