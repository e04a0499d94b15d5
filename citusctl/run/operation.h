/*
 * run/operation.h - one operation at a time on a cluster, and the journal of all.
 *
 * A verb that changes the cluster begins an operation: an advisory lock on the
 * coordinator, held by a connection of its own, keeps other operators out from
 * wherever they work, and a row of citusctl.operations says who does what since
 * when, and in the end how it went.  The lock goes with the connection, so a run
 * that was killed holds nobody up; its row then reads "did not finish".
 *
 * What is recorded is the command as it was typed, which holds no secret, and
 * the message of an error, never its details.
 *
 *     session_lock() (local), then
 *     ok = operation_begin(session, &err) && work(...);
 *     ok = operation_end(session, ok, &err);
 *
 * Threads: as Session: before a plan runs, or in steps of scope ON_COORDINATOR.
 */
#ifndef CITUSCTL_RUN_OPERATION_H
#define CITUSCTL_RUN_OPERATION_H

#include "run/session.h"

typedef struct Operation Operation;

/*
 * Takes the lock, or refuses with ERR_REFUSED and says who holds it since when
 * for what; ERR_UNREACHABLE when the coordinator does not answer.
 */
bool operation_begin(Session *session, Err *err) MUST_CHECK;

/*
 * As operation_begin(), but a coordinator that is not there yet, or down, is
 * fine: the operation is prepared, and operation_join() begins it when the
 * coordinator is up.  For init, destroy and what starts servers.
 */
bool operation_prepare(Session *session, Err *err) MUST_CHECK;

/*
 * Takes the lock of what was prepared or let go; nothing when it is held, or no
 * operation was begun.
 */
bool operation_join(Session *session, Err *err) MUST_CHECK;

/* Whether it has the lock. */
bool operation_is_joined(const Session *session);

/* The connection that holds it, to look at the coordinator with; NULL when it has none. */
Pg *operation_pg(const Session *session);

/*
 * Lets go of the connection: the coordinator is about to stop or restart.
 * operation_join() takes it again.
 */
void operation_let_go(Session *session);

/* What is added to the journal at the end, such as "12 shards moved"; copied. */
void operation_say(Session *session, const char *format, ...) PRINTF_LIKE(2, 3);

/*
 * Records the outcome and releases the lock.  Returns ok; err is that of a
 * failed operation and is only read.  Also after an interrupt, and when nothing
 * was begun.
 */
bool operation_end(Session *session, bool ok, const Err *err);

/*
 * Records what may go on beside operations, such as a demo: an entry of the journal
 * without the lock.  operation_note_end() writes its end and details (NULL: none).
 */
bool operation_note(Session *session, Err *err) MUST_CHECK;
bool operation_note_end(Session *session, bool ok, const Err *err, const char *details);

/* The person and the machine, such as "ada@laptop"; behind sudo the one who typed it. */
const char *operation_operator(Arena *arena);

/* For session_close(): without recording anything. */
void operation_free(Operation *operation);

#endif
