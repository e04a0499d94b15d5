/*
 * ops/colocation.h - whether the shards of colocated tables belong together, by the
 * catalog alone: every hash range is there for each table of a group, on the same
 * nodes, and each range follows on the one before.
 *
 * Ownership: texts live in the arena given.
 */
#ifndef CITUSCTL_OPS_COLOCATION_H
#define CITUSCTL_OPS_COLOCATION_H

#include "io/pg.h"

typedef struct ColocationFault {
	const char *kind;   /* "apart", "nowhere", "lacking", "odd" */
	const char *tables; /* of the colocation group: three and how many more */
	const char *what;   /* a sentence without full stop, which names the first shard */
	const char *remedy;
} ColocationFault;

typedef struct Colocation {
	int64_t shards, ranges;
	ColocationFault *faults;
	size_t fault_count;
} Colocation;

/* pg is a connection to the coordinator. */
bool colocation_read(Pg *pg, Arena *arena, Colocation *colocation, Err *err) MUST_CHECK;

#endif
