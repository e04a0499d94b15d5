/*
 * ops/history.h - the journal of operations that the coordinator keeps
 * (run/operation.h writes it).
 *
 * Ownership: everything lives in the arena given.
 */
#ifndef CITUSCTL_OPS_HISTORY_H
#define CITUSCTL_OPS_HISTORY_H

#include "run/session.h"

typedef struct HistoryEntry {
	int64_t id;
	const char *operator; /* "ada@laptop" */
	const char *command;  /* as typed */
	const char *started;  /* in the server's time zone, for people */
	const char *started_at;  /* UTC, ISO 8601 */
	const char *finished_at; /* as started_at, NULL when it has no end */
	bool has_seconds;        /* it ended, or runs */
	double seconds;
	const char *outcome; /* "done", "failed", "interrupted", "refused", "running", "did not finish" ... */
	const char *details; /* NULL, or what was done or went wrong */
} HistoryEntry;

typedef struct History {
	HistoryEntry *entries; /* oldest first */
	size_t count;
} History;

/* The last limit operations; none where no journal has been begun. */
bool history_read(const Session *session, int limit, Arena *arena, History *history, Err *err) MUST_CHECK;

#endif
