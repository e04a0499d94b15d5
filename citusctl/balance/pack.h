/*
 * balance/pack.h - an assignment with a small max utilization, wherever the
 * groups are now: how good balance can get.  Inside balance/ only.
 *
 * The same groups give the same assignment wherever they are, so that a plan
 * made after the moves of another has the same aim.
 */
#ifndef CITUSCTL_BALANCE_PACK_H
#define CITUSCTL_BALANCE_PACK_H

#include "balance/instance.h"

/* goal: no need to go below this max utilization. */
Assignment *pack_level(const Instance *instance, double goal);

/*
 * Trades groups between the nodes until none is above the max utilization, whatever
 * that moves; looks_max limits the time.  Whether it succeeded.
 */
bool pack_relieve(Assignment *assignment, double goal, int64_t looks_max);

/*
 * Gives the nodes of an assignment other numbers, among nodes that are alike, so
 * that more groups are where they are at home.
 */
void pack_rename(Assignment *assignment);

#endif
