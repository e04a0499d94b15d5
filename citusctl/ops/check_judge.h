/*
 * ops/check_judge.h - what the facts of the nodes mean: results with the measured
 * and the wanted value.  Nothing is read or run here.
 */
#ifndef CITUSCTL_OPS_CHECK_JUDGE_H
#define CITUSCTL_OPS_CHECK_JUDGE_H

#include "ops/check.h"
#include "ops/examine.h"
#include "ops/members.h"

/* nodes: one for each node of the description.  Texts are copied into the arena. */
void check_judge(const Session *session, Check *check, Arena *arena, const Examined nodes[]);

void check_judge_members(const Session *session, Check *check, Arena *arena, const Examined nodes[],
                         const Members *members, const RemovedList *removed);

/* One result more. */
void check_add(Check *check, Arena *arena, Verdict verdict, const char *node, const char *what, const char *format, ...)
	PRINTF_LIKE(6, 7);

/* check_judge() of the ways between the nodes; of check_judge_ways.c. */
void check_judge_ways(const Session *session, Check *check, Arena *arena, const Examined nodes[]);

#endif
