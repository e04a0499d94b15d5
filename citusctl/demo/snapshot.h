/*
 * demo/snapshot.h - where the shards of the demo's tables lie at one moment.
 *
 * Ownership: everything lives in the arena.
 * Threads:   runs in the thread that calls it.
 */
#ifndef CITUSCTL_DEMO_SNAPSHOT_H
#define CITUSCTL_DEMO_SNAPSHOT_H

#include "demo/demo.h"

/* One shard: a hash range of one table. */
struct DemoShard {
	const char *table;
	int64_t range_start; /* equal for the shards that lie together */
	int64_t bytes;       /* with indexes */
	size_t node;         /* of DemoTarget.nodes */
};

struct DemoSnapshot {
	DemoShard *shards; /* by range_start */
	size_t count;
};

bool snapshot_take(const DemoTarget *target, Arena *arena, DemoSnapshot *snapshot, Err *err) MUST_CHECK;

#endif
