#include "demo/snapshot.h"

#include "io/asset.h"
#include "util/str.h"

/* Of target->nodes; node_count when the address is none of theirs. */
static size_t node_at(const DemoTarget *target, const char *host, int port)
{
	size_t i = 0;

	while (i < target->node_count &&
	       !(target->nodes[i].admin.port == port && str_equal(target->nodes[i].host, host)))
		i++;
	return i;
}

bool snapshot_take(const DemoTarget *target, Arena *arena, DemoSnapshot *snapshot, Err *err)
{
	Pg *pg = demo_connect_node(target, demo_coordinator(target), err);
	PgRows *rows = pg != NULL ? pg_query(pg, asset_text("sql/query/demo_placements.sql"), 0, NULL, err) : NULL;
	int count = rows != NULL ? pg_row_count(rows) : 0;

	*snapshot = (DemoSnapshot) {.shards = arena_array(arena, (size_t) count, sizeof(DemoShard))};
	for (int i = 0; i < count; i++) {
		size_t node = node_at(target, pg_value(rows, i, 0), (int) pg_int(rows, i, 1));

		if (node < target->node_count)
			snapshot->shards[snapshot->count++] = (DemoShard) {
				.table = arena_strdup(arena, pg_value(rows, i, 2)),
				.range_start = pg_int(rows, i, 3),
				.bytes = pg_int(rows, i, 4),
				.node = node,
			};
	}
	pg_rows_free(rows);
	pg_close(pg);
	return rows != NULL;
}
