#include "ops/upkeep.h"

#include "io/asset.h"
#include "ops/engine.h"
#include "util/clock.h"

/* A shard that is still in use can't be dropped: tried for so long, and the server goes on with it. */
#define CLEANUP_MS 5000
#define CLEANUP_PAUSE_MS 200

bool upkeep_left(Pg *pg, int64_t *left, Err *err)
{
	return pg_query_int64(pg, asset_text("sql/query/cleanup_left.sql"), 0, NULL, left, err);
}

/* Goes on after Ctrl-C too: what was interrupted is to leave nothing behind. */
bool upkeep_clean_up(Pg *pg, int64_t *left, Err *err)
{
	bool ok = upkeep_left(pg, left, err);
	int64_t end_us = clock_us() + (int64_t) CLEANUP_MS * 1000;

	while (ok && *left > 0) {
		ok = pg_exec(pg, asset_text("sql/query/cleanup.sql"), err) && upkeep_left(pg, left, err);
		if (*left == 0 || clock_us() >= end_us)
			break;
		clock_sleep_ms(CLEANUP_PAUSE_MS);
	}
	return ok || err_wrap(err, "clean up after moves");
}

bool upkeep_missing_copies(Pg *pg, MissingCopies *missing, Err *err)
{
	PgRows *rows = pg_query(pg, asset_text("sql/query/reference_copies_missing.sql"), 0, NULL, err);

	if (rows == NULL)
		return false;
	*missing = (MissingCopies) {.count = pg_int(rows, 0, 0), .block_writes = pg_bool(rows, 0, 1)};
	pg_rows_free(rows);
	return true;
}

bool upkeep_make_copies(Pg *pg, Engine engine, const MissingCopies *missing, Err *err)
{
	const char *file = engine_traits(engine)->replicate_reference_tables;
	const char *const mode[] = {missing->block_writes ? "block_writes" : "auto"};

	return file == NULL || missing->count == 0 || pg_run(pg, asset_text(file), 1, mode, err) || err_wrap(err, "copy reference tables");
}
