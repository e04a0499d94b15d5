#include "demo/load.h"

#include <stdlib.h>

#include "io/asset.h"
#include "util/clock.h"

#define BUFFER_BYTES ((size_t) 256 * 1024)

/* The generator goes on while the server is still busy with this much. */
typedef struct Loader {
	Pg *pg;
	Stream stream;
	char *buffer;
	const DemoOptions *options;
	int64_t since_us;
	int64_t rows; /* so far */
	int64_t done_before; /* rows of the tables before this one */
	int64_t total;       /* of all tables */
	bool is_end;
} Loader;

/* COPYs at most max_rows into the named table. */
static bool copy_part(Loader *loader, const char *copy, int64_t max_rows, Err *err)
{
	int64_t sent = 0;
	bool ok = pg_copy_begin(loader->pg, copy, err);
	bool begun = ok;

	while (ok && sent < max_rows && !loader->is_end) {
		int64_t rows = 0;
		size_t bytes = stream_read(&loader->stream, loader->buffer, BUFFER_BYTES, max_rows - sent, &rows);

		loader->is_end = bytes == 0;
		ok = bytes == 0 || pg_copy_put(loader->pg, loader->buffer, bytes, err);
		sent += rows;
		demo_tell(loader->options, DEMO_LOADING, generator_table_name(loader->stream.table),
		          loader->done_before + loader->rows + sent, loader->total, loader->since_us);
	}
	if (begun && !ok && !pg_is_dead(loader->pg))
		pg_copy_abort(loader->pg);

	int64_t taken = 0;

	ok = ok && pg_copy_end(loader->pg, &taken, err);
	if (ok && taken != sent)
		ok = err_set(err, ERR_FAILED, "sent %lld rows to table \"%s\", and the server took %lld",
		             (long long) sent, generator_table_name(loader->stream.table), (long long) taken);
	loader->rows += sent;
	return ok;
}

/* By way of a temporary table, stage_rows at a time. */
static bool load_staged(Loader *loader, int64_t stage_rows, Arena *arena, Err *err)
{
	const char *name = generator_table_name(loader->stream.table);
	const char *columns = generator_table_columns(loader->stream.table);
	const char *make = arena_printf(arena, "CREATE TEMPORARY TABLE demo_stage AS SELECT %s FROM %s LIMIT 0",
	                                columns, name);
	const char *copy = arena_printf(arena, "COPY demo_stage (%s) FROM STDIN", columns);
	const char *move = arena_printf(arena, "INSERT INTO %s (%s) SELECT %s FROM demo_stage", name, columns,
	                                columns);
	bool ok = pg_exec(loader->pg, make, err);

	while (ok && !loader->is_end) {
		ok = copy_part(loader, copy, stage_rows, err) && pg_exec(loader->pg, move, err) &&
		     pg_exec(loader->pg, "TRUNCATE demo_stage", err);
	}
	return ok && pg_exec(loader->pg, "DROP TABLE demo_stage", err);
}

static bool load_direct(Loader *loader, Arena *arena, Err *err)
{
	const char *copy = arena_printf(arena, "COPY %s (%s) FROM STDIN",
	                                generator_table_name(loader->stream.table),
	                                generator_table_columns(loader->stream.table));

	return copy_part(loader, copy, INT64_MAX, err);
}

bool load_table(Pg *pg, const DemoEngine *engine, const Generator *generator, DemoTable table,
                const DemoOptions *options, const LoadProgress *progress, int64_t *rows, Err *err)
{
	Arena *arena = arena_new();
	Loader loader = {.pg = pg,
	                 .stream = stream_open(generator, table),
	                 .buffer = xmalloc(BUFFER_BYTES),
	                 .options = options,
	                 .since_us = progress->since_us,
	                 .done_before = progress->done,
	                 .total = progress->total};
	bool is_reference = table == DEMO_LANGUAGES || table == DEMO_COUNTRIES;
	bool ok = engine->stage_rows > 0 && !is_reference ? load_staged(&loader, engine->stage_rows, arena, err)
	                                                  : load_direct(&loader, arena, err);

	*rows = loader.rows;
	free(loader.buffer);
	arena_free(arena);
	return ok || err_wrap(err, "cannot load table \"%s\"", generator_table_name(table));
}
