/*
 * balance/place.h - the node for a group that needs one: with room, with few of
 * its colocation group, and otherwise the emptiest.  Inside balance/ only.
 */
#ifndef CITUSCTL_BALANCE_PLACE_H
#define CITUSCTL_BALANCE_PLACE_H

#include "balance/instance.h"

/* How many groups of each colocation group are on each node. */
typedef struct Spread Spread;

/* Colocation groups with one shard group are not counted: there is nothing to spread. */
Spread *spread_new(const Assignment *assignment);
void spread_free(Spread *spread);

/* A group goes from one node to another; either may be NOWHERE. */
void spread_move(Spread *spread, uint32_t group, uint32_t from, uint32_t to);

/* How many of the group's colocation group the node has beyond its fair share, rounded up. */
int64_t spread_excess(const Spread *spread, uint32_t group, uint32_t node);

/* The largest of all excesses. */
int64_t spread_worst(const Spread *spread);

/* Finds nodes while loads only grow. */
typedef struct Placer Placer;

/* budget: the bytes each node may have, or NULL; spread: or NULL. */
Placer *placer_new(const Assignment *assignment, const int64_t *budget, const Spread *spread);
void placer_free(Placer *placer);

/* NOWHERE when no node is found that has room within the budget. */
uint32_t placer_find(Placer *placer, uint32_t group);

/* The one that is emptiest with the group, whether it has room or not. */
uint32_t placer_emptiest(Placer *placer, uint32_t group);

#endif
