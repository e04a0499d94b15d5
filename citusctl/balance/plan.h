/*
 * balance/plan.h - which shard groups move where, in which order, and how good
 * that is, with proof.
 *
 * Goals, in this order: no rule broken; max utilization within the threshold of
 * the best that can be reached; fewest bytes; fewest moves; each colocation
 * group spread over the nodes.  No group is moved twice.
 *
 * Pure: the same problem gives the same plan, on any machine.
 *
 * Ownership: a plan lives in the arena given to plan_make().
 * Errors:    ERR_USAGE with the cause when the rules cannot be met, or when the
 *            problem is malformed.
 * Threads:   any number make plans at a time, each in its own arena.
 */
#ifndef CITUSCTL_BALANCE_PLAN_H
#define CITUSCTL_BALANCE_PLAN_H

#include "balance/problem.h"
#include "util/err.h"

typedef struct BalanceMove {
	uint32_t group, from, to;
	bool forced; /* a rule wants the group away from where it is */
	int64_t bytes;
} BalanceMove;

/*
 * True lower bounds: no plan that keeps the rules reaches a smaller max
 * utilization, and none that is within the threshold of the best moves fewer
 * bytes or makes fewer moves.
 */
typedef struct BalanceBounds {
	double max_utilization;
	int64_t bytes;
	int64_t moves;
} BalanceBounds;

typedef enum PlanVerdict {
	PLAN_MOVES,     /* there is something to do */
	PLAN_BALANCED,  /* nothing to do: within the threshold already */
	PLAN_NOT_WORTH, /* beyond the threshold, but the gain is below min_gain */
} PlanVerdict;

/* What a node holds, before and after. */
typedef struct PlanNode {
	int64_t bytes_before, bytes_after;
	int64_t groups_before, groups_after;
	int64_t bytes_peak; /* the most it holds while the moves run in their order */
} PlanNode;

typedef struct BalancePlan {
	PlanVerdict verdict;
	const BalanceMove *moves; /* in an order in which they may run one by one */
	size_t move_count;
	size_t forced_count;
	int64_t bytes; /* of all moves */
	const PlanNode *nodes; /* one for each of the problem's */

	/* Of nodes that take shards. */
	double max_utilization_before;
	double max_utilization;

	/* No more than this was aimed at: within the threshold of the best, when
	 * the bounds prove it. */
	double target;
	BalanceBounds bounds;

	/*
	 * No prefix of the moves fills a node beyond the worst of the start and the
	 * end.  False: no such order was found, and the fullest moment is peak.
	 */
	bool order_is_safe;
	double peak;

	/* The most shards of one colocation group on one node beyond its fair share. */
	int64_t spread_before, spread_after;
} BalancePlan;

bool plan_make(Arena *arena, const BalanceProblem *problem, BalancePlan *plan, Err *err) MUST_CHECK;

#endif
