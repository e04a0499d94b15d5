/*
 * ops/reach.h - what people want of a node's machine: a command run there, the end of
 * its server's log.
 *
 * Ownership: everything lives in the arena given.
 * Threads:   different nodes may be reached by different threads.
 */
#ifndef CITUSCTL_OPS_REACH_H
#define CITUSCTL_OPS_REACH_H

#include "run/host.h"

/*
 * Runs argv on the node's machine as the user that runs the servers, or as root, with
 * CITUSCTL_NODE, PGPORT and PGDATABASE (local: PGHOST and PGDATA too) in its environment.
 * True means that it ran.
 */
bool reach_run(Session *session, const Node *node, const char *const argv[], bool as_root, Arena *arena,
               ShellResult *result, Err *err) MUST_CHECK;

/* A log being read. */
typedef struct NodeLog {
	const char *path;
	long long offset; /* of what was read last */
	const char *text; /* what was read, "" when nothing is new */
} NodeLog;

/* The last lines of its server's log; with log->path set already what came since. */
bool reach_log(Session *session, const Node *node, int lines, Arena *arena, NodeLog *log, Err *err) MUST_CHECK;

#endif
