/*
 * ops/move_lane.h - one coordinator session that makes shard moves, one after
 * another, without blocking its caller.
 *
 * The session LISTENs on MOVE_KICK: a NOTIFY on it ends the naps of up to a second
 * that Citus takes while it waits for the target to catch up.  When citusctl
 * dies, the server notices within seconds and takes the move back.
 *
 * Errors:    err of move_lane_poll() is the reason a move failed.
 * Ownership: move_lane_open() opens, move_lane_close() closes.
 * Threads:   a lane is used by one thread.
 */
#ifndef CITUSCTL_OPS_MOVE_LANE_H
#define CITUSCTL_OPS_MOVE_LANE_H

#include "io/pg.h"
#include "ops/rebalance.h"

#define MOVE_KICK "citusctl_kick"

typedef struct MoveLane {
	PgTarget target; /* borrowed */
	Pg *pg;          /* NULL: not connected */
	bool busy;       /* a statement was sent and its result not yet taken */
} MoveLane;

typedef enum LaneState { LANE_WORKING, LANE_MOVED, LANE_FAILED } LaneState;

/* Connects; also again, after the connection was lost. */
bool move_lane_open(MoveLane *lane, const PgTarget *coordinator, Err *err) MUST_CHECK;
void move_lane_close(MoveLane *lane);

/* Sends the move off. */
bool move_lane_start(MoveLane *lane, const RebalanceMove *move, Err *err) MUST_CHECK;

/* -1 when there is nothing to wait for. */
int move_lane_socket(const MoveLane *lane);

/* Takes what has come; err is filled with LANE_FAILED. */
LaneState move_lane_poll(MoveLane *lane, Err *err);

/* Asks for the end of the move; move_lane_poll() sees it fail. */
void move_lane_cancel(MoveLane *lane);

#endif
