/*
 * ops/move_estimate.h - how long shard moves will take, from how long they took.
 *
 * A move takes a fixed time and a time for each byte.  Both are fitted to what the
 * moves have worked so far, those that run included, so that they hold for the
 * machines, the load and the number of moves at a time there is.
 *
 * Before PostgreSQL 16 it may wait as well, between the copy and what follows it: a
 * server lets wal_retrieve_retry_interval pass after a stream began before it begins
 * another one.  That is no work; which moves will wait follows from when the last
 * stream to their target began.  With all that the rest of the run is played through.
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
	double retry_s; /* between two streams to a server; 0: none */
	double wait_s;  /* how long those wait that come too early */
	bool measured;  /* on this run; otherwise an assumption */
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
	size_t target; /* index of the node it goes to */
	SampleStage stage;
	double seconds;    /* it took, or has been running */
	double waited_s;   /* of them, for its target */
	double streamed_s; /* when its stream began, of the run's time; 0: not yet */
	double fraction;   /* 0..1 of its work, as far as known */
} MoveSample;

typedef struct MoveSamples {
	MoveSample *items; /* borrowed */
	size_t count;
	const size_t *order; /* in which they begin, or NULL: as they stand; borrowed */
	double now_s;        /* the run's time */
} MoveSamples;

/* What is assumed before anything was measured. */
MoveRates estimate_assumed(bool blocks_writes, double retry_s);

/* assumed: weighs as little as a small part of one move. */
MoveRates estimate_rates(const MoveSamples *samples, MoveRates assumed);

/* Of one move from now on. */
double estimate_left(MoveRates rates, const MoveSamples *samples, size_t move);

/* Until the last of them is done, jobs at a time. */
double estimate_run(MoveRates rates, const MoveSamples *samples, size_t jobs);

#endif
