/*
 * ops/mover_state.h - what the parts of the mover share: the moves that run and what
 * is known of them.  Nobody else includes it.
 */
#ifndef CITUSCTL_OPS_MOVER_STATE_H
#define CITUSCTL_OPS_MOVER_STATE_H

#include <poll.h>

#include "balance/schedule.h"
#include "ops/move_estimate.h"
#include "ops/move_lane.h"
#include "ops/move_monitor.h"
#include "ops/move_watch.h"
#include "ops/rebalance.h"

/* Sessions of others that are told about; of more nothing new is said. */
#define OTHERS_TOLD 16

/* Its attempt count lives in MoveProgress. */
typedef struct Slot {
	MoveLane lane;
	size_t move;
	bool taken;           /* it has a move: running, or waiting for its next attempt */
	int64_t started_us;   /* of the attempt */
	int64_t again_us;     /* of the next attempt; 0: one is running */
	int64_t looked_us;    /* when its progress was seen last */
	const char *cancelled; /* NULL, or why it was cancelled */
} Slot;

typedef struct Mover {
	Session *session;
	Rebalance *r;
	const RebalanceOptions *options;
	PgTarget coordinator;
	BalanceSchedule *schedule;
	MoveWatch *watch;
	MoveMonitor *monitor;
	Slot *slots;
	size_t slot_count;
	MoveProgress *moves;
	MoveSamples samples;
	RebalanceProgress progress;
	int64_t began_us, ticked_us;
	int64_t bytes_started;  /* for the rate limit */
	int64_t dead_since_us;  /* 0: every node is alive */
	bool gave_nodes_up;     /* dead ones were waited for long enough */
	bool away;              /* the locks are let go, for whoever mends the node */
	bool had_lock;          /* that of this machine too */
	int64_t back_us;        /* when they are asked for again */
	int interrupts;
	int64_t others[OTHERS_TOLD]; /* sessions that were told about */
	size_t other_count;
	const char *stopping; /* NULL, or why no more moves are started */
	RebalanceOutcome outcome;
	struct pollfd *fds;
	double kept_eta_s;
} Mover;

void mover_tell(Mover *m, RebalanceEvent event, size_t move, const char *text);

/* Once: the first reason is the one that is told. */
void mover_stop_starting(Mover *m, RebalanceOutcome outcome, const char *why);

/* Cancels the moves that run: those that touch the node, or all. */
void mover_cancel(Mover *m, const char *why, const Member *only);

/* ---- mover_trouble.c: nodes that die, others who move shards --------------------- */

void mover_look_at_nodes(Mover *m);
void mover_look_at_others(Mover *m);

/* ---- mover_progress.c: how far the moves are, and when they will be done ---------- */

MoveRates mover_rates(const Mover *m);

/* In which order the moves will begin, or NULL where there are too many to tell. */
const size_t *mover_order(const Mover *m, ScheduleLimits limits);

/* What the monitor has found out. */
void mover_take_progress(Mover *m);

/* Tells of all moves, when it is time to. */
void mover_tick(Mover *m);

#endif
