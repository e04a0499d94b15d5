/*
 * ops/move_estimate.h - how long shard moves will take, from how long they took.
 *
 * A move takes a fixed time, a time for each byte, and a wait: between the copy
 * and what follows it, until the target's server begins to stream.  The first
 * two are fitted to what the moves have worked so far, those that run included,
 * so that they hold for the machines, the load and the number of moves at a time
 * there is; waits are kept apart, as they say nothing of the work.  The rest of
 * the run is then played through.
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
	double wait_s;
	bool measured; /* on this run; otherwise an assumption */
} MoveRates;

typedef enum SampleStage {
	SAMPLE_AHEAD, /* not begun, or to begin again */
	SAMPLE_COPYING,
	SAMPLE_WAITING, /* for its target to stream */
	SAMPLE_FINISHING,
	SAMPLE_DONE,
	SAMPLE_GIVEN_UP,
} SampleStage;

/* A move as the estimate sees it. */
typedef struct MoveSample {
	double bytes;
	SampleStage stage;
	double seconds;  /* it took, or has been running */
	double waited_s; /* of them, for its target */
	double fraction; /* 0..1 of its work, as far as known */
	bool is_first;   /* to its target: a server starts the first stream at once */
} MoveSample;

/* What is assumed before anything was measured. */
MoveRates estimate_assumed(bool blocks_writes);

/* assumed: weighs as little as a small part of one move. */
MoveRates estimate_rates(const MoveSample samples[], size_t count, MoveRates assumed);

/* Of one move from now on. */
double estimate_left(MoveRates rates, const MoveSample *sample);

/* Until the last of them is done, jobs at a time. */
double estimate_run(MoveRates rates, const MoveSample samples[], size_t count, size_t jobs);

#endif
