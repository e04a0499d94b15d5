/*
 * demo/during_moves.h - the events in which shards move; only for during.c.
 */
#ifndef CITUSCTL_DEMO_DURING_MOVES_H
#define CITUSCTL_DEMO_DURING_MOVES_H

#include "demo/demo.h"
#include "demo/timeline.h"
#include "run/session.h"

typedef struct During {
	Session *session;
	const Cluster *full;
	const DemoTarget *target;
	DemoTimeline *timeline;
	Arena *arena; /* of the event's thread */
	/* To be put back when it ends before its time. */
	ptrdiff_t stopped;   /* the node whose server may be down; -1: none */
	bool has_drained;    /* the last worker takes no shards */
	bool is_uneven;      /* shards were pushed aside, or away from the last worker */
	DemoOutage outage;
} During;

bool during_take_shards_again(During *during, const Node *node, Err *err) MUST_CHECK;

bool during_rebalance(void *during, DemoTimeline *timeline, Err *err) MUST_CHECK;
bool during_drain(void *during, DemoTimeline *timeline, Err *err) MUST_CHECK;
bool during_scale_out(void *during, DemoTimeline *timeline, Err *err) MUST_CHECK;

#endif
