/*
 * ops/move_watch.h - what goes on beside shard moves that run: kicks, pings,
 * and whether the nodes are alive.
 *
 * Kick: every 10 ms a NOTIFY ends the naps of one second that Citus takes while
 * a move catches up.  Ping: every 100 ms each node that a move reads from writes
 * a little WAL; on an idle source the last of the data would otherwise be
 * acknowledged only when something else is written, up to 20 s later and with
 * writes blocked.  A node that doesn't answer its pings, nor a new connection,
 * is dead; Citus itself would wait for a dead source for two hours.
 *
 * Nothing blocks but the attempt to reach a node that has stopped answering.
 *
 * Ownership: watch_open() gives a MoveWatch to close.
 * Threads:   one.
 */
#ifndef CITUSCTL_OPS_MOVE_WATCH_H
#define CITUSCTL_OPS_MOVE_WATCH_H

#include <poll.h>

#include "ops/rebalance.h"

typedef struct MoveWatch MoveWatch;

/* Watches every active node, over the links of the rebalance, which is borrowed. */
MoveWatch *watch_open(const Session *session, Rebalance *rebalance, Err *err) MUST_CHECK;

/* NULL is allowed. */
void watch_close(MoveWatch *watch);

/* Moves read from the node from now on, or no longer. */
void watch_source(MoveWatch *watch, const Member *node, bool is_source);

/* Adds the sockets that may become readable; returns how many. */
size_t watch_sockets(const MoveWatch *watch, struct pollfd *fds);
size_t watch_sockets_max(const MoveWatch *watch);

/*
 * Takes what has come and sends what is due.  moving: kicks are wanted.
 * Returns false when the coordinator's session is lost, with err.
 */
bool watch_turn(MoveWatch *watch, bool moving, Err *err) MUST_CHECK;

bool watch_is_dead(const MoveWatch *watch, const Member *node);

/* A node that is dead, or NULL. */
const Member *watch_first_dead(const MoveWatch *watch);

#endif
