#include "ops/rebalance_snapshot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/asset.h"
#include "util/str.h"

static bool read_nodes(const Session *session, Pg *pg, Arena *arena, Snapshot *snapshot, Err *err)
{
	Members members;
	bool ok = members_read(session, pg, arena, &members, err);

	if (ok) {
		snapshot->nodes = members.items;
		snapshot->node_count = members.count;
	}
	return ok;
}

static uint32_t node_with_id(const Snapshot *snapshot, int64_t id)
{
	uint32_t i = 0;

	while (i + 1 < snapshot->node_count && snapshot->nodes[i].id != id)
		i++;
	return i;
}

/* What the planner can't place: it knows groups that stand in one place. */
static bool check_group(const PgRows *rows, int row, Err *err)
{
	const char *relations = pg_value(rows, row, 7);

	if (pg_int(rows, row, 5) > pg_int(rows, row, 4)) {
		err_set(err, ERR_REFUSED, "the shards %s stand on %lld nodes at the same time", relations,
		        (long long) pg_int(rows, row, 6));
		return err_hint(err, "citusctl moves shards that have one placement; tables with a replication "
		                     "factor above 1 are left to Citus.");
	}
	if (pg_int(rows, row, 6) > 1) {
		err_set(err, ERR_REFUSED, "the shards %s belong together and are on %lld nodes", relations,
		        (long long) pg_int(rows, row, 6));
		return err_hint(err, "The catalogs are damaged: find out how before anything is moved.");
	}
	return true;
}

/* Behind each other: ids and indexes, for qsort() without a context. */
typedef struct IdIndex {
	int64_t id;
	uint32_t index;
} IdIndex;

static int compare_ids(const void *a, const void *b)
{
	const IdIndex *x = a;
	const IdIndex *y = b;

	return x->id < y->id ? -1 : x->id > y->id ? 1 : 0;
}

static void index_groups(Arena *arena, Snapshot *snapshot)
{
	IdIndex *ids = arena_array(arena, snapshot->group_count, sizeof(*ids));

	for (size_t i = 0; i < snapshot->group_count; i++)
		ids[i] = (IdIndex) {snapshot->groups[i].id, (uint32_t) i};
	qsort(ids, snapshot->group_count, sizeof(*ids), compare_ids);
	snapshot->by_id = arena_array(arena, snapshot->group_count, sizeof(uint32_t));
	for (size_t i = 0; i < snapshot->group_count; i++)
		snapshot->by_id[i] = ids[i].index;
}

static bool read_groups(Pg *pg, Arena *arena, Snapshot *snapshot, Err *err)
{
	PgRows *rows = pg_query(pg, asset_text("sql/query/snapshot_groups.sql"), 0, NULL, err);
	bool ok = rows != NULL;

	if (!ok) {
		if (strncmp(err->sqlstate, "08", 2) == 0)
			err->kind = ERR_UNREACHABLE;
		return err_wrap(err, "read the sizes of the shards");
	}
	snapshot->group_count = (size_t) pg_row_count(rows);
	snapshot->groups = arena_array(arena, snapshot->group_count, sizeof(SnapshotGroup));
	for (int i = 0; ok && i < pg_row_count(rows); i++) {
		ok = check_group(rows, i, err);
		snapshot->groups[i] = (SnapshotGroup) {
			.id = pg_int(rows, i, 0),
			.colocation = pg_int(rows, i, 1),
			.node = node_with_id(snapshot, pg_int(rows, i, 2)),
			.bytes = pg_int(rows, i, 3),
			.shards = pg_int(rows, i, 4),
			.relations = arena_strdup(arena, pg_value(rows, i, 7)),
			.shard_ids = arena_strdup(arena, pg_value(rows, i, 8)),
		};
	}
	pg_rows_free(rows);
	if (ok)
		index_groups(arena, snapshot);
	return ok;
}

static bool read_tables(Pg *pg, Arena *arena, Snapshot *snapshot, Err *err)
{
	PgRows *rows = pg_query(pg, asset_text("sql/query/snapshot_tables.sql"), 0, NULL, err);

	if (rows == NULL)
		return false;
	snapshot->table_count = (size_t) pg_row_count(rows);
	snapshot->tables = arena_array(arena, snapshot->table_count, sizeof(SnapshotTable));
	for (int i = 0; i < pg_row_count(rows); i++)
		snapshot->tables[i] = (SnapshotTable) {
			.colocation = pg_int(rows, i, 0),
			.name = arena_strdup(arena, pg_value(rows, i, 1)),
			.shards = pg_int(rows, i, 2),
		};
	pg_rows_free(rows);
	return true;
}

bool snapshot_read(const Session *session, Pg *pg, Arena *arena, Snapshot *snapshot, Err *err)
{
	*snapshot = (Snapshot) {.nodes = NULL};
	return pg_query_text(pg, asset_text("sql/query/citus_version.sql"), 0, NULL, arena, &snapshot->version,
	                     err) &&
	       read_nodes(session, pg, arena, snapshot, err) && read_groups(pg, arena, snapshot, err) &&
	       read_tables(pg, arena, snapshot, err);
}

bool snapshot_read_places(Pg *pg, Arena *arena, SnapshotPlaces *places, Err *err)
{
	PgRows *rows = pg_query(pg, asset_text("sql/query/snapshot_places.sql"), 0, NULL, err);
	bool ok = rows != NULL;

	if (!ok)
		return false;
	places->count = (size_t) pg_row_count(rows);
	places->items = arena_array(arena, places->count, sizeof(SnapshotPlace));
	for (int i = 0; ok && i < pg_row_count(rows); i++) {
		places->items[i] = (SnapshotPlace) {pg_int(rows, i, 0), pg_int(rows, i, 1)};
		ok = pg_int(rows, i, 2) == 1 ||
		     err_set(err, ERR_DIFFERS, "the shards of group %s, which belong together, are on %s nodes",
		             pg_value(rows, i, 0), pg_value(rows, i, 2));
	}
	pg_rows_free(rows);
	return ok;
}

bool snapshot_is_current(const Snapshot *snapshot, const SnapshotPlaces *places)
{
	bool same = snapshot->group_count == places->count;

	for (size_t i = 0; same && i < places->count; i++) {
		const SnapshotGroup *group = &snapshot->groups[snapshot->by_id[i]];

		same = group->id == places->items[i].id && snapshot->nodes[group->node].id == places->items[i].node_id;
	}
	return same;
}

static int compare_place(const void *id, const void *place)
{
	int64_t a = *(const int64_t *) id;
	int64_t b = ((const SnapshotPlace *) place)->id;

	return a < b ? -1 : a > b ? 1 : 0;
}

const SnapshotPlace *snapshot_find_place(const SnapshotPlaces *places, int64_t id)
{
	return places->count > 0 ? bsearch(&id, places->items, places->count, sizeof(*places->items), compare_place) : NULL;
}

const Member *snapshot_find_node(const Snapshot *snapshot, const char *name)
{
	const Members members = {snapshot->nodes, snapshot->node_count};

	return members_find(&members, name);
}

const SnapshotGroup *snapshot_find_group(const Snapshot *snapshot, int64_t id)
{
	size_t low = 0;
	size_t high = snapshot->group_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const SnapshotGroup *group = &snapshot->groups[snapshot->by_id[middle]];

		if (group->id == id)
			return group;
		if (group->id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

bool snapshot_has_shard(const SnapshotGroup *group, int64_t shard)
{
	char text[32];
	int length = snprintf(text, sizeof(text), "%lld", (long long) shard);
	const char *at = group->shard_ids;

	/* "{102008,102040}" */
	while ((at = strstr(at + 1, text)) != NULL)
		if ((at[-1] == '{' || at[-1] == ',') && (at[length] == '}' || at[length] == ','))
			return true;
	return false;
}

const char *snapshot_table_names(const Snapshot *snapshot, int64_t colocation, Arena *arena)
{
	Str names = STR_INIT;

	for (size_t i = 0; i < snapshot->table_count; i++)
		if (snapshot->tables[i].colocation == colocation)
			str_printf(&names, "%s%s", names.length > 0 ? ", " : "", snapshot->tables[i].name);

	const char *copy = arena_strdup(arena, str_text(&names));

	str_free(&names);
	return copy;
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
	for (int i = 0; i < 8; i++)
		hash = (hash ^ ((value >> (8 * i)) & 0xFF)) * 1099511628211ULL;
	return hash;
}

/* Node ids, not indexes: those change when a node comes or goes. */
uint64_t snapshot_fingerprint(const Snapshot *snapshot, uint32_t (*node_of)(const void *arg, size_t group),
                              const void *arg)
{
	uint64_t sum = snapshot->group_count;

	/* Added up, so that the order of the groups doesn't count. */
	for (size_t i = 0; i < snapshot->group_count; i++) {
		uint32_t node = node_of != NULL ? node_of(arg, i) : snapshot->groups[i].node;
		uint64_t hash = mix(14695981039346656037ULL, (uint64_t) snapshot->groups[i].id);

		sum += mix(hash, (uint64_t) snapshot->nodes[node].id);
	}
	return sum;
}
