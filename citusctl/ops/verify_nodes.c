/*
 * The checks of nodes and of what the description says: nodes, tables, colocation, placement.
 */
#include "io/asset.h"
#include "ops/colocation.h"
#include "ops/engine.h"
#include "ops/placement.h"
#include "ops/verify_state.h"
#include "util/str.h"

/* ---- nodes -------------------------------------------------------------------------- */

static void compare_described(Verifier *v, const Members *members, const RemovedList *removed)
{
	const Cluster *cluster = v->session->cluster;

	for (size_t i = 0; i < cluster->node_count; i++) {
		const Node *node = &cluster->nodes[i];
		const Removed *gone = removed_find(removed, v->session, node);

		if (members_find_node(members, node) != NULL)
			continue;
		if (gone != NULL)
			verifier_found(v, VERDICT_WARN, FIX_NONE, node->name, "registered",
			             "was removed (%s) and is still described: take it out of the description, or citusctl node add %s", gone->when,
			             node->name);
		else
			verifier_found_undone(v, FIX_NONE, node->name, "registered", arena_printf(v->arena, "citusctl node add %s", node->name),
			                      "is described and not registered");
	}
}

static void judge_member(Verifier *v, const VerifyNode *node, bool has_metadata, bool is_active)
{
	const Member *member = node->member;

	if (node->pg == NULL)
		verifier_found(v, VERDICT_FAIL, FIX_NONE, node->name, "answers", "does not answer: %s; start it (%s)", node->why,
		             v->session->cluster->deploy == DEPLOY_NONE || member->described == NULL
		                 ? "its server"
		                 : arena_printf(v->arena, "citusctl node start %s", node->name));
	if (member->described == NULL)
		verifier_found(v, VERDICT_WARN, FIX_NONE, node->name, "described",
		             "is registered and not described: describe it, or citusctl node remove %s", node->name);
	if (!is_active)
		verifier_found_undone(v, FIX_NONE, node->name, "active",
		                      arena_printf(v->arena, "SELECT citus_activate_node('%s', %d) on the coordinator", member->host, member->port),
		                      "is registered and not active");
	else if (!has_metadata && member->group != 0 && engine_traits(v->session->engine)->workers_have_catalog)
		verifier_found_undone(v, FIX_METADATA, node->name, "metadata", NULL, "has no complete copy of the catalog");
	if (!member->takes_shards && member->group != 0 && member->shards > 0 && !v->is_busy)
		verifier_found(v, VERDICT_WARN, FIX_NONE, node->name, "drained",
		             "takes no new shards and holds %lld: citusctl node drain %s goes on, citusctl node add %s lets it have shards again",
		             (long long) member->shards, node->name, node->name);
}

static bool judge_members(Verifier *v, Err *err)
{
	PgRows *rows = pg_query(v->pg, asset_text("sql/query/verify_members.sql"), 0, NULL, err);

	if (rows == NULL)
		return false;
	for (int i = 0; i < pg_row_count(rows); i++) {
		const VerifyNode *node = verifier_node_of(v, pg_int(rows, i, 0));

		if (node != NULL)
			judge_member(v, node, pg_bool(rows, i, 1), pg_bool(rows, i, 2));
	}
	pg_rows_free(rows);
	return true;
}

/* Asks all nodes the same. */
static bool ask_same(Verifier *v, const char *file, Err *err)
{
	for (size_t i = 0; i < v->node_count; i++) {
		v->nodes[i].sql = asset_text(file);
		v->nodes[i].value_count = 0;
	}
	return verifier_ask(v, err);
}

static bool compare_versions(Verifier *v, const char **version, Err *err)
{
	if (!ask_same(v, "sql/query/check_version.sql", err))
		return false;
	*version = v->nodes[0].rows != NULL ? arena_strdup(v->arena, pg_value(v->nodes[0].rows, 0, 0)) : "";
	for (size_t i = 1; i < v->node_count; i++)
		if (v->nodes[i].rows != NULL && !str_equal(pg_value(v->nodes[i].rows, 0, 0), *version))
			verifier_found(v, VERDICT_FAIL, FIX_NONE, v->nodes[i].name, "version", "runs %s, %s %s: update one of them",
			               pg_value(v->nodes[i].rows, 0, 0), v->nodes[0].name, *version);
	return true;
}

/* A worker that takes itself for the coordinator decides transactions that are not its own. */
static bool compare_groups(Verifier *v, Err *err)
{
	if (!ask_same(v, engine_traits(v->session->engine)->local_group, err))
		return false;
	for (size_t i = 0; i < v->node_count; i++) {
		VerifyNode *node = &v->nodes[i];
		const char *wanted = arena_printf(v->arena, "%lld", (long long) node->member->group);

		node->is_itself = node->rows != NULL && str_equal(pg_value(node->rows, 0, 0), wanted);
		if (node->rows != NULL && !node->is_itself)
			verifier_found(v, VERDICT_FAIL, FIX_NONE, node->name, "group",
			             "takes itself for group %s, the coordinator has it as group %s: its server was replaced or belongs elsewhere; stop it before it decides "
			             "transactions of others", pg_is_null(node->rows, 0, 0) ? "none" : pg_value(node->rows, 0, 0), wanted);
	}
	return true;
}

bool verify_nodes(Verifier *v, Err *err)
{
	RemovedList removed;
	Members members;
	const char *version = NULL;

	for (size_t i = 0; i < v->node_count; i++)
		v->nodes[i].is_itself = false;
	if (!removed_read(v->pg, v->arena, &removed, err) || !members_read(v->session, v->pg, v->arena, &members, err))
		return false;
	compare_described(v, &members, &removed);
	if (!judge_members(v, err) || !compare_versions(v, &version, err) || !compare_groups(v, err))
		return false;
	v->said = arena_printf(v->arena, "%zu of %zu active, %s%s", v->node_count, v->node_count,
	                       engine_traits(v->session->engine)->workers_have_catalog ? "with the catalog on each, " : "", version);
	return true;
}

/* ---- tables --------------------------------------------------------------------------- */

/* The first table of the chain of colocate_with. */
static const Table *head_of(const Table *table)
{
	while (table->colocate_with != NULL)
		table = table->colocate_with;
	return table;
}

static void differs(Verifier *v, const Table *table, const char *is, const char *wanted)
{
	verifier_found(v, VERDICT_FAIL, FIX_NONE, "cluster", table->label,
	             "table %s %s, the description says %s: alter_distributed_table() or undistribute_table() by hand, or set the description back",
	             table->label, is, wanted);
}

static void judge_table(Verifier *v, const Table *table, const PgRows *rows)
{
	char method = *pg_value(rows, 0, 1);

	if (!pg_bool(rows, 0, 0))
		verifier_found_undone(v, FIX_NONE, "cluster", table->label, "citusctl init makes it, empty", "table %s does not exist", table->label);
	else if (method == '\0')
		verifier_found_undone(v, FIX_NONE, "cluster", table->label, "citusctl init distributes it", "table %s is a plain table of the coordinator",
		                      table->label);
	else if (table->type == TABLE_REFERENCE && method != 'n')
		differs(v, table, "is distributed", "it is a reference table");
	else if (table->type == TABLE_DISTRIBUTED && method == 'n')
		differs(v, table, "is a reference table", "it is distributed");
	else if (table->type == TABLE_DISTRIBUTED && !str_equal(pg_value(rows, 0, 2), table->distribution_column))
		differs(v, table, arena_printf(v->arena, "is distributed by %s", pg_value(rows, 0, 2)),
		        arena_printf(v->arena, "by %s", table->distribution_column));
	else if (table->type == TABLE_DISTRIBUTED && table->colocate_with == NULL && pg_int(rows, 0, 4) != v->session->cluster->shard_count)
		differs(v, table, arena_printf(v->arena, "has %s shards", pg_value(rows, 0, 4)),
		        arena_printf(v->arena, "%d", v->session->cluster->shard_count));
}

static void judge_groups(Verifier *v, const int64_t *groups)
{
	const Cluster *cluster = v->session->cluster;

	for (size_t i = 0; i < cluster->table_count; i++) {
		const Table *table = &cluster->tables[i];
		size_t head = (size_t) (head_of(table) - cluster->tables);

		if (table->type == TABLE_DISTRIBUTED && head != i && groups[i] != 0 && groups[head] != 0 && groups[i] != groups[head])
			differs(v, table, "is in a colocation group of its own", arena_printf(v->arena, "that of %s", cluster->tables[head].label));
	}
}

bool verify_tables(Verifier *v, Err *err)
{
	const Cluster *cluster = v->session->cluster;
	int64_t *groups = arena_array(v->arena, cluster->table_count, sizeof(int64_t));
	size_t reference = 0;

	for (size_t i = 0; i < cluster->table_count; i++) {
		const Table *table = &cluster->tables[i];
		const char *const name[] = {pg_qualified(v->app, v->arena, table->schema, table->name)};
		PgRows *rows = pg_query(v->app, asset_text("sql/query/table_state.sql"), 1, name, err);

		if (rows == NULL)
			return false;
		judge_table(v, table, rows);
		groups[i] = pg_int(rows, 0, 3);
		reference += table->type == TABLE_REFERENCE ? 1 : 0;
		pg_rows_free(rows);
	}
	judge_groups(v, groups);
	v->said = cluster->table_count == 0 ? "none are described"
	                                    : arena_printf(v->arena, "%s and %s, as described",
	                                                   verifier_count(v, (int64_t) (cluster->table_count - reference), "distributed table", "distributed tables"),
	                                                   verifier_count(v, (int64_t) reference, "reference table", "reference tables"));
	return true;
}

/* ---- colocation ------------------------------------------------------------------------ */

bool verify_colocation(Verifier *v, Err *err)
{
	Colocation found;

	if (!colocation_read(v->pg, v->arena, &found, err))
		return false;
	for (size_t i = 0; i < found.fault_count; i++) {
		const ColocationFault *fault = &found.faults[i];

		verifier_found(v, VERDICT_FAIL, FIX_NONE, "cluster", arena_printf(v->arena, "%s %s", fault->kind, fault->tables), "%s: %s", fault->what,
		               fault->remedy);
	}
	v->said = arena_printf(v->arena, "%s in %s, colocated shards on one node", verifier_count(v, found.shards, "shard", "shards"),
	                       verifier_count(v, found.ranges, "hash range", "hash ranges"));
	return true;
}

/* ---- placement ---------------------------------------------------------------------------- */

bool verify_placement(Verifier *v, Err *err)
{
	PlacedList placed;
	int64_t fit = 0;

	if (!placement_read(v->session, v->arena, &placed, err))
		return false;
	if (placed.count == 0)
		return true; /* nothing to say */

	PgRows *rows = pg_query(v->pg, asset_text("sql/query/verify_placement.sql"), 0, NULL, err);

	for (int i = 0; rows != NULL && i < pg_row_count(rows); i++) {
		const VerifyNode *node = verifier_node_of(v, pg_int(rows, i, 1));

		for (size_t k = 0; node != NULL && k < placed.count; k++) {
			const Table *table = placed.items[k].table;
			const Pair *label = placement_lacking(node->member->described, table);

			if (placed.items[k].colocation != pg_int(rows, i, 0))
				continue;
			if (label == NULL)
				fit += pg_int(rows, i, 2);
			else
				verifier_found(v, VERDICT_FAIL, FIX_NONE, node->name, table->label,
				             "%s of %s on it, which is not labelled %s=%s, such as %s: citusctl rebalance moves them",
				             verifier_count(v, pg_int(rows, i, 2), "shard group", "shard groups"), table->label, label->name, label->value,
				             pg_value(rows, i, 3));
		}
	}
	v->said = arena_printf(v->arena, "%s on nodes with the labels that their tables ask for", verifier_count(v, fit, "shard group", "shard groups"));
	pg_rows_free(rows);
	return rows != NULL;
}
