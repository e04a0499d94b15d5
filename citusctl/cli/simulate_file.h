/*
 * cli/simulate_file.h - a synthetic cluster from a JSON file, to plan without
 * servers:
 *
 *   {"nodes": [{"name", "capacity", "accepts_shards"}...],
 *    "threshold": 0.05, "min_gain": 0,
 *    "shard_groups": [{"id", "colocation", "node", "bytes", "allowed": [name...], "pinned"}...]}
 *
 * Needed are the name of a node; and id, node and bytes of a shard group.
 *
 * Ownership: the result owns everything; simulate_free().
 * Errors:    ERR_USAGE, "FILE: shard_groups[7].node: ...".
 * Threads:   any.
 */
#ifndef CITUSCTL_CLI_SIMULATE_FILE_H
#define CITUSCTL_CLI_SIMULATE_FILE_H

#include "balance/problem.h"
#include "cli/plan_output.h"

typedef struct Simulation {
	BalanceProblem *problem;
	GroupLabel *labels;
	Arena *arena;
} Simulation;

Simulation *simulate_load(const char *path, Err *err) MUST_CHECK;

/* As simulate_load() of text, named label in messages. */
Simulation *simulate_parse(const char *label, const char *text, size_t length, Err *err) MUST_CHECK;

/* As simulate_parse(), the way that large files are read: group by group. */
Simulation *simulate_parse_bulk(const char *label, const char *text, size_t length, Err *err) MUST_CHECK;

/* NULL is allowed. */
void simulate_free(Simulation *simulation);

#endif
