#include "demo/pool_watch.h"

#include <stdlib.h>

#include "util/clock.h"
#include "util/str.h"

#define LOOK_US INT64_C(500000)

struct PoolWatch {
	Pg *pg;
	char *database;
	bool is_sent;
	int64_t next_us;
	PoolFigures figures;
	int64_t transactions_before;
	int64_t waited_before_us;
};

static int64_t more(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* Of one row, by the column's name: 0 where this version has no such column. */
static int64_t figure(const PgRows *rows, int row, const char *name)
{
	int column = pg_column(rows, name);

	return column >= 0 ? pg_int(rows, row, column) : 0;
}

static bool is_ours(const PoolWatch *watch, const PgRows *rows, int row)
{
	int column = pg_column(rows, "database");

	return column >= 0 && str_equal(pg_value(rows, row, column), watch->database);
}

static void take_pools(PoolWatch *watch, const PgRows *rows)
{
	PoolFigures *f = &watch->figures;
	PoolFigures now = {.clients = 0};

	for (int i = 0; i < pg_row_count(rows); i++) {
		if (!is_ours(watch, rows, i))
			continue;
		now.clients += figure(rows, i, "cl_active") + figure(rows, i, "cl_waiting");
		now.waiting += figure(rows, i, "cl_waiting");
		now.servers += figure(rows, i, "sv_active") + figure(rows, i, "sv_idle") + figure(rows, i, "sv_used") +
		               figure(rows, i, "sv_tested") + figure(rows, i, "sv_login");
		now.longest_us = more(now.longest_us, figure(rows, i, "maxwait") * 1000000 + figure(rows, i, "maxwait_us"));
	}
	f->clients = more(f->clients, now.clients);
	f->waiting = more(f->waiting, now.waiting);
	f->servers = more(f->servers, now.servers);
	f->longest_us = more(f->longest_us, now.longest_us);
}

static bool read_sums(PoolWatch *watch, int64_t *transactions, int64_t *waited_us, Err *err)
{
	PgRows *rows = pg_query_simple(watch->pg, "SHOW STATS", err);

	*transactions = 0;
	*waited_us = 0;
	for (int i = 0; rows != NULL && i < pg_row_count(rows); i++) {
		if (!is_ours(watch, rows, i))
			continue;
		*transactions += figure(rows, i, "total_xact_count");
		*waited_us += figure(rows, i, "total_wait_time");
	}
	pg_rows_free(rows);
	return rows != NULL;
}

static bool read_pool_size(PoolWatch *watch, Err *err)
{
	PgRows *rows = pg_query_simple(watch->pg, "SHOW DATABASES", err);

	for (int i = 0; rows != NULL && i < pg_row_count(rows); i++)
		if (pg_column(rows, "name") >= 0 && str_equal(pg_value(rows, i, pg_column(rows, "name")), watch->database))
			watch->figures.pool_size = figure(rows, i, "pool_size");
	pg_rows_free(rows);
	return rows != NULL;
}

PoolWatch *pool_watch_open(const PgTarget *console, const char *database, Err *err)
{
	PoolWatch *watch = xmalloc(sizeof(*watch));

	*watch = (PoolWatch) {.pg = pg_open(console, err), .database = xstrdup(database)};
	if (watch->pg != NULL && pool_watch_begin(watch, err))
		return watch;
	pool_watch_close(watch);
	return NULL;
}

void pool_watch_close(PoolWatch *watch)
{
	if (watch == NULL)
		return;
	pg_close(watch->pg);
	free(watch->database);
	free(watch);
}

/* An answer that is still to come is waited for: it is about what was before. */
static bool finish_look(PoolWatch *watch, Err *err)
{
	bool was_sent = watch->is_sent;
	PgRows *rows = was_sent ? pg_take(watch->pg, err) : NULL;

	watch->is_sent = false;
	if (rows != NULL)
		take_pools(watch, rows);
	pg_rows_free(rows);
	return !was_sent || rows != NULL;
}

bool pool_watch_begin(PoolWatch *watch, Err *err)
{
	bool ok = finish_look(watch, err);

	watch->figures = (PoolFigures) {.pool_size = watch->figures.pool_size};
	return ok && read_sums(watch, &watch->transactions_before, &watch->waited_before_us, err) && read_pool_size(watch, err);
}

int pool_watch_socket(const PoolWatch *watch)
{
	return watch->is_sent ? pg_socket(watch->pg) : -1;
}

/* A pooler that went away shows in the workload; here it only gives no more figures. */
void pool_watch_serve(PoolWatch *watch)
{
	Err ignored = ERR_INIT;
	bool is_ready = false;
	int64_t now = clock_us();

	if (watch->is_sent && pg_ready(watch->pg, &is_ready, &ignored) && is_ready)
		(void) finish_look(watch, &ignored);
	if (!watch->is_sent && now >= watch->next_us && !pg_is_dead(watch->pg)) {
		watch->next_us = now + LOOK_US;
		watch->is_sent = pg_send_simple(watch->pg, "SHOW POOLS", &ignored);
	}
	err_clear(&ignored);
}

bool pool_watch_end(PoolWatch *watch, PoolFigures *figures, Err *err)
{
	int64_t transactions = 0;
	int64_t waited_us = 0;
	bool ok = finish_look(watch, err) && read_sums(watch, &transactions, &waited_us, err);

	watch->figures.transactions = transactions - watch->transactions_before;
	watch->figures.waited_us = waited_us - watch->waited_before_us;
	*figures = watch->figures;
	return ok;
}
