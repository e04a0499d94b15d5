/*
 * balance/schedule.h - which move of a plan may start next, while others run.
 *
 * A move takes room on its target from its start and frees its source when it
 * has ended.  The schedule keeps to the number of moves at a time, to the number
 * that may touch one node, and to the promise of the plan's order: no node holds
 * more than the plan's peak at any time.  Among what may start it takes the move
 * whose nodes have most bytes ahead of them, so that the busiest is never idle.
 *
 * Ownership: schedule_new() copies what it needs; schedule_free().
 * Threads:   one at a time.
 */
#ifndef CITUSCTL_BALANCE_SCHEDULE_H
#define CITUSCTL_BALANCE_SCHEDULE_H

#include "balance/plan.h"

typedef struct BalanceSchedule BalanceSchedule;

typedef struct ScheduleLimits {
	size_t jobs;     /* moves at a time; at least 1 */
	size_t per_node; /* moves at a time that have a node as source or target; at least 1 */
} ScheduleLimits;

/* What became of a move. */
typedef enum MoveEnd {
	MOVE_DONE,   /* the group is on its target */
	MOVE_FAILED, /* it is where it was, and stays there */
	MOVE_RETRY,  /* it is where it was, and is to be tried again */
} MoveEnd;

BalanceSchedule *schedule_new(const BalanceProblem *problem, const BalancePlan *plan, ScheduleLimits limits);

/* NULL is allowed. */
void schedule_free(BalanceSchedule *schedule);

/*
 * Starts a move: its index in the plan goes to *move.  False: none may start
 * now.  When none is running either, what is left has no room (a failed move
 * did not free it): schedule_waiting() says how many those are.
 */
bool schedule_next(BalanceSchedule *schedule, size_t *move);

/* A running move has ended. */
void schedule_end(BalanceSchedule *schedule, size_t move, MoveEnd end);

size_t schedule_running(const BalanceSchedule *schedule);
size_t schedule_waiting(const BalanceSchedule *schedule); /* not started yet */

/* The first of the waiting ones in the plan's order; false: none. */
bool schedule_first_waiting(const BalanceSchedule *schedule, size_t *move);

#endif
