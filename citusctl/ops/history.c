#include "ops/history.h"

#include "io/asset.h"

static const char *text_of(Arena *arena, const PgRows *rows, int row, int column)
{
	return pg_is_null(rows, row, column) ? NULL : arena_strdup(arena, pg_value(rows, row, column));
}

static bool read_rows(Pg *pg, int limit, Arena *arena, History *history, Err *err)
{
	const char *const values[] = {arena_printf(arena, "%d", limit)};
	PgRows *rows = pg_query(pg, asset_text("sql/query/operations.sql"), 1, values, err);

	if (rows == NULL)
		return false;
	history->count = (size_t) pg_row_count(rows);
	history->entries = arena_array(arena, history->count, sizeof(HistoryEntry));
	for (int i = 0; i < pg_row_count(rows); i++)
		history->entries[i] = (HistoryEntry) {
			.id = pg_int(rows, i, 0),
			.operator = text_of(arena, rows, i, 1),
			.command = text_of(arena, rows, i, 2),
			.started = text_of(arena, rows, i, 3),
			.started_at = text_of(arena, rows, i, 4),
			.finished_at = text_of(arena, rows, i, 5),
			.has_seconds = !pg_is_null(rows, i, 6),
			.seconds = pg_double(rows, i, 6),
			.outcome = text_of(arena, rows, i, 7),
			.details = text_of(arena, rows, i, 8),
		};
	pg_rows_free(rows);
	return true;
}

bool history_read(const Session *session, int limit, Arena *arena, History *history, Err *err)
{
	PgTarget target = session_app(session, &session->cluster->nodes[0]);
	Pg *pg = pg_open(&target, err);
	bool there = false;

	*history = (History) {0};

	bool ok = pg != NULL &&
	          pg_query_bool(pg, asset_text("sql/query/bookkeeping_exists.sql"), 0, NULL, &there, err) &&
	          (!there || read_rows(pg, limit, arena, history, err));

	pg_close(pg);
	return ok;
}
