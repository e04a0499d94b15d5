/* Random problems for the planner's tests, and a walk through a plan. */
#ifndef CITUSCTL_TESTS_BALANCE_RANDOM_H
#define CITUSCTL_TESTS_BALANCE_RANDOM_H

#include "balance/plan.h"

/* The same seed, the same numbers; below limit. */
uint32_t random_below(uint64_t *seed, uint32_t limit);

typedef struct RandomShape {
	uint32_t nodes_max, groups_max;
	uint32_t bytes_max;
	bool rules;    /* allowed sets, pins, drains */
	bool weighted; /* capacities differ */
	bool skewed;   /* few groups have most of the bytes */
} RandomShape;

BalanceProblem *random_problem(uint64_t *seed, RandomShape shape);

/* The problem after the moves of a plan. */
BalanceProblem *problem_after(const BalanceProblem *problem, const BalancePlan *plan);

/* Aborts the test when the plan breaks a rule, contradicts itself or overfills. */
void expect_sound(const BalanceProblem *problem, const BalancePlan *plan);

/* Whether the moves can be done in this order within the worst of start and end. */
bool order_keeps_limit(const BalanceProblem *problem, const BalancePlan *plan, const BalanceMove moves[]);

#endif
