/*
 * cli/plan_output.h - a plan of shard moves for people and for programs; used
 * by everything that shows one, with servers or without.
 *
 * Threads: any.
 */
#ifndef CITUSCTL_CLI_PLAN_OUTPUT_H
#define CITUSCTL_CLI_PLAN_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#include "balance/plan.h"
#include "util/json.h"

/* What a shard group is called. */
typedef struct GroupLabel {
	int64_t id;                /* of the group, for instance its first shard */
	const char *text;          /* NULL, or its name when that is no number */
	const char *const *tables; /* NULL, or the tables whose shards it has */
	size_t table_count;
} GroupLabel;

typedef struct PlanLook {
	bool in_colour; /* with terminal sequences */
	bool in_utf8;   /* with marks beyond ASCII */
	size_t moves;   /* how many moves to list; the rest is counted */
	bool given;     /* the moves were given, not chosen: there is nothing to prove */
} PlanLook;

/* labels: one for each group of the problem. */
void plan_output_text(FILE *out, const BalanceProblem *problem, const BalancePlan *plan,
                      const GroupLabel labels[], PlanLook look);

/* Adds the plan's members to an object: moves, nodes, bounds, max_utilization, bytes ... */
void plan_output_json(Json *object, const BalanceProblem *problem, const BalancePlan *plan,
                      const GroupLabel labels[]);

#endif
