/*
 * util/err.h - what went wrong, for a person and for the exit status.
 *
 * A function that can fail takes an Err last and returns false (or NULL) after
 * filling it.  The message is complete enough to print as it stands; context is
 * added on the way up with err_wrap() and reads outside-in.  Nothing below cli
 * prints an error.
 *
 * Ownership: an Err owns its texts; start with ERR_INIT, end with err_clear().
 * Threads:   an Err is used by one thread at a time.
 */
#ifndef CITUSCTL_UTIL_ERR_H
#define CITUSCTL_UTIL_ERR_H

#include <stdbool.h>

#include "util/arena.h"

/* The kinds are the exit statuses of the program. */
typedef enum ErrKind {
	ERR_NONE = 0,
	ERR_FAILED = 1,        /* the operation failed */
	ERR_USAGE = 2,         /* wrong usage or wrong description */
	ERR_DIFFERS = 3,       /* the cluster is not as it should be */
	ERR_UNREACHABLE = 4,   /* a node can't be reached */
	ERR_REFUSED = 5,       /* refused for safety */
	ERR_STOPPED = 6,       /* the time given was over; the same command goes on */
	ERR_INTERRUPTED = 130, /* Ctrl-C */
} ErrKind;

typedef struct Err {
	ErrKind kind;
	char sqlstate[6]; /* "" when no server said it */
	char *message;    /* lower case, no full stop */
	char *detail;     /* NULL, or sentences: what the server or system added */
	char *hint;       /* NULL, or sentences: what to do */
	char *node;       /* NULL, or the node that failed */
} Err;

#define ERR_INIT {ERR_NONE, "", NULL, NULL, NULL, NULL}

/* All of these return false, so that a failure is one return. */
bool err_set(Err *err, ErrKind kind, const char *format, ...) PRINTF_LIKE(3, 4);

/* Puts "context: " in front of the message. */
bool err_wrap(Err *err, const char *format, ...) PRINTF_LIKE(2, 3);

/* Adds what to do; keeps a hint that is there already. */
bool err_hint(Err *err, const char *format, ...) PRINTF_LIKE(2, 3);

/* Replaces the hint: the caller knows better than the server. */
bool err_set_hint(Err *err, const char *format, ...) PRINTF_LIKE(2, 3);

bool err_detail(Err *err, const char *format, ...) PRINTF_LIKE(2, 3);

/* Names the node, unless one is named already. */
bool err_node(Err *err, const char *node);

/* "cannot ACTION: strerror(errno)"; errno is read on entry. */
bool err_errno(Err *err, const char *format, ...) PRINTF_LIKE(2, 3);

void err_clear(Err *err);

/* A copy of from into to (which is cleared first). */
void err_copy(Err *to, const Err *from);

/* Moves from into to (which is cleared first). */
void err_move(Err *to, Err *from);

#endif
