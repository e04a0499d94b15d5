/*
 * ops/move_estimate.h - how long shard moves will take, from how long they took.
 *
 * A move takes a fixed time and a time for each byte.  Both are fitted to the
 * moves that are done and to how far the running ones have come, so that they
 * hold for the machines, the load and the number of moves at a time there is;
 * the rest of the run is then played through.
 *
 * Pure.  Units: seconds and bytes.
 */
#ifndef CITUSCTL_OPS_MOVE_ESTIMATE_H
#define CITUSCTL_OPS_MOVE_ESTIMATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct MoveRates {
	double fixed_s;
	double s_per_byte;
	bool measured; /* on this run; otherwise an assumption */
} MoveRates;

/* A move as the estimate sees it. */
typedef struct MoveSample {
	double bytes;
	double seconds;  /* it took, or has been running */
	double fraction; /* 0: waiting; 1: done; between: running, as far as known */
	bool copying;    /* running, and its fraction grows with time: no wait of unknown length */
	double to_come_s; /* copying: the wait that is known to come after it */
	bool ended;      /* done or given up: nothing left to do */
} MoveSample;

/* What is assumed before anything was measured. */
MoveRates estimate_assumed(bool blocks_writes);

/* assumed: weighs as little as a small part of one move. */
MoveRates estimate_rates(const MoveSample samples[], size_t count, MoveRates assumed);

/* Of one move from now on; seconds and fraction as in its sample. */
double estimate_left(MoveRates rates, const MoveSample *sample);

/* Until the last of them is done, jobs at a time. */
double estimate_run(MoveRates rates, const MoveSample samples[], size_t count, size_t jobs);

#endif
