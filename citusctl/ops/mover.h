/*
 * ops/mover.h - the loop that makes the moves of a plan: several at a time, with
 * retries, limits, interrupts, and progress.
 *
 * One thread and many connections: a lane for each move at a time (move_lane.h),
 * the watch over the nodes (move_watch.h), and one session that asks how far the
 * moves have come.
 */
#ifndef CITUSCTL_OPS_MOVER_H
#define CITUSCTL_OPS_MOVER_H

#include "ops/rebalance.h"

/*
 * Fills result (moves, counts, bytes, seconds, outcome; not verified).  False
 * only when it could not go on at all: the coordinator is lost.
 */
bool mover_run(Session *session, Rebalance *rebalance, const RebalanceOptions *options,
               RebalanceResult *result, Err *err) MUST_CHECK;

#endif
