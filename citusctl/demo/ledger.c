#include "demo/ledger.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "io/asset.h"

bool demo_state_get(Pg *pg, DemoState *state, Err *err)
{
	*state = (DemoState) {.exists = false};

	bool is_ours = false;

	if (!pg_query_bool(pg, asset_text("sql/query/demo_is_ours.sql"), 0, NULL, &is_ours, err))
		return false;
	if (!is_ours)
		return true;

	PgRows *rows = pg_query(pg, asset_text("sql/query/demo_run_get.sql"), 0, NULL, err);

	if (rows != NULL && pg_row_count(rows) == 1) {
		state->exists = true;
		state->seed = (uint64_t) pg_int(rows, 0, 0);
		state->users = pg_int(rows, 0, 1);
		snprintf(state->state, sizeof(state->state), "%s", pg_value(rows, 0, 2));
	}
	pg_rows_free(rows);
	return rows != NULL;
}

bool demo_state_make(Pg *pg, Err *err)
{
	return pg_exec(pg, asset_text("sql/demo/ledger.sql"), err);
}

bool demo_state_set(Pg *pg, const DemoState *state, const char *name, Err *err)
{
	char seed[24];
	char users[24];
	const char *const values[] = {seed, users, name};

	snprintf(seed, sizeof(seed), "%" PRId64, (int64_t) state->seed);
	snprintf(users, sizeof(users), "%" PRId64, state->users);
	return pg_run(pg, asset_text("sql/query/demo_run_set.sql"), 3, values, err);
}

bool ledger_empty(Pg *pg, Err *err)
{
	return pg_exec(pg, "TRUNCATE demo_ledger", err);
}

void ledger_add(Ledger *ledger, LedgerEntry entry)
{
	char line[96];
	int length = snprintf(line, sizeof(line), "%" PRId64 "\t%c\t%" PRId64 "\t%" PRId64 "\t%c\n",
	                      ledger->count, (char) entry.kind, entry.about, entry.other,
	                      entry.is_known ? 't' : 'f');

	str_append_bytes(&ledger->lines, line, (size_t) length);
	ledger->count++;
	if (!entry.is_known)
		ledger->unknown++;
}

bool ledger_flush(Ledger *ledger, bool all, Err *err)
{
	if (ledger->lines.length == 0 || (!all && ledger->lines.length < LEDGER_FLUSH_BYTES))
		return true;

	bool ok = pg_copy_begin(ledger->pg, "COPY demo_ledger (seq, kind, about, other, is_known) FROM STDIN", err) &&
	          pg_copy_put(ledger->pg, ledger->lines.data, ledger->lines.length, err) &&
	          pg_copy_end(ledger->pg, NULL, err);

	if (ok)
		str_reset(&ledger->lines);
	return ok || err_wrap(err, "cannot keep the ledger of acknowledged writes");
}

void ledger_free(Ledger *ledger)
{
	str_free(&ledger->lines);
}

bool ledger_read_begin(Pg *pg, Err *err)
{
	Arena *arena = arena_new();
	bool ok = pg_copy_out_begin(pg,
	                            arena_printf(arena, "COPY (%s) TO STDOUT",
	                                         asset_text("sql/query/demo_ledger_get.sql")),
	                            err);

	arena_free(arena);
	return ok;
}

bool ledger_read(Pg *pg, LedgerEntry *entry, bool *is_end, Err *err)
{
	const char *line = NULL;
	size_t length = 0;

	if (!pg_copy_out_get(pg, &line, &length, err))
		return false;
	*is_end = length == 0;
	if (*is_end)
		return true;

	char *at = NULL;

	entry->about = strtoll(line, &at, 10);
	entry->kind = (LedgerKind) at[1];
	entry->other = strtoll(at + 3, &at, 10);
	entry->is_known = at[1] == 't';
	return true;
}
