/*
 * cli/plan_file.h - a plan of shard moves kept in a file, to be run later as it
 * is.
 *
 * The file says which moves, and a fingerprint of where every shard group is to
 * be afterwards.  A plan that was made in part fits still; one that anything
 * else has changed since is refused.
 *
 * Ownership: what is read lives in the arena given.
 */
#ifndef CITUSCTL_CLI_PLAN_FILE_H
#define CITUSCTL_CLI_PLAN_FILE_H

#include "ops/rebalance.h"

typedef struct PlanFile {
	const char *path;
	const char *cluster;
	const char *fingerprint;
	FixedMove *moves;
	const char **from; /* of each move, names of nodes */
	size_t count;
	RebalanceMode mode;
	const char **drain; /* names of nodes that the plan empties */
	size_t drain_count;
} PlanFile;

bool plan_file_write(const char *path, const Cluster *cluster, const Rebalance *rebalance, Err *err) MUST_CHECK;

/* ERR_USAGE when the file isn't a plan, or one of another cluster. */
bool plan_file_read(const char *path, const Cluster *cluster, Arena *arena, PlanFile *file, Err *err) MUST_CHECK;

/* Whether the cluster is still what the plan was made for; else ERR_REFUSED. */
bool plan_file_fits(const PlanFile *file, const Rebalance *rebalance, Err *err) MUST_CHECK;

#endif
