/*
 * ops/shards.h - which shard holds a row, and which shards a table has.
 *
 * Errors: ERR_USAGE for a table that is not there or not distributed.
 * Ownership: results live in the arena given.
 */
#ifndef CITUSCTL_OPS_SHARDS_H
#define CITUSCTL_OPS_SHARDS_H

#include "ops/rebalance_snapshot.h"

typedef struct ShardPlace {
	int64_t shard;
	int64_t group;    /* the first shard of the group that moves together */
	const char *node; /* of the description, or host:port */
	const char *host;
	int port;
} ShardPlace;

/* The colocation group of a table, as written in a description. */
bool shards_colocation(const Session *session, const char *table, Arena *arena, int64_t *colocation, Err *err)
	MUST_CHECK;

/* The shard of the row whose distribution column is key. */
bool shards_locate(const Session *session, const char *table, const char *key, Arena *arena, ShardPlace *place,
                   Err *err) MUST_CHECK;

/* Every shard group, sizes included. */
bool shards_list(const Session *session, Arena *arena, Snapshot *snapshot, Err *err) MUST_CHECK;

#endif
