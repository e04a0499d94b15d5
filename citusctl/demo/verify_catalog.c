/* The checks that look at catalogs and copies: is the cluster made as described? */
#include <stdio.h>
#include <string.h>

#include "demo/verify.h"
#include "io/asset.h"
#include "ops/colocation.h"

/* What the servers run; a difference to the first is a problem. */
static bool compare_versions(Verify *v, const char **version, Err *err)
{
	*version = NULL;
	for (size_t i = 0; i < v->target->node_count; i++) {
		const char *its = NULL;

		if (!pg_query_text(v->nodes[i], asset_text("sql/query/check_version.sql"), 0, NULL, v->arena, &its, err))
			return false;
		if (*version == NULL)
			*version = its;
		if (!str_equal(*version, its))
			verify_problem(v, "%s runs %s, %s runs %s", v->target->nodes[i].name, its, v->target->nodes[0].name,
			               *version);
	}
	return true;
}

bool check_nodes(Verify *v, Err *err)
{
	const DemoTarget *target = v->target;
	bool *is_listed = arena_array(v->arena, target->node_count, sizeof(bool));
	PgRows *rows = pg_query(v->catalog, asset_text("sql/query/check_nodes.sql"), 0, NULL, err);
	const char *version = NULL;

	if (rows == NULL)
		return false;
	for (int i = 0; i < pg_row_count(rows); i++) {
		const char *host = pg_value(rows, i, 0);
		int port = (int) pg_int(rows, i, 1);
		int node = verify_node_at(v, host, port);

		if (node < 0)
			verify_problem(v, "the coordinator lists %s:%d, which is not in the description", host, port);
		else if (!pg_bool(rows, i, 2))
			verify_problem(v, "%s is not active", target->nodes[node].name);
		if (node >= 0)
			is_listed[node] = true;
	}
	pg_rows_free(rows);
	for (size_t i = 0; i < target->node_count; i++) {
		if (!is_listed[i])
			verify_problem(v, "the coordinator does not list %s", target->nodes[i].name);
	}
	if (!compare_versions(v, &version, err))
		return false;
	v->said = arena_printf(v->arena, "%zu of %zu nodes active, all run %s", target->node_count,
	                       target->node_count, version);
	return true;
}

/* As the engine's catalog has a table; colocation 0: not there. */
typedef struct Found {
	int64_t colocation;
} Found;

static bool compare_table(Verify *v, const Table *table, Found *found, Err *err)
{
	const char *schema = table->schema != NULL ? table->schema : v->target->schema;
	const char *name = pg_qualified(v->catalog, v->arena, schema, table->name);
	PgRows *rows = pg_query(v->catalog, asset_text("sql/query/check_table.sql"), 1, &name, err);

	if (rows == NULL)
		return false;
	if (pg_row_count(rows) != 1) {
		verify_problem(v, "%s is not a distributed or reference table", table->label);
		pg_rows_free(rows);
		return true;
	}

	const char *type = table->type == TABLE_REFERENCE ? "reference" : "distributed";

	found->colocation = pg_int(rows, 0, 2);
	if (!str_equal(pg_value(rows, 0, 0), type))
		verify_problem(v, "%s is a %s table, described as a %s one", table->label, pg_value(rows, 0, 0), type);
	else if (table->type == TABLE_DISTRIBUTED) {
		const char *column = pg_ident(v->catalog, v->arena, table->distribution_column);

		if (!str_equal(pg_value(rows, 0, 1), table->distribution_column) && !str_equal(pg_value(rows, 0, 1), column))
			verify_problem(v, "%s is distributed by %s, described as by %s", table->label,
			               pg_value(rows, 0, 1), table->distribution_column);
		if (pg_int(rows, 0, 3) != v->target->cluster->shard_count)
			verify_problem(v, "%s has %s shards, described are %d", table->label, pg_value(rows, 0, 3),
			               v->target->cluster->shard_count);
	}
	pg_rows_free(rows);
	return true;
}

/* The first table of the chain of colocate_with. */
static const Table *leader(const Table *table)
{
	while (table->colocate_with != NULL)
		table = table->colocate_with;
	return table;
}

static void compare_colocation(Verify *v, const Found *found)
{
	const Cluster *cluster = v->target->cluster;

	for (size_t i = 0; i < cluster->table_count; i++) {
		const Table *table = &cluster->tables[i];
		size_t first = (size_t) (leader(table) - cluster->tables);

		if (table->type != TABLE_DISTRIBUTED || found[i].colocation == 0)
			continue;
		if (first != i && found[i].colocation != found[first].colocation)
			verify_problem(v, "%s is not colocated with %s", table->label, cluster->tables[first].label);
		for (size_t j = 0; first == i && j < i; j++) {
			if (cluster->tables[j].type == TABLE_DISTRIBUTED && leader(&cluster->tables[j]) == &cluster->tables[j] &&
			    found[j].colocation == found[i].colocation)
				verify_problem(v, "%s is colocated with %s, described as apart", table->label,
				               cluster->tables[j].label);
		}
	}
}

bool check_tables(Verify *v, Err *err)
{
	const Cluster *cluster = v->target->cluster;
	Found *found = arena_array(v->arena, cluster->table_count + 1, sizeof(Found));
	size_t distributed = 0;

	for (size_t i = 0; i < cluster->table_count; i++) {
		if (!compare_table(v, &cluster->tables[i], &found[i], err))
			return false;
		distributed += cluster->tables[i].type == TABLE_DISTRIBUTED ? 1 : 0;
	}
	compare_colocation(v, found);
	v->said = arena_printf(v->arena, "%zu distributed tables with %d shards each, %zu reference tables, as described",
	                       distributed, cluster->shard_count, cluster->table_count - distributed);
	return true;
}

bool check_colocation(Verify *v, Err *err)
{
	Colocation found;

	if (!colocation_read(v->catalog, v->arena, &found, err))
		return false;
	for (size_t i = 0; i < found.fault_count; i++)
		verify_problem(v, "%s", found.faults[i].what);
	v->said = arena_printf(v->arena, "%s shards in %s hash ranges: each range on one node", verify_number(v, found.shards),
	                       verify_number(v, found.ranges));
	return true;
}

/* What one copy of a reference table holds; NULL when it isn't there. */
static bool read_copy(Verify *v, int node, const char *relation, const char **content, Err *err)
{
	PgRows *rows = pg_query(v->nodes[node], asset_text("sql/query/check_reference_copy.sql"), 1, &relation, err);

	if (rows == NULL)
		return false;

	const char *read = pg_row_count(rows) == 1 ? arena_strdup(v->arena, pg_value(rows, 0, 0)) : NULL;

	pg_rows_free(rows);
	*content = NULL;
	if (read == NULL)
		return true;
	rows = pg_query(v->nodes[node], read, 0, NULL, err);
	if (rows == NULL)
		return false;
	*content = arena_printf(v->arena, "%s rows, digest %s", pg_value(rows, 0, 0), pg_value(rows, 0, 1));
	pg_rows_free(rows);
	return true;
}

/* The copies of one table: rows from..to-1 of the list of places. */
static bool compare_copies(Verify *v, const PgRows *places, int from, int to, Err *err)
{
	const char *table = pg_value(places, from, 0);
	const char *first = NULL;
	int first_node = -1;

	for (int i = from; i < to; i++) {
		int node = verify_node_at(v, pg_value(places, i, 1), (int) pg_int(places, i, 2));
		const char *content = NULL;

		if (node < 0)
			continue; /* the check of the nodes says so */
		if (!read_copy(v, node, pg_value(places, i, 3), &content, err))
			return false;
		if (content == NULL) {
			verify_problem(v, "%s has no copy on %s", table, v->target->nodes[node].name);
		} else if (first == NULL) {
			first = content;
			first_node = node;
		} else if (!str_equal(first, content)) {
			verify_problem(v, "%s on %s (%s) is not as on %s (%s)", table, v->target->nodes[node].name, content,
			               v->target->nodes[first_node].name, first);
		}
	}
	if ((size_t) (to - from) < v->target->node_count)
		verify_problem(v, "%s has %d copies for %zu nodes", table, to - from, v->target->node_count);
	return true;
}

bool check_reference(Verify *v, Err *err)
{
	PgRows *places = pg_query(v->catalog, asset_text("sql/query/check_reference_places.sql"), 0, NULL, err);

	if (places == NULL)
		return false;

	int count = pg_row_count(places);
	int tables = 0;
	bool ok = true;

	for (int from = 0; ok && from < count;) {
		int to = from + 1;

		while (to < count && str_equal(pg_value(places, to, 0), pg_value(places, from, 0)))
			to++;
		ok = compare_copies(v, places, from, to, err);
		tables++;
		from = to;
	}
	pg_rows_free(places);
	v->said = arena_printf(v->arena, "%d tables identical on all %zu nodes", tables, v->target->node_count);
	return ok;
}
