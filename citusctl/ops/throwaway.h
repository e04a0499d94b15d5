/*
 * ops/throwaway.h - the description of the demo's throw-away local cluster,
 * and the demo's tables put into a cluster that is there.
 */
#ifndef CITUSCTL_OPS_THROWAWAY_H
#define CITUSCTL_OPS_THROWAWAY_H

#include "model/cluster.h"

/* The schema that the demo makes its tables in on a cluster of the user's. */
#define DEMO_SCHEMA "citusctl_demo"

/*
 * A local cluster named name with the demo's tables; engine is "auto", "citus"
 * or "embedded".  in_regions: the first half of the workers is labelled as of one
 * region, the others as of another, and the tables are pinned to that.  *text is the description as JSON, in the arena.
 */
const Cluster *throwaway_cluster(Arena *arena, const char *name, const char *engine, int workers, bool in_regions,
                                 const char **text, Err *err) MUST_CHECK;

/* A copy of the cluster whose tables and schema files are the demo's. */
const Cluster *throwaway_tables(Arena *arena, const Cluster *cluster, Err *err) MUST_CHECK;

#endif
