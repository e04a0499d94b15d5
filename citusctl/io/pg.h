/*
 * io/pg.h - one connection to one PostgreSQL server; the only libpq there is.
 *
 * Errors:    a failed call fills Err with the server's message, SQLSTATE,
 *            detail (cut to a readable length) and hint, and names the node.
 *            No connection is ERR_UNREACHABLE; Ctrl-C cancels the running
 *            statement and is ERR_INTERRUPTED.
 * Ownership: pg_open() gives a Pg to close; results are freed by their owner.
 * Threads:   a Pg is used by one thread at a time.
 */
#ifndef CITUSCTL_IO_PG_H
#define CITUSCTL_IO_PG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "io/remote.h"
#include "util/arena.h"
#include "util/err.h"

typedef struct Pg Pg;
typedef struct PgRows PgRows;

/* Where to connect.  Borrowed during pg_open() only. */
typedef struct PgTarget {
	const char *node;     /* the node's name, for messages */
	const char *host;     /* name, address, or directory of a socket */
	int port;             /* 1..65535 */
	const char *database;
	const char *user;
	const char *password; /* NULL: none is sent */
	const char *sslmode;  /* NULL: libpq's default */
	const char *sslrootcert; /* NULL, or the file of the authorities to believe */
	const char *settings; /* NULL, or server settings as "-c name=value ..." */
	int timeout_s;        /* for connecting; 0: 5 seconds */
	Remote *remote;       /* NULL: directly; else over this SSH connection, to port of its host's loopback */
} PgTarget;

/* NULL when the server cannot be reached or refuses the login. */
Pg *pg_open(const PgTarget *target, Err *err) MUST_CHECK;

/* Whether pg_open() failed as the server, which runs, has no connection left. */
bool pg_is_full(const Err *err);

/* NULL is allowed. */
void pg_close(Pg *pg);

const char *pg_node(const Pg *pg);

/* Such as 150020 for 15.20. */
int pg_server_version(const Pg *pg);

/* Any number of statements without parameters, rows thrown away. */
bool pg_exec(Pg *pg, const char *sql, Err *err) MUST_CHECK;

/* One statement with $1..$n as text (NULL: SQL null); NULL on error. */
PgRows *pg_query(Pg *pg, const char *sql, int count, const char *const values[], Err *err) MUST_CHECK;

/* One statement or several by the simple protocol, which is all that PgBouncer's console speaks; the last one's rows. */
PgRows *pg_query_simple(Pg *pg, const char *sql, Err *err) MUST_CHECK;

/* As pg_query(), and the rows are not wanted. */
bool pg_run(Pg *pg, const char *sql, int count, const char *const values[], Err *err) MUST_CHECK;

/* Exactly one row of one column, copied into the arena (NULL: SQL null). */
bool pg_query_text(Pg *pg, const char *sql, int count, const char *const values[], Arena *arena,
                   const char **value, Err *err) MUST_CHECK;
bool pg_query_int64(Pg *pg, const char *sql, int count, const char *const values[], int64_t *value,
                    Err *err) MUST_CHECK;
bool pg_query_bool(Pg *pg, const char *sql, int count, const char *const values[], bool *value,
                   Err *err) MUST_CHECK;

int pg_row_count(const PgRows *rows);
int pg_column(const PgRows *rows, const char *name); /* -1: there is none of that name */
bool pg_is_null(const PgRows *rows, int row, int column);

/* Text of a value, "" for null; valid until pg_rows_free(). */
const char *pg_value(const PgRows *rows, int row, int column);
int64_t pg_int(const PgRows *rows, int row, int column); /* 0 for null */
double pg_double(const PgRows *rows, int row, int column);
bool pg_bool(const PgRows *rows, int row, int column);
void pg_rows_free(PgRows *rows); /* NULL is allowed */

/* "COPY ... FROM STDIN" and its data; pg_copy_end() says how many rows went in. */
bool pg_copy_begin(Pg *pg, const char *sql, Err *err) MUST_CHECK;
bool pg_copy_put(Pg *pg, const char *bytes, size_t length, Err *err) MUST_CHECK;
bool pg_copy_end(Pg *pg, int64_t *rows, Err *err) MUST_CHECK;

/* Gives up a running COPY; the statement fails on the server. */
void pg_copy_abort(Pg *pg);

/*
 * "COPY ... TO STDOUT" one row at a time: begin, then get until *length is 0.
 * *line is valid until the next call.
 */
bool pg_copy_out_begin(Pg *pg, const char *sql, Err *err) MUST_CHECK;
bool pg_copy_out_get(Pg *pg, const char **line, size_t *length, Err *err) MUST_CHECK;

/*
 * Asynchronous use, for many connections in one thread: prepare once, send,
 * wait for pg_socket() to be readable, then pg_ready() until true, then take
 * the result.  pg_send() flushes as far as the socket takes it.
 */
bool pg_prepare(Pg *pg, const char *name, const char *sql, Err *err) MUST_CHECK;
bool pg_send(Pg *pg, const char *name, int count, const char *const values[], Err *err) MUST_CHECK;

/* As pg_send(), of a statement that isn't prepared. */
bool pg_send_query(Pg *pg, const char *sql, int count, const char *const values[], Err *err) MUST_CHECK;

/* As pg_send(), of one statement or several without parameters; pg_take() has the last one's rows. */
bool pg_send_simple(Pg *pg, const char *sql, Err *err) MUST_CHECK;
int pg_socket(const Pg *pg);

/* Reads what is there; *ready when pg_take() will not block.  Notifications that
 * this connection listens for are thrown away: they are for the server's sake. */
bool pg_ready(Pg *pg, bool *ready, Err *err) MUST_CHECK;

/* The statement's rows (empty for commands), NULL on error. */
PgRows *pg_take(Pg *pg, Err *err) MUST_CHECK;

/*
 * Asks the server to give up the statement that was sent; pg_take() then has
 * its error (SQLSTATE 57014), unless it was done already.
 */
bool pg_cancel(Pg *pg, Err *err) MUST_CHECK;

/* Rows changed by an INSERT, UPDATE or DELETE. */
int64_t pg_affected(const PgRows *rows);

/* The process that serves this connection. */
int pg_backend(const Pg *pg);

/* Whether the connection is lost. */
bool pg_is_dead(const Pg *pg);

/* Quoted by libpq for this connection; in the arena. */
char *pg_ident(Pg *pg, Arena *arena, const char *name);
char *pg_literal(Pg *pg, Arena *arena, const char *text);

/* The SCRAM verifier of password: what the server stores, never the text. */
char *pg_encrypt_password(Pg *pg, Arena *arena, const char *role, const char *password);

/* As pg_encrypt_password() without a connection. */
char *pg_scram_verifier(Arena *arena, const char *password, Err *err) MUST_CHECK;

/* "schema"."name", or "name" when schema is NULL. */
char *pg_qualified(Pg *pg, Arena *arena, const char *schema, const char *name);

/* What a connection string sets, as lines "key=value" of a service file; in the arena. */
char *pg_conninfo_lines(Arena *arena, const char *conninfo);

#endif
