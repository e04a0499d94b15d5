/*
 * ops/fence.h - a removed worker whose server comes back must not act on the
 * cluster: left as it was it would take itself for a coordinator and recover
 * transactions on nodes it is no part of any more.
 *
 * Where its server answers it forgets the other nodes and how to log in to them.
 * Where citusctl runs the servers, its server is stopped, set up so that started
 * by hand it does not load the engine, and set aside: a directory, or on a host a
 * server, of another name.
 */
#ifndef CITUSCTL_OPS_FENCE_H
#define CITUSCTL_OPS_FENCE_H

#include "ops/members.h"
#include "run/host.h"

typedef struct Fence {
	bool complete;       /* it can do no harm */
	const char *how;     /* a sentence for people, in the arena */
} Fence;

/*
 * coordinator is a connection to it: a server that turns out to be the coordinator's, or
 * another node's, is not touched.
 *
 * Its data is kept, for whoever wants to look into it.
 *
 * A server that can be reached in no way is no error: the fence is not complete
 * then, and how says what is left to do.
 */
bool fence_node(Session *session, Pg *coordinator, const Member *member, Arena *arena, Fence *fence, Err *err) MUST_CHECK;

/* Lets the server with this data directory start without its engine only. */
bool fence_disarm(Host *host, const char *data, Err *err) MUST_CHECK;

#endif
