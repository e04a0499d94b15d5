#include "ops/placement.h"

#include <stdio.h>
#include <stdlib.h>

#include "io/asset.h"
#include "ops/engine.h"
#include "util/json.h"
#include "util/str.h"

static const char *label_of(const Node *node, const char *name)
{
	for (size_t i = 0; node != NULL && i < node->labels.count; i++)
		if (str_equal(node->labels.items[i].name, name))
			return node->labels.items[i].value;
	return NULL;
}

const Pair *placement_lacking(const Node *node, const Table *table)
{
	for (size_t i = 0; i < table->placement.count; i++)
		if (!str_equal(label_of(node, table->placement.items[i].name), table->placement.items[i].value))
			return &table->placement.items[i];
	return NULL;
}

bool placement_fits(const Node *node, const Table *table)
{
	return placement_lacking(node, table) == NULL;
}

/* The table whose colocation group it is. */
static const Table *head_of(const Table *table)
{
	while (table->colocate_with != NULL)
		table = table->colocate_with;
	return table;
}

bool placement_has_rule(const Cluster *cluster, const Table *table)
{
	for (size_t i = 0; i < cluster->table_count; i++)
		if (cluster->tables[i].placement.count > 0 && head_of(&cluster->tables[i]) == head_of(table))
			return true;
	return false;
}

static bool group_fits(const Cluster *cluster, const Node *node, const Table *head)
{
	for (size_t i = 0; i < cluster->table_count; i++)
		if (head_of(&cluster->tables[i]) == head && !placement_fits(node, &cluster->tables[i]))
			return false;
	return true;
}

static bool look_up(Pg *pg, Arena *arena, Placed *placed, Err *err)
{
	const Table *table = placed->table;
	const char *const name[] = {pg_qualified(pg, arena, table->schema, table->name)};
	PgRows *rows = pg_query(pg, asset_text("sql/query/placement_table.sql"), 1, name, err);

	if (rows == NULL)
		return false;
	placed->oid = pg_int(rows, 0, 0);
	placed->colocation = pg_int(rows, 0, 1);
	pg_rows_free(rows);
	return true;
}

bool placement_read(const Session *session, Arena *arena, PlacedList *placed, Err *err)
{
	const Cluster *cluster = session->cluster;

	*placed = (PlacedList) {.items = arena_array(arena, cluster->table_count, sizeof(Placed))};
	for (size_t i = 0; i < cluster->table_count; i++)
		if (cluster->tables[i].placement.count > 0)
			placed->items[placed->count++].table = &cluster->tables[i];
	if (placed->count == 0)
		return true;

	PgTarget target = session_app(session, cluster_coordinator(cluster));
	Pg *pg = pg_open(&target, err);
	bool ok = pg != NULL;

	for (size_t i = 0; ok && i < placed->count; i++)
		ok = look_up(pg, arena, &placed->items[i], err);
	pg_close(pg);
	return ok;
}

/* ---- a strategy of Citus ------------------------------------------------------- */

static void add_labels(Json *object, const char *key, const PairList *labels)
{
	Json *map = json_add_object(object, key);

	for (size_t i = 0; i < labels->count; i++)
		json_add_text(map, labels->items[i].name, labels->items[i].value);
}

static char *nodes_json(const Session *session, Arena *arena)
{
	const Cluster *cluster = session->cluster;
	Json *nodes = json_object();

	for (size_t i = 0; i < cluster->node_count; i++) {
		const Node *node = &cluster->nodes[i];
		Json *one = json_add_object(nodes, arena_printf(arena, "%s:%d", node->host, session_port(session, node)));

		json_add_double(one, "capacity", node->capacity);
		add_labels(one, "labels", &node->labels);
	}

	char *text = json_print(nodes, false);

	json_free(nodes);
	return text;
}

static char *tables_json(const PlacedList *placed, Arena *arena)
{
	Json *tables = json_object();

	for (size_t i = 0; i < placed->count; i++)
		if (placed->items[i].oid != 0)
			add_labels(tables, arena_printf(arena, "%lld", (long long) placed->items[i].oid),
			           &placed->items[i].table->placement);

	char *text = json_print(tables, false);

	json_free(tables);
	return text;
}

static bool has_rules(const Cluster *cluster, const PlacedList *placed)
{
	for (size_t i = 0; i < cluster->node_count; i++)
		if (cluster->nodes[i].capacity < 1 || cluster->nodes[i].capacity > 1)
			return true;
	return placed->count > 0;
}

static bool is_registered(Pg *pg, const char *const values[3], bool *exists, bool *same, Err *err)
{
	*same = false;
	if (!pg_query_bool(pg, asset_text("sql/query/citus_strategy_exists.sql"), 0, NULL, exists, err))
		return false;
	if (!*exists)
		return true;

	PgRows *rows = pg_query(pg, asset_text("sql/query/citus_strategy_rules.sql"), 3, values, err);

	*same = rows != NULL && pg_row_count(rows) > 0 && pg_bool(rows, 0, 0);
	pg_rows_free(rows);
	return rows != NULL;
}

/* Made the default once: whoever chooses another one later is left alone. */
static bool write_rules(Pg *pg, const char *const values[3], bool is_new, Err *err)
{
	Err ignored = ERR_INIT;
	bool ok = pg_exec(pg, "BEGIN", err) && pg_exec(pg, asset_text("sql/setup/rebalance_strategy.sql"), err) &&
	          pg_run(pg, asset_text("sql/query/citus_strategy_set.sql"), 3, values, err);

	if (ok && is_new)
		ok = pg_run(pg, asset_text("sql/query/citus_strategy_forget.sql"), 0, NULL, err) &&
		     pg_run(pg, asset_text("sql/query/citus_strategy_add.sql"), 1, values, err) &&
		     pg_run(pg, asset_text("sql/query/citus_strategy_default.sql"), 0, NULL, err);
	else if (ok)
		ok = pg_run(pg, asset_text("sql/query/citus_strategy_update.sql"), 1, values, err);
	ok = ok && pg_exec(pg, "COMMIT", err);
	if (!ok) {
		(void) !pg_exec(pg, "ROLLBACK", &ignored);
		err_clear(&ignored);
	}
	return ok || err_wrap(err, "register the rebalance strategy");
}

/* On servers that somebody else runs the login may be no superuser, and spared this: citusctl
 * itself keeps to the rules without. */
static bool may_write_rules(Pg *pg, bool *may, Err *err)
{
	PgRows *rows = pg_query(pg, asset_text("sql/query/login_rights.sql"), 0, NULL, err);

	*may = rows != NULL && pg_bool(rows, 0, 0);
	pg_rows_free(rows);
	return rows != NULL;
}

bool placement_register(const Session *session, Pg *pg, bool dry, Arena *arena, bool *changed, bool *stale, Err *err)
{
	PlacedList placed;
	bool exists = false;
	bool same = false;

	*changed = false;
	*stale = false;
	if (!engine_traits(session->engine)->has_rebalance_strategies)
		return true;
	if (!placement_read(session, arena, &placed, err))
		return false;

	char *nodes = nodes_json(session, arena);
	char *tables = tables_json(&placed, arena);
	const char *const values[] = {arena_printf(arena, "%g", session->cluster->rebalance.threshold), nodes, tables};
	bool may = false;
	bool ok = is_registered(pg, values, &exists, &same, err) && may_write_rules(pg, &may, err);

	*stale = ok && !may && exists && !same;
	if (ok && may && !same && (exists || has_rules(session->cluster, &placed))) {
		*changed = true;
		ok = dry || write_rules(pg, values, !exists, err);
	}
	free(nodes);
	free(tables);
	return ok;
}

/* ---- a new table ------------------------------------------------------------------ */

static bool set_takes_shards(const Session *session, Pg *pg, const Node *node, bool takes, Arena *arena, Err *err)
{
	const char *const values[] = {node->host, arena_printf(arena, "%d", session_port(session, node)),
	                              takes ? "true" : "false"};

	return pg_run(pg, asset_text("sql/query/set_takes_shards.sql"), 3, values, err);
}

static bool takes_shards(const Session *session, Pg *pg, const Node *node, bool *takes, Arena *arena, Err *err)
{
	const char *const values[] = {node->host, arena_printf(arena, "%d", session_port(session, node))};

	return pg_query_bool(pg, asset_text("sql/query/node_takes_shards.sql"), 2, values, takes, err);
}

static bool distribute_on(const Session *session, Pg *pg, const Table *table, const char *const values[4],
                          Arena *arena, Err *err)
{
	const Cluster *cluster = session->cluster;
	const char *settings = engine_traits(session->engine)->table_session;
	bool *closed = arena_array(arena, cluster->node_count, sizeof(bool));
	size_t open = 0;
	bool ok = pg_exec(pg, "BEGIN", err) && (settings == NULL || pg_exec(pg, settings, err));

	for (size_t i = 1; ok && i < cluster->node_count; i++) {
		bool takes = false;

		ok = takes_shards(session, pg, &cluster->nodes[i], &takes, arena, err);
		closed[i] = takes && !group_fits(cluster, &cluster->nodes[i], table);
		open += takes && !closed[i] ? 1 : 0;
		if (ok && closed[i])
			ok = set_takes_shards(session, pg, &cluster->nodes[i], false, arena, err);
	}
	if (ok && open == 0) {
		ok = err_set(err, ERR_USAGE, "no node has the labels that \"placement\" of its colocation group asks for");
		err_hint(err, "Add the \"labels\" to nodes of the description, or take the \"placement\" out.");
	}
	ok = ok && pg_exec(pg, arena_printf(arena, "SET LOCAL ROLE %s", pg_ident(pg, arena, cluster->postgres.user)), err) &&
	     pg_run(pg, asset_text("sql/query/create_distributed_table.sql"), 4, values, err) &&
	     pg_exec(pg, "RESET ROLE", err);
	for (size_t i = 1; ok && i < cluster->node_count; i++)
		if (closed[i])
			ok = set_takes_shards(session, pg, &cluster->nodes[i], true, arena, err);
	return ok && pg_exec(pg, "COMMIT", err);
}

bool placement_distribute(const Session *session, Pg *pg, const Table *table, const char *const values[4],
                          Arena *arena, Err *err)
{
	Err ignored = ERR_INIT;
	bool ok = distribute_on(session, pg, table, values, arena, err);

	if (!ok)
		(void) !pg_exec(pg, "ROLLBACK", &ignored);
	err_clear(&ignored);
	return ok;
}
