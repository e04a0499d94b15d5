/*
 * ops/rebalance_snapshot.h - where every shard group is and how large: what a
 * rebalance is planned from.
 *
 * Read from the coordinator in a number of round trips that does not depend on
 * how many shards there are; primaries only.
 *
 * Units:     bytes on disk with indexes (pg_total_relation_size).
 * Errors:    a node that is down is ERR_UNREACHABLE; shards that stand in
 *            several places, or apart from those they are colocated with, are
 *            ERR_REFUSED.
 * Ownership: everything lives in the arena given.
 */
#ifndef CITUSCTL_OPS_REBALANCE_SNAPSHOT_H
#define CITUSCTL_OPS_REBALANCE_SNAPSHOT_H

#include "ops/members.h"

typedef struct SnapshotGroup {
	int64_t id; /* the smallest of its shard ids */
	int64_t colocation;
	uint32_t node; /* index of the node it is on */
	int64_t bytes;
	int64_t shards;
	const char *relations; /* the shards' tables, as a text[] of the server */
	const char *shard_ids; /* as a bigint[] of the server */
} SnapshotGroup;

typedef struct SnapshotTable {
	int64_t colocation;
	const char *name;
	int64_t shards;
} SnapshotTable;

typedef struct Snapshot {
	Member *nodes; /* the coordinator first */
	size_t node_count;
	SnapshotGroup *groups;
	size_t group_count;
	uint32_t *by_id; /* indexes of the groups in order of their ids */
	SnapshotTable *tables; /* in order of colocation */
	size_t table_count;
	const char *version; /* what citus_version() says */
} Snapshot;

/* pg is a superuser's connection to the coordinator's database. */
bool snapshot_read(const Session *session, Pg *pg, Arena *arena, Snapshot *snapshot, Err *err) MUST_CHECK;

/* Where a shard group is now. */
typedef struct SnapshotPlace {
	int64_t id;
	int64_t node_id;
} SnapshotPlace;

typedef struct SnapshotPlaces {
	SnapshotPlace *items; /* in order of id */
	size_t count;
} SnapshotPlaces;

/* The places alone, quickly and without asking any node; groups that came apart
 * are ERR_DIFFERS. */
bool snapshot_read_places(Pg *pg, Arena *arena, SnapshotPlaces *places, Err *err) MUST_CHECK;

/* Whether they are those of the snapshot. */
bool snapshot_is_current(const Snapshot *snapshot, const SnapshotPlaces *places);

/* NULL when there is no such group. */
const SnapshotPlace *snapshot_find_place(const SnapshotPlaces *places, int64_t id);

/* By name of the description or host:port; NULL when there is none. */
const Member *snapshot_find_node(const Snapshot *snapshot, const char *name);

/* By the id of the group; NULL when there is none. */
const SnapshotGroup *snapshot_find_group(const Snapshot *snapshot, int64_t id);

/* Whether the shard is one of the group's. */
bool snapshot_has_shard(const SnapshotGroup *group, int64_t shard);

/* The names of a colocation group's tables, with ", " between them. */
const char *snapshot_table_names(const Snapshot *snapshot, int64_t colocation, Arena *arena);

/* Equal exactly when every shard group is on the same node: node_of(arg, i) is
 * the index of group i's node, or NULL for where they are. */
uint64_t snapshot_fingerprint(const Snapshot *snapshot, uint32_t (*node_of)(const void *arg, size_t group),
                              const void *arg);

#endif
