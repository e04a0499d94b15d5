/*
 * ops/upkeep.h - what the engine does for a cluster when it is asked to: cleaning up after
 * moves, and the copies of reference tables that nodes lack.
 *
 * pg is the superuser's, to the coordinator.
 */
#ifndef CITUSCTL_OPS_UPKEEP_H
#define CITUSCTL_OPS_UPKEEP_H

#include <stdbool.h>
#include <stdint.h>

#include "io/pg.h"
#include "run/session.h"

/* Things that moves left and nobody has cleaned up. */
bool upkeep_left(Pg *pg, int64_t *left, Err *err) MUST_CHECK;

/* Cleans up, again for some seconds while something is in use, Ctrl-C or not; *left is what remains. */
bool upkeep_clean_up(Pg *pg, int64_t *left, Err *err) MUST_CHECK;

typedef struct MissingCopies {
	int64_t count;     /* of reference tables on active nodes */
	bool block_writes; /* some table has no key by which writes could go on meanwhile */
} MissingCopies;

bool upkeep_missing_copies(Pg *pg, MissingCopies *missing, Err *err) MUST_CHECK;

/* Makes them; nothing where the engine does so by itself (engine_traits()->replicate_reference_tables is NULL). */
bool upkeep_make_copies(Pg *pg, Engine engine, const MissingCopies *missing, Err *err) MUST_CHECK;

#endif
