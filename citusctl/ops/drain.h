/*
 * ops/drain.h - what stands on a node that leaves: moved to the others, or given up.
 */
#ifndef CITUSCTL_OPS_DRAIN_H
#define CITUSCTL_OPS_DRAIN_H

#include "ops/members.h"
#include "ops/rebalance.h"

/* Moves every shard off the node (a name of the description, or host:port). */
bool drain_node(Session *session, const char *name, const RebalanceOptions *options, Arena *arena, Err *err) MUST_CHECK;

/*
 * For a node that is gone for good: the shards that stood on it only begin again
 * empty on the other nodes, so that the tables can be used.  pg is the superuser
 * on the coordinator.
 */
bool drain_give_up(Session *session, Pg *pg, const Member *member, Arena *arena, Err *err) MUST_CHECK;

#endif
