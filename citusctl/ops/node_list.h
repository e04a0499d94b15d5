/*
 * ops/node_list.h - the nodes one by one: what status says of each, and what its
 * server says of itself.
 *
 * Ownership: everything lives in the arena given.
 */
#ifndef CITUSCTL_OPS_NODE_LIST_H
#define CITUSCTL_OPS_NODE_LIST_H

#include "ops/status.h"

typedef struct NodeInfo {
	const NodeStatus *status;
	bool takes_shards;
	const char *postgres; /* "15.20"; NULL when its server does not answer */
	const char *engine;   /* what citus_version() says, or NULL */
	const char *since;    /* when its server was started, in its time zone, or NULL */
} NodeInfo;

typedef struct NodeList {
	NodeInfo *items;
	size_t count;
} NodeList;

bool node_list_read(const Session *session, Arena *arena, NodeList *list, Err *err) MUST_CHECK;

#endif
