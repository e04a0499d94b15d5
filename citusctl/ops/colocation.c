#include "ops/colocation.h"

#include <stdlib.h>

#include "io/asset.h"
#include "util/number.h"
#include "util/str.h"

static const struct {
	const char *kind, *text, *remedy;
} kinds[] = {
	{"apart", "lie on different nodes, so joins fail", "correct pg_dist_placement, or move those apart back (citus_move_shard_placement)"},
	{"nowhere", "have a shard that lies on no node", "restore pg_dist_placement from a backup of the coordinator"},
	{"lacking", "lack a shard of some tables of their colocation group", "restore pg_dist_shard from a backup of the coordinator"},
	{"odd", "do not follow on the range before", "restore pg_dist_shard from a backup of the coordinator"},
};

static ColocationFault fault_of(const PgRows *rows, int row, Arena *arena)
{
	ColocationFault fault = {.kind = arena_strdup(arena, pg_value(rows, row, 0)), .tables = arena_strdup(arena, pg_value(rows, row, 1))};
	char count[NUMBER_GROUPED_MAX];

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!str_equal(fault.kind, kinds[i].kind))
			continue;
		fault.what = arena_printf(arena, "shards of %s for %s hash range%s (such as %s) %s", fault.tables,
		                          number_grouped(pg_int(rows, row, 2), count), pg_int(rows, row, 2) == 1 ? "" : "s", pg_value(rows, row, 3),
		                          kinds[i].text);
		fault.remedy = kinds[i].remedy;
	}
	return fault;
}

bool colocation_read(Pg *pg, Arena *arena, Colocation *colocation, Err *err)
{
	PgRows *rows = pg_query(pg, asset_text("sql/query/colocation_faults.sql"), 0, NULL, err);

	*colocation = (Colocation) {.shards = 0};
	if (rows == NULL)
		return false;
	colocation->shards = strtol(pg_value(rows, 0, 1), NULL, 10);
	colocation->ranges = pg_int(rows, 0, 2);
	colocation->faults = arena_array(arena, (size_t) pg_row_count(rows), sizeof(ColocationFault));
	for (int i = 1; i < pg_row_count(rows); i++)
		colocation->faults[colocation->fault_count++] = fault_of(rows, i, arena);
	pg_rows_free(rows);
	return true;
}
