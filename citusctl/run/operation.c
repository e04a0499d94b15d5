#define _DEFAULT_SOURCE /* gethostname() */
#include "run/operation.h"

#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/asset.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/str.h"

/* How many operations the journal keeps. */
#define JOURNAL_LENGTH "1000"

/* A client whose machine is gone must not hold the lock for hours, and an idle
 * session that holds it must not be ended. */
#define LOCK_SETTINGS \
	"-c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3 " \
	"-c idle_session_timeout=0 -c client_min_messages=warning"

#define LOOK_TIMEOUT_S 3

/* How long the server may take to notice that the run which held the lock is gone. */
#define HANDOVER_MS 3000

struct Operation {
	Pg *pg;       /* holds the lock; NULL: not begun yet, or let go */
	char *id;     /* of its row, NULL until it was begun */
	char *details; /* NULL: nothing to add */
	int64_t started_us;
};

const char *operation_operator(Arena *arena)
{
	const char *user = getenv("SUDO_USER");
	const struct passwd *entry = user != NULL && *user != '\0' ? NULL : getpwuid(getuid());
	char machine[256] = "";

	if (entry != NULL)
		user = entry->pw_name;
	if (gethostname(machine, sizeof(machine) - 1) != 0 || *machine == '\0')
		snprintf(machine, sizeof(machine), "unknown");
	return arena_printf(arena, "%s@%s", user != NULL && *user != '\0' ? user : "unknown", machine);
}

static Operation *operation_of(Session *session)
{
	if (session->operation == NULL) {
		session->operation = xmalloc(sizeof(Operation));
		*session->operation = (Operation) {.started_us = clock_us()};
	}
	return session->operation;
}

/* As the application role, to which citusctl's own tables belong. */
static Pg *connect_coordinator(Session *session, int timeout_s, Err *err)
{
	PgTarget target = session_app(session, &session->cluster->nodes[0]);

	target.settings = LOCK_SETTINGS;
	target.timeout_s = timeout_s;
	return pg_open(&target, err);
}

static const char *how_long(Arena *arena, int64_t seconds)
{
	if (seconds < 120)
		return arena_printf(arena, "%lld s", (long long) seconds);
	if (seconds < 7200)
		return arena_printf(arena, "%lld min", (long long) seconds / 60);
	return arena_printf(arena, "%lld h", (long long) seconds / 3600);
}

/* A row of operation_holder.sql is about a run whose process is seen to go on, on this machine. */
static bool is_at_work(const PgRows *rows)
{
	Arena *scratch = arena_new();
	const char *machine = strrchr(operation_operator(scratch), '@');
	const char *holder = pg_row_count(rows) > 0 && !pg_is_null(rows, 0, 1) ? strrchr(pg_value(rows, 0, 1), '@') : NULL;
	long pid = holder != NULL ? (long) pg_int(rows, 0, 3) : 0;
	bool at_work = pid > 0 && strcmp(holder, machine) == 0 && (kill((pid_t) pid, 0) == 0 || errno == EPERM);

	arena_free(scratch);
	return at_work;
}

typedef struct Handover {
	Pg *pg;
	bool locked, refused;
	bool failed;
	Err *err;
} Handover;

static bool is_handed_over(void *arg)
{
	Handover *h = arg;
	PgRows *rows = NULL;

	h->failed = !pg_query_bool(h->pg, asset_text("sql/query/operation_lock.sql"), 0, NULL, &h->locked, h->err);
	if (!h->failed && !h->locked) {
		rows = pg_query(h->pg, asset_text("sql/query/operation_holder.sql"), 0, NULL, h->err);
		h->failed = rows == NULL;
		h->refused = rows != NULL && is_at_work(rows);
		pg_rows_free(rows);
	}
	return h->failed || h->locked || h->refused;
}

/*
 * A run that has just ended, or was killed, holds the lock until the server has noticed, which on
 * a busy machine takes a moment: whoever is not seen at work is given the time for it.
 */
static bool lock(Pg *pg, bool *locked, Err *err)
{
	Handover h = {.pg = pg, .err = err};

	(void) !clock_poll_until(HANDOVER_MS, is_handed_over, &h);
	*locked = h.locked;
	return !h.failed && clock_go_on(err);
}

/* Says who holds the lock; a holder that let go meanwhile is only said to exist. */
static bool refuse(Session *session, Pg *pg, Err *err)
{
	Arena *scratch = arena_new();
	PgRows *rows = pg_query(pg, asset_text("sql/query/operation_holder.sql"), 0, NULL, err);

	if (rows == NULL) {
		arena_free(scratch);
		return false;
	}
	if (pg_row_count(rows) == 0 || pg_is_null(rows, 0, 1))
		err_set(err, ERR_REFUSED, "another session holds the lock of cluster \"%s\"%s%s",
		        session->cluster->name, pg_row_count(rows) == 0 ? "" : ": server process ",
		        pg_row_count(rows) == 0 ? "" : pg_value(rows, 0, 0));
	else
		err_set(err, ERR_REFUSED, "another operation runs on cluster \"%s\": \"%s\" by %s (process %s), since %s (%s)",
		        session->cluster->name, pg_value(rows, 0, 2), pg_value(rows, 0, 1), pg_value(rows, 0, 3),
		        pg_value(rows, 0, 4), how_long(scratch, pg_int(rows, 0, 5)));
	pg_rows_free(rows);
	arena_free(scratch);
	return err_hint(err, "One operation at a time: wait until it has finished (\"citusctl history\" shows "
	                     "it).  When its citusctl is killed the lock goes with it.");
}

static bool ensure_bookkeeping(Pg *pg, Err *err)
{
	bool there = false;

	return pg_query_bool(pg, asset_text("sql/query/bookkeeping_exists.sql"), 0, NULL, &there, err) &&
	       (there || pg_exec(pg, asset_text("sql/setup/bookkeeping.sql"), err));
}

static bool record_begin(Session *session, Operation *operation, Err *err)
{
	Arena *scratch = arena_new();
	const char *const values[] = {
		operation_operator(scratch),
		session->command != NULL ? session->command : "unknown",
		arena_printf(scratch, "%ld", (long) getpid()),
		arena_printf(scratch, "%lld", (long long) (clock_us() - operation->started_us) / 1000),
	};
	const char *const length[] = {JOURNAL_LENGTH};
	const char *id = NULL;
	bool ok = pg_query_text(operation->pg, asset_text("sql/query/operation_begin.sql"), 4, values, scratch,
	                        &id, err) &&
	          pg_run(operation->pg, asset_text("sql/query/operation_forget.sql"), 1, length, err);

	if (ok)
		operation->id = xstrdup(id);
	arena_free(scratch);
	return ok;
}

static bool record_resume(Operation *operation, Err *err)
{
	const char *const id[] = {operation->id};

	return pg_run(operation->pg, asset_text("sql/query/operation_resume.sql"), 1, id, err);
}

/* Takes the lock on the connection that is open, and writes the row. */
static bool take(Session *session, Operation *operation, Err *err)
{
	bool locked = false;
	bool ok = ensure_bookkeeping(operation->pg, err) &&
	          lock(operation->pg, &locked, err);

	if (ok && !locked)
		ok = refuse(session, operation->pg, err);
	ok = ok && (operation->id == NULL ? record_begin(session, operation, err) : record_resume(operation, err));
	if (!ok) {
		pg_close(operation->pg);
		operation->pg = NULL;
	}
	return ok;
}

bool operation_note(Session *session, Err *err)
{
	Operation *note = xmalloc(sizeof(Operation));

	*note = (Operation) {.started_us = clock_us()};
	session->note = note;
	note->pg = connect_coordinator(session, 0, err);
	return note->pg != NULL && ensure_bookkeeping(note->pg, err) &&
	       pg_run(note->pg, asset_text("sql/query/operation_note.sql"), 0, NULL, err) && record_begin(session, note, err);
}

bool operation_begin(Session *session, Err *err)
{
	(void) operation_of(session);
	return operation_join(session, err);
}

bool operation_prepare(Session *session, Err *err)
{
	Operation *operation = operation_of(session);
	Err ignored = ERR_INIT;

	if (operation->pg == NULL)
		operation->pg = connect_coordinator(session, LOOK_TIMEOUT_S, &ignored);
	/* It is there, so somebody may hold the lock. */
	if (operation->pg == NULL && pg_is_full(&ignored)) {
		err_move(err, &ignored);
		return false;
	}
	if (operation->pg == NULL)
		log_debug("the journal has to wait: %s", ignored.message);
	err_clear(&ignored);
	return operation->pg == NULL ? clock_go_on(err) : take(session, operation, err);
}

bool operation_is_joined(const Session *session)
{
	return operation_pg(session) != NULL;
}

Pg *operation_pg(const Session *session)
{
	return session->operation != NULL ? session->operation->pg : NULL;
}

bool operation_join(Session *session, Err *err)
{
	Operation *operation = session->operation;

	if (operation == NULL || operation->pg != NULL)
		return true;
	operation->pg = connect_coordinator(session, 0, err);
	return operation->pg != NULL && take(session, operation, err);
}

static void let_go(Operation *operation)
{
	pg_close(operation->pg);
	operation->pg = NULL;
}

void operation_let_go(Session *session)
{
	if (session->operation != NULL)
		let_go(session->operation);
}

void operation_say(Session *session, const char *format, ...)
{
	if (session->operation == NULL)
		return;

	Arena *scratch = arena_new();
	va_list args;

	va_start(args, format);
	free(session->operation->details);
	session->operation->details = xstrdup(arena_vprintf(scratch, format, args));
	va_end(args);
	arena_free(scratch);
}

static const char *outcome_of(bool ok, const Err *err)
{
	if (ok)
		return "done";
	switch (err->kind) {
		case ERR_INTERRUPTED:
			return "interrupted";
		case ERR_REFUSED:
			return "refused";
		case ERR_DIFFERS:
			return "not as it should be";
		case ERR_STOPPED:
			return "stopped in time";
		case ERR_NONE:
		case ERR_FAILED:
		case ERR_USAGE:
		case ERR_UNREACHABLE:
			break;
	}
	return "failed";
}

/* Whatever came in between, a lost connection or a restart, the row gets its end
 * when the coordinator can be reached. */
static void record_end(Session *session, Operation *operation, const char *outcome, const char *details)
{
	const char *const values[] = {operation->id, outcome, details};
	Err ignored = ERR_INIT;

	if (operation->pg != NULL && pg_is_dead(operation->pg))
		let_go(operation);
	if (operation->pg == NULL)
		operation->pg = connect_coordinator(session, LOOK_TIMEOUT_S, &ignored);
	if (operation->pg != NULL &&
	    !pg_run(operation->pg, asset_text("sql/query/operation_end.sql"), 3, values, &ignored))
		log_debug("the journal has no end of this operation: %s", ignored.message);
	err_clear(&ignored);
}

/* Also after an interrupt; frees the operation. */
static void finish(Session *session, Operation *operation, const char *outcome, const char *details)
{
	bool interrupted = clock_interrupted();

	if (operation != NULL && operation->id != NULL) {
		if (interrupted)
			clock_resume();
		record_end(session, operation, outcome, details);
		if (interrupted)
			clock_interrupt();
	}
	operation_free(operation);
}

bool operation_end(Session *session, bool ok, const Err *err)
{
	Operation *operation = session->operation;
	const char *details = operation == NULL ? NULL : ok || err->message == NULL ? operation->details : err->message;

	finish(session, operation, outcome_of(ok, err), details);
	session->operation = NULL;
	return ok;
}

bool operation_note_end(Session *session, bool ok, const Err *err, const char *details)
{
	finish(session, session->note, outcome_of(ok, err), ok || err->message == NULL ? details : err->message);
	session->note = NULL;
	return ok;
}

void operation_free(Operation *operation)
{
	if (operation == NULL)
		return;
	pg_close(operation->pg);
	free(operation->id);
	free(operation->details);
	free(operation);
}
