/*
 * ops/verify.h - "citusctl verify": is the cluster as sound as its catalog says?
 *
 * Named checks, each of which compares two things that should agree.  What a check
 * finds wrong it looks at twice more, and only what is there each time counts: so moves,
 * DDL and writes that go on meanwhile are no defects; what waits for somebody else's
 * lock, or for what he is about to make, is a warning.  Nothing is changed
 * unless fix is set; then what is provably safe is mended, under the cluster's lock,
 * and the checks run again.
 *
 *   nodes         the nodes described, those registered, what each says of itself
 *   tables        the tables described and the catalog
 *   colocation    shards of one hash range and the nodes they lie on
 *   placement     the nodes of shards and the labels that their tables ask for
 *   catalog       the catalog and its copies
 *   shards        the catalog and the tables that are on each node
 *   definitions   columns, constraints, indexes of each shard and those of its table
 *   indexes       those that are invalid
 *   reference     the copies of each reference table with each other
 *   leftovers     what moves, two-phase commits and init leave when they die
 *   rows          the hash of each row and its shard; only with deep
 *
 * Ownership: everything lives in the arena given.
 * Threads:   runs in the thread that calls it; asks all nodes at the same time.
 */
#ifndef CITUSCTL_OPS_VERIFY_H
#define CITUSCTL_OPS_VERIFY_H

#include "ops/check.h"

typedef struct VerifyOptions {
	bool deep; /* reads every row of every shard */
	bool fix;
	int64_t grace_s; /* a prepared transaction may be this old */
} VerifyOptions;

/* Something that was mended. */
typedef struct Fixed {
	const char *node; /* or "cluster" */
	const char *what; /* a sentence without full stop: "cleaned up ..." */
} Fixed;

typedef struct VerifyReport {
	Check check;        /* one result for each problem, and for each check that passed */
	size_t unreachable; /* nodes that did not answer */
	size_t fixable;     /* problems that fix would mend */
	Fixed *fixed;
	size_t fixed_count;
} VerifyReport;

/* Fails only when it could not look: the coordinator is down, Ctrl-C; with fix also when
 * somebody else holds the lock or what should mend it failed: err then says what was mended before. */
bool verify_cluster(Session *session, const VerifyOptions *options, Arena *arena, VerifyReport *report, Err *err) MUST_CHECK;

#endif
