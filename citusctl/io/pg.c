#include "io/pg.h"

#include <errno.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/clock.h"
#include "util/log.h"

#define CONNECT_TIMEOUT_S 5
#define WAIT_SLICE_MS 100

/* A failing batched INSERT of postgres_fdw repeats its whole statement. */
#define DETAIL_MAX 400

struct Pg {
	PGconn *conn;
	char *node;
	char *row; /* of COPY TO, handed out last; libpq's, or NULL */
	bool is_deaf; /* it was told to stop, and could not be reached */
};

/* Of keepalives: idle, interval, count; and the milliseconds for what was sent. A server that fell
 * silent is given up after half a minute; one that works on a statement answers them. */
#define SILENCE "10", "5", "4", "30000"

/* PgRows is PGresult under a name that keeps libpq out of every other file. */
static PGresult *raw(const PgRows *rows)
{
	return (PGresult *) (uintptr_t) rows;
}

static PgRows *wrap(PGresult *result)
{
	return (PgRows *) (void *) result;
}

/* The server's text without its last newline, cut to a readable length. */
static char *tidy(const char *text)
{
	size_t length = text != NULL ? strlen(text) : 0;

	while (length > 0 && (text[length - 1] == '\n' || text[length - 1] == ' '))
		length--;

	bool cut = length > DETAIL_MAX;

	if (cut)
		length = DETAIL_MAX;

	char *copy = xmalloc(length + 4);

	if (length > 0)
		memcpy(copy, text, length);
	memcpy(copy + length, cut ? "..." : "", cut ? 4 : 1);
	return copy;
}

static void notice_to_log(void *arg, const PGresult *result)
{
	const Pg *pg = arg;
	char *text = tidy(PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));

	log_debug("%s: notice: %s", pg->node, text);
	free(text);
}

static bool lost_error(Pg *pg, Err *err)
{
	char *text = tidy(PQerrorMessage(pg->conn));

	err_set(err, ERR_UNREACHABLE, "lost the connection to node \"%s\"", pg->node);
	if (*text != '\0')
		err_detail(err, "%s", text);
	err_hint(err, "See why it stopped in its server log, start it again, and repeat the command.");
	err_node(err, pg->node);
	free(text);
	return false;
}

/* What a failed result says, with all that helps to find the reason. */
static bool result_error(Pg *pg, const PGresult *result, Err *err)
{
	const char *primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	const char *detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
	const char *context = PQresultErrorField(result, PG_DIAG_CONTEXT);
	const char *hint = PQresultErrorField(result, PG_DIAG_MESSAGE_HINT);
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

	if (PQstatus(pg->conn) != CONNECTION_OK)
		return lost_error(pg, err);

	char *message = tidy(primary != NULL ? primary : PQresultErrorMessage(result));

	err_set(err, ERR_FAILED, "%s", message);
	free(message);
	if (state != NULL)
		snprintf(err->sqlstate, sizeof(err->sqlstate), "%s", state);
	if (detail != NULL || context != NULL) {
		char *text = tidy(detail != NULL ? detail : context);

		err_detail(err, "%s", text);
		free(text);
	}
	if (hint != NULL)
		err_hint(err, "%s", hint);
	return err_node(err, pg->node);
}

static bool interrupted_error(Pg *pg, Err *err)
{
	Err ignored = ERR_INIT;

	pg->is_deaf = !pg_cancel(pg, &ignored);
	err_clear(&ignored);
	return clock_go_on(err);
}

/* Waits until the socket can be read (or also written); false once interrupted. */
static bool wait_socket(Pg *pg, short events, Err *err)
{
	struct pollfd fd = {.fd = PQsocket(pg->conn), .events = events};

	for (;;) {
		if (clock_interrupted())
			return interrupted_error(pg, err);

		int n = poll(&fd, 1, WAIT_SLICE_MS);

		if (n > 0)
			return true;
		if (n < 0 && errno != EINTR)
			return err_errno(err, "wait for node \"%s\"", pg->node);
	}
}

/* The host has made no connection: all that libpq sees of it is an end. */
static bool is_unanswered(const PgTarget *target, const char *text)
{
	return target->remote != NULL && (strstr(text, "server closed the connection unexpectedly") != NULL ||
	                                  strstr(text, "Connection reset by peer") != NULL);
}

bool pg_is_full(const Err *err)
{
	return err->detail != NULL && (strstr(err->detail, "too many clients") != NULL ||
	                               strstr(err->detail, "too many connections") != NULL ||
	                               strstr(err->detail, "remaining connection slots") != NULL);
}

/* Login errors come without SQLSTATE: tell them by what libpq says of them. */
static bool connect_error(Pg *pg, const PgTarget *target, Err *err)
{
	char *text = tidy(PQerrorMessage(pg->conn));

	err_set(err, ERR_UNREACHABLE, "cannot connect to node \"%s\" (%s port %d%s) as \"%s\"", target->node,
	        target->host, target->port, target->remote != NULL ? " over SSH" : "", target->user);
	err_detail(err, "%s", is_unanswered(target, text) ? "Nothing listens on that port of the host." : text);
	if (strstr(text, "password") != NULL)
		err_hint(err, "The password is not the one the server knows: check \"postgres.password\" in "
		              "the description.");
	else if (pg_is_full(err))
		err_hint(err, "All its connections are taken: end some, or raise max_connections.");
	else if (strstr(text, "starting up") != NULL)
		err_hint(err, "The server is still starting: try again in a moment.");
	else
		err_hint(err, "Is the server running?  \"citusctl node start\" starts the servers.");
	err_node(err, target->node);
	free(text);
	return false;
}

static bool finish_connecting(Pg *pg, const PgTarget *target, Err *err)
{
	int seconds = target->timeout_s > 0 ? target->timeout_s : CONNECT_TIMEOUT_S;
	int64_t deadline = clock_us() + (int64_t) seconds * 1000000;
	PostgresPollingStatusType state = PGRES_POLLING_WRITING;

	while (state != PGRES_POLLING_OK && state != PGRES_POLLING_FAILED) {
		struct pollfd fd = {.fd = PQsocket(pg->conn),
		                    .events = state == PGRES_POLLING_READING ? POLLIN : POLLOUT};

		if (!clock_go_on(err))
			return false;
		/* An answer counts however late it is looked at: it was this machine that stood still, not the server. */
		if (poll(&fd, 1, WAIT_SLICE_MS) > 0) {
			state = PQconnectPoll(pg->conn);
		} else if (clock_us() > deadline) {
			err_set(err, ERR_UNREACHABLE, "node \"%s\" (%s port %d) does not answer within %d s",
			        target->node, target->host, target->port, seconds);
			return err_node(err, target->node);
		}
	}
	return state == PGRES_POLLING_OK || connect_error(pg, target, err);
}

Pg *pg_open(const PgTarget *target, Err *err)
{
	char port[16];
	const char *host = target->host;

	if (target->remote != NULL && (!remote_login(target->remote, err) ||
	                               (host = remote_forward(target->remote, "127.0.0.1", target->port, err)) == NULL))
		return NULL;

	const char *keys[] = {"host", "port", "dbname", "user", "password", "sslmode", "sslrootcert", "options",
	                      "application_name", "client_encoding", "keepalives_idle", "keepalives_interval",
	                      "keepalives_count", "tcp_user_timeout", NULL};
	const char *values[] = {host, port, target->database, target->user, target->password,
	                        target->sslmode, target->sslrootcert, target->settings, "citusctl", "UTF8", SILENCE, NULL};
	Pg *pg = xmalloc(sizeof(*pg));

	snprintf(port, sizeof(port), "%d", target->remote != NULL ? REMOTE_FORWARD_PORT : target->port);
	pg->node = xstrdup(target->node);
	pg->row = NULL;
	pg->is_deaf = false;
	pg->conn = PQconnectStartParams(keys, values, 0);
	if (pg->conn == NULL)
		err_set(err, ERR_FAILED, "out of memory");
	else if (PQstatus(pg->conn) == CONNECTION_BAD)
		connect_error(pg, target, err);
	else if (finish_connecting(pg, target, err)) {
		PQsetNoticeReceiver(pg->conn, notice_to_log, pg);
		return pg;
	}
	pg_close(pg);
	return NULL;
}

void pg_close(Pg *pg)
{
	if (pg == NULL)
		return;
	PQfreemem(pg->row);
	PQfinish(pg->conn);
	free(pg->node);
	free(pg);
}

const char *pg_node(const Pg *pg)
{
	return pg->node;
}

int pg_server_version(const Pg *pg)
{
	return PQserverVersion(pg->conn);
}

int pg_backend(const Pg *pg)
{
	return PQbackendPID(pg->conn);
}

bool pg_is_dead(const Pg *pg)
{
	return PQstatus(pg->conn) != CONNECTION_OK;
}

int pg_socket(const Pg *pg)
{
	return PQsocket(pg->conn);
}

static bool flush_all(Pg *pg, Err *err)
{
	int left = 0;

	while ((left = PQflush(pg->conn)) > 0) {
		if (!wait_socket(pg, POLLIN | POLLOUT, err))
			return false;
		if (PQconsumeInput(pg->conn) == 0)
			return lost_error(pg, err);
	}
	return left == 0 || lost_error(pg, err);
}

/* After Ctrl-C the server still has to say that it stopped, unless it could not be told to. */
static void drain(Pg *pg)
{
	PGresult *result = NULL;

	while (!pg->is_deaf && (result = PQgetResult(pg->conn)) != NULL) {
		ExecStatusType status = PQresultStatus(result);

		PQclear(result);
		if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT)
			break;
	}
}

/*
 * The next result, NULL when there is none left.  *failed when waiting for it
 * failed and err is filled.
 */
static PGresult *next_result(Pg *pg, bool *failed, Err *err)
{
	*failed = false;
	while (PQisBusy(pg->conn)) {
		if (!wait_socket(pg, POLLIN, err)) {
			drain(pg);
			*failed = true;
			return NULL;
		}
		if (PQconsumeInput(pg->conn) == 0) {
			lost_error(pg, err);
			*failed = true;
			return NULL;
		}
	}
	return PQgetResult(pg->conn);
}

static bool is_fine(const PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);

	return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY ||
	       status == PGRES_COPY_IN || status == PGRES_COPY_OUT;
}

/* The last result of what was sent; the first error wins. */
static PGresult *last_result(Pg *pg, Err *err)
{
	PGresult *last = NULL;
	PGresult *result = NULL;
	bool failed = false;
	bool erred = false;

	while ((result = next_result(pg, &failed, err)) != NULL) {
		if (!is_fine(result) && !erred) {
			result_error(pg, result, err);
			erred = true;
		}
		PQclear(last);
		last = result;
		if (PQresultStatus(result) == PGRES_COPY_IN || PQresultStatus(result) == PGRES_COPY_OUT)
			break;
	}
	if (!failed && !erred && last == NULL) {
		lost_error(pg, err);
		erred = true;
	}
	if (failed || erred) {
		PQclear(last);
		return NULL;
	}
	return last;
}

bool pg_exec(Pg *pg, const char *sql, Err *err)
{
	if (!clock_go_on(err))
		return false;
	if (PQsendQuery(pg->conn, sql) == 0)
		return lost_error(pg, err);
	if (!flush_all(pg, err))
		return false;

	PGresult *result = last_result(pg, err);

	PQclear(result);
	return result != NULL;
}

PgRows *pg_query(Pg *pg, const char *sql, int count, const char *const values[], Err *err)
{
	if (!clock_go_on(err))
		return NULL;
	if (PQsendQueryParams(pg->conn, sql, count, NULL, values, NULL, NULL, 0) == 0) {
		lost_error(pg, err);
		return NULL;
	}
	return flush_all(pg, err) ? wrap(last_result(pg, err)) : NULL;
}

PgRows *pg_query_simple(Pg *pg, const char *sql, Err *err)
{
	if (!clock_go_on(err) || !pg_send_simple(pg, sql, err) || !flush_all(pg, err))
		return NULL;
	return wrap(last_result(pg, err));
}

bool pg_run(Pg *pg, const char *sql, int count, const char *const values[], Err *err)
{
	PgRows *rows = pg_query(pg, sql, count, values, err);

	pg_rows_free(rows);
	return rows != NULL;
}

static PgRows *query_one(Pg *pg, const char *sql, int count, const char *const values[], Err *err)
{
	PgRows *rows = pg_query(pg, sql, count, values, err);

	if (rows != NULL && (PQntuples(raw(rows)) != 1 || PQnfields(raw(rows)) != 1)) {
		err_set(err, ERR_FAILED, "expected one value, got %d rows of %d columns: %.80s",
		        PQntuples(raw(rows)), PQnfields(raw(rows)), sql);
		err_node(err, pg->node);
		pg_rows_free(rows);
		return NULL;
	}
	return rows;
}

bool pg_query_text(Pg *pg, const char *sql, int count, const char *const values[], Arena *arena,
                   const char **value, Err *err)
{
	PgRows *rows = query_one(pg, sql, count, values, err);

	if (rows != NULL)
		*value = pg_is_null(rows, 0, 0) ? NULL : arena_strdup(arena, pg_value(rows, 0, 0));
	pg_rows_free(rows);
	return rows != NULL;
}

bool pg_query_int64(Pg *pg, const char *sql, int count, const char *const values[], int64_t *value,
                    Err *err)
{
	PgRows *rows = query_one(pg, sql, count, values, err);

	if (rows != NULL)
		*value = pg_int(rows, 0, 0);
	pg_rows_free(rows);
	return rows != NULL;
}

bool pg_query_bool(Pg *pg, const char *sql, int count, const char *const values[], bool *value,
                   Err *err)
{
	PgRows *rows = query_one(pg, sql, count, values, err);

	if (rows != NULL)
		*value = pg_bool(rows, 0, 0);
	pg_rows_free(rows);
	return rows != NULL;
}

int pg_row_count(const PgRows *rows)
{
	return PQntuples(raw(rows));
}

int pg_column(const PgRows *rows, const char *name)
{
	return PQfnumber(raw(rows), name);
}

bool pg_is_null(const PgRows *rows, int row, int column)
{
	return PQgetisnull(raw(rows), row, column) != 0;
}

const char *pg_value(const PgRows *rows, int row, int column)
{
	return PQgetvalue(raw(rows), row, column);
}

int64_t pg_int(const PgRows *rows, int row, int column)
{
	return strtoll(pg_value(rows, row, column), NULL, 10);
}

double pg_double(const PgRows *rows, int row, int column)
{
	return strtod(pg_value(rows, row, column), NULL);
}

bool pg_bool(const PgRows *rows, int row, int column)
{
	return *pg_value(rows, row, column) == 't';
}

void pg_rows_free(PgRows *rows)
{
	PQclear(raw(rows));
}

int64_t pg_affected(const PgRows *rows)
{
	return strtoll(PQcmdTuples(raw(rows)), NULL, 10);
}

/* Starts a COPY and sees that the server answers with the direction wanted. */
static bool copy_start(Pg *pg, const char *sql, ExecStatusType wanted, Err *err)
{
	if (!clock_go_on(err))
		return false;
	if (PQsendQuery(pg->conn, sql) == 0)
		return lost_error(pg, err);

	PGresult *result = flush_all(pg, err) ? last_result(pg, err) : NULL;
	bool ok = result != NULL && PQresultStatus(result) == wanted;

	if (result != NULL && !ok)
		err_set(err, ERR_FAILED, "not a COPY of the kind expected: %.80s", sql);
	PQclear(result);
	return ok;
}

bool pg_copy_begin(Pg *pg, const char *sql, Err *err)
{
	return copy_start(pg, sql, PGRES_COPY_IN, err);
}

bool pg_copy_put(Pg *pg, const char *bytes, size_t length, Err *err)
{
	while (length > 0) {
		int part = length > (1 << 20) ? 1 << 20 : (int) length;

		if (clock_interrupted())
			return interrupted_error(pg, err);
		if (PQputCopyData(pg->conn, bytes, part) != 1)
			return lost_error(pg, err);
		bytes += part;
		length -= (size_t) part;
	}
	return true;
}

bool pg_copy_end(Pg *pg, int64_t *rows, Err *err)
{
	if (PQputCopyEnd(pg->conn, NULL) != 1 || !flush_all(pg, err))
		return lost_error(pg, err);

	PGresult *result = last_result(pg, err);

	if (result != NULL && rows != NULL)
		*rows = strtoll(PQcmdTuples(result), NULL, 10);
	PQclear(result);
	return result != NULL;
}

void pg_copy_abort(Pg *pg)
{
	if (PQputCopyEnd(pg->conn, "given up by citusctl") == 1)
		drain(pg);
}

bool pg_copy_out_begin(Pg *pg, const char *sql, Err *err)
{
	return copy_start(pg, sql, PGRES_COPY_OUT, err);
}

bool pg_copy_out_get(Pg *pg, const char **line, size_t *length, Err *err)
{
	PQfreemem(pg->row);
	pg->row = NULL;
	*line = NULL;
	*length = 0;

	int n = 0;

	while ((n = PQgetCopyData(pg->conn, &pg->row, 1)) == 0) {
		if (!wait_socket(pg, POLLIN, err)) {
			drain(pg);
			return false;
		}
		if (PQconsumeInput(pg->conn) == 0)
			return lost_error(pg, err);
	}
	if (n > 0) {
		*line = pg->row;
		*length = (size_t) n;
		return true;
	}

	PGresult *result = last_result(pg, err);

	PQclear(result);
	return result != NULL;
}

bool pg_prepare(Pg *pg, const char *name, const char *sql, Err *err)
{
	if (PQsendPrepare(pg->conn, name, sql, 0, NULL) == 0)
		return lost_error(pg, err);

	PGresult *result = flush_all(pg, err) ? last_result(pg, err) : NULL;

	PQclear(result);
	return result != NULL;
}

bool pg_send(Pg *pg, const char *name, int count, const char *const values[], Err *err)
{
	if (PQsendQueryPrepared(pg->conn, name, count, values, NULL, NULL, 0) == 0)
		return lost_error(pg, err);
	return PQflush(pg->conn) >= 0 || lost_error(pg, err);
}

bool pg_send_query(Pg *pg, const char *sql, int count, const char *const values[], Err *err)
{
	if (PQsendQueryParams(pg->conn, sql, count, NULL, values, NULL, NULL, 0) == 0)
		return lost_error(pg, err);
	return PQflush(pg->conn) >= 0 || lost_error(pg, err);
}

bool pg_send_simple(Pg *pg, const char *sql, Err *err)
{
	if (PQsendQuery(pg->conn, sql) == 0)
		return lost_error(pg, err);
	return PQflush(pg->conn) >= 0 || lost_error(pg, err);
}

bool pg_ready(Pg *pg, bool *ready, Err *err)
{
	PGnotify *notification = NULL;

	*ready = false;
	if (PQconsumeInput(pg->conn) == 0 || PQflush(pg->conn) < 0)
		return lost_error(pg, err);
	while ((notification = PQnotifies(pg->conn)) != NULL)
		PQfreemem(notification);
	*ready = PQisBusy(pg->conn) == 0;
	return true;
}

bool pg_cancel(Pg *pg, Err *err)
{
	char why[256] = "out of memory";
	PGcancel *cancel = PQgetCancel(pg->conn);
	bool ok = cancel != NULL && PQcancel(cancel, why, sizeof(why)) == 1;

	PQfreeCancel(cancel);
	if (ok)
		return true;
	err_set(err, ERR_UNREACHABLE, "cannot cancel the statement that runs on node \"%s\"", pg->node);
	err_detail(err, "%s", why);
	return err_node(err, pg->node);
}

PgRows *pg_take(Pg *pg, Err *err)
{
	return wrap(last_result(pg, err));
}

/* libpq's quoting needs valid text in the client encoding, which ours is. */
static char *keep(Pg *pg, Arena *arena, char *quoted)
{
	if (quoted == NULL) {
		fprintf(stderr, "citusctl: cannot quote: %s\n", PQerrorMessage(pg->conn));
		abort();
	}

	char *copy = arena_strdup(arena, quoted);

	PQfreemem(quoted);
	return copy;
}

char *pg_ident(Pg *pg, Arena *arena, const char *name)
{
	return keep(pg, arena, PQescapeIdentifier(pg->conn, name, strlen(name)));
}

char *pg_literal(Pg *pg, Arena *arena, const char *text)
{
	return keep(pg, arena, PQescapeLiteral(pg->conn, text, strlen(text)));
}

char *pg_qualified(Pg *pg, Arena *arena, const char *schema, const char *name)
{
	if (schema == NULL)
		return pg_ident(pg, arena, name);
	return arena_printf(arena, "%s.%s", pg_ident(pg, arena, schema), pg_ident(pg, arena, name));
}

char *pg_encrypt_password(Pg *pg, Arena *arena, const char *role, const char *password)
{
	return keep(pg, arena, PQencryptPasswordConn(pg->conn, password, role, "scram-sha-256"));
}

char *pg_scram_verifier(Arena *arena, const char *password, Err *err)
{
	/* libpq wants a connection for its texts only: one that leads nowhere will do. */
	PGconn *conn = PQconnectStart("host=/nonexistent");
	char *text = conn != NULL ? PQencryptPasswordConn(conn, password, "", "scram-sha-256") : NULL;
	char *copy = arena_strdup(arena, text);

	PQfreemem(text);
	PQfinish(conn);
	if (copy == NULL)
		err_set(err, ERR_FAILED, "cannot make a SCRAM verifier of the password");
	return copy;
}

char *pg_conninfo_lines(Arena *arena, const char *conninfo)
{
	PQconninfoOption *options = PQconninfoParse(conninfo, NULL);
	char *lines = arena_strdup(arena, "");

	for (const PQconninfoOption *o = options; o != NULL && o->keyword != NULL; o++)
		if (o->val != NULL)
			lines = arena_printf(arena, "%s%s=%s\n", lines, o->keyword, o->val);
	PQconninfoFree(options);
	return lines;
}
