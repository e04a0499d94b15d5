#include "demo/columnar.h"

#include "demo/engine.h"
#include "io/asset.h"
#include "io/tmpl.h"
#include "util/clock.h"

/* The quickest of so many is what the storage costs, and not what else went on. */
#define ASKED 5

static bool make_tables(Pg *pg, const DemoEngine *engine, Arena *arena, Err *err)
{
	const TmplValue values[] = {{"storage", engine->has_columnar ? "USING columnar" : ""}, {NULL, NULL}};
	const char *sql = tmpl_render(arena, "columnar.sql", asset_text("sql/demo/columnar.sql"), values, err);

	return sql != NULL && pg_exec(pg, sql, err);
}

static bool fill(Pg *pg, const char *sql, double *seconds, int64_t *count, Err *err)
{
	int64_t since = clock_us();
	PgRows *rows = pg_query(pg, asset_text(sql), 0, NULL, err);

	*seconds = (double) (clock_us() - since) / 1e6;
	if (rows == NULL)
		return false;
	*count = pg_affected(rows);
	pg_rows_free(rows);
	return true;
}

static bool ask(Pg *pg, const char *sql, Arena *arena, double *ms, const char **answer, Err *err)
{
	for (int i = 0; i < ASKED; i++) {
		int64_t since = clock_us();

		if (!pg_query_text(pg, asset_text(sql), 0, NULL, arena, answer, err))
			return false;

		double took_ms = (double) (clock_us() - since) / 1000.0;

		*ms = i == 0 || took_ms < *ms ? took_ms : *ms;
	}
	return true;
}

static bool read_sizes(Pg *pg, DemoColumnar *columnar, Err *err)
{
	PgRows *rows = pg_query(pg, asset_text("sql/query/demo_activity_sizes.sql"), 0, NULL, err);

	if (rows == NULL)
		return false;
	columnar->bytes = pg_int(rows, 0, 0);
	columnar->heap_bytes = pg_int(rows, 0, 1);
	pg_rows_free(rows);
	return true;
}

bool columnar_try(const DemoTarget *target, Arena *arena, DemoReport *report, Err *err)
{
	DemoColumnar *columnar = arena_alloc(arena, sizeof(*columnar));
	const DemoEngine *engine = demo_engine_find(target->engine, err);
	Pg *pg = engine != NULL ? demo_connect(target, err) : NULL;
	const char *answer = NULL;
	int64_t filled = 0;
	bool ok = pg != NULL && make_tables(pg, engine, arena, err) &&
	          fill(pg, "sql/query/demo_activity_fill_heap.sql", &columnar->heap_load_s, &columnar->rows, err) &&
	          fill(pg, "sql/query/demo_activity_fill.sql", &columnar->load_s, &filled, err) &&
	          pg_exec(pg, "ANALYZE activity, activity_heap", err) && read_sizes(pg, columnar, err) &&
	          ask(pg, "sql/query/demo_activity_columnar.sql", arena, &columnar->query_ms, &answer, err) &&
	          ask(pg, "sql/query/demo_activity_heap.sql", arena, &columnar->heap_query_ms, &answer, err);

	if (ok && filled != columnar->rows)
		ok = err_set(err, ERR_FAILED, "the same statement made %lld rows in one table and %lld in the other",
		             (long long) columnar->rows, (long long) filled);
	if (ok) {
		columnar->is_columnar = engine->has_columnar;
		report->columnar = columnar;
	}
	pg_close(pg);
	return ok || err_wrap(err, "cannot try columnar storage");
}
