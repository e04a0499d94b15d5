/*
 * ops/beside.h - programs that run beside a demo on this machine, for as long as it
 * runs: Redis, PgBouncer.
 *
 * Each has a directory of its own that only its user can enter, with its settings (and
 * passwords), log and process id: below that of a local cluster, else a temporary one.
 * "destroy" ends those of a cluster, so that none outlives it when a demo was killed.
 *
 * Errors:    the end of the program's log is in the error when it does not come up.
 * Ownership: everything lives in the session's arena; beside_stop() ends the program and
 *            removes the directory.
 * Threads:   one.
 */
#ifndef CITUSCTL_OPS_BESIDE_H
#define CITUSCTL_OPS_BESIDE_H

#include "run/session.h"

typedef struct Beside {
	Session *session;
	const char *name;      /* "cache" */
	const char *directory;
	const char *sockets;   /* a directory whose path is short enough for a socket */
	Shell *shell;
} Beside;

/* Makes the directory; what an earlier demo of that name left is ended first. */
bool beside_open(Beside *beside, Session *session, const char *name, Err *err) MUST_CHECK;

/* The path of the program, looked for where distributions put it; package says how to get it. */
const char *beside_find(const Beside *beside, const char *program, const char *package, Err *err) MUST_CHECK;

/* A file in the directory, for its user only. */
bool beside_put(const Beside *beside, const char *file, const char *text, Err *err) MUST_CHECK;
const char *beside_path(const Beside *beside, const char *file);

/*
 * Runs argv, which goes to the background by itself and writes "pid" and "log" into the
 * directory; then waits until is_up says so.
 */
bool beside_start(const Beside *beside, const char *const argv[], bool (*is_up)(void *arg), void *arg, Err *err) MUST_CHECK;

/* Ends the program, however often it is called. */
bool beside_stop(Beside *beside, Err *err) MUST_CHECK;

/* Ends all that run beside a local cluster. */
bool beside_stop_all(Session *session, Err *err) MUST_CHECK;

#endif
