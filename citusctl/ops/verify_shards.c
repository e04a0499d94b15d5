/*
 * The checks of what is on the nodes: shards, definitions, indexes.
 */
#include <string.h>

#include "io/asset.h"
#include "ops/engine.h"
#include "ops/verify_lines.h"
#include "ops/verify_state.h"
#include "util/json.h"
#include "util/str.h"

static void ask(VerifyNode *node, const char *file, const char *value)
{
	node->sql = asset_text(file);
	node->values[0] = value;
	node->value_count = 1;
}

/* ---- shards ----------------------------------------------------------------------------- */

/* A shard that a node lacks, or a table there that looks like one and should not be there. */
typedef struct Stray {
	const VerifyNode *node;
	const char *name;
	const char *table; /* of the shard that is lacking */
	const char *size;  /* of the table that is there */
} Stray;

typedef struct StrayList {
	Stray *items;
	size_t count;
} StrayList;

static bool take_strays(Verifier *v, StrayList *list, bool is_lacking, Err *err)
{
	size_t count = 0;

	if (!verifier_ask(v, err))
		return false;
	for (size_t i = 0; i < v->node_count; i++)
		count += v->nodes[i].rows != NULL ? (size_t) pg_row_count(v->nodes[i].rows) : 0;
	*list = (StrayList) {arena_array(v->arena, count, sizeof(Stray)), 0};
	for (size_t i = 0; i < v->node_count; i++) {
		const PgRows *rows = v->nodes[i].rows;

		for (int k = 0; rows != NULL && k < pg_row_count(rows); k++) {
			const char *first = arena_strdup(v->arena, pg_value(rows, k, 0));
			const char *second = arena_strdup(v->arena, pg_value(rows, k, 1));

			list->items[list->count++] = is_lacking ? (Stray) {&v->nodes[i], second, first, NULL} : (Stray) {&v->nodes[i], first, NULL, second};
		}
	}
	return true;
}

static bool find_missing(Verifier *v, StrayList *missing, Err *err)
{
	for (size_t i = 0; i < v->node_count; i++)
		ask(&v->nodes[i], "sql/query/verify_shards_missing.sql", v->nodes[i].places);
	return take_strays(v, missing, true, err);
}

/* The node that has it, or lacks it; NULL: none. */
static const VerifyNode *node_with(const StrayList *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i].name, name) == 0)
			return list->items[i].node;
	return NULL;
}

/* A node that was not seen, which may have or lack what is to be judged; NULL: all were. */
static const VerifyNode *unseen_node(const Verifier *v)
{
	for (size_t i = 0; i < v->node_count; i++)
		if (v->nodes[i].unseen != NULL)
			return &v->nodes[i];
	return NULL;
}

static const char *missing_remedy(Verifier *v, const VerifyNode *elsewhere)
{
	const VerifyNode *unseen = unseen_node(v);

	if (elsewhere != NULL)
		return arena_printf(v->arena, "%s has a table of that name, which may be the only copy: do not drop it; if it is the shard, correct pg_dist_placement",
		                    elsewhere->name);
	if (unseen != NULL)
		return arena_printf(v->arena, "%s was not looked at, and may have it: look again when it answers", unseen->name);
	return "restore from a backup of this node; made anew, empty, its rows are lost";
}

/* Those from..to-1 are of one table on one node: what another has in their place apart from the rest. */
static void tell_missing(Verifier *v, const StrayList *missing, size_t from, size_t to, const StrayList *unknown, bool is_elsewhere)
{
	const Stray *first = NULL;
	int64_t count = 0;

	for (size_t i = from; i < to; i++) {
		if ((node_with(unknown, missing->items[i].name) != NULL) != is_elsewhere)
			continue;
		first = first != NULL ? first : &missing->items[i];
		count++;
	}
	if (first != NULL)
		verifier_found(v, VERDICT_FAIL, FIX_NONE, first->node->name, arena_printf(v->arena, "missing %s", first->name),
		               "lacks %s of %s that the catalog has here, such as %s: %s", verifier_count(v, count, "shard", "shards"), first->table, first->name,
		               missing_remedy(v, node_with(unknown, first->name)));
}

static void tell_all_missing(Verifier *v, const StrayList *missing, const StrayList *unknown)
{
	size_t to = 0;

	for (size_t from = 0; from < missing->count; from = to) {
		const Stray *first = &missing->items[from];

		while (to < missing->count && missing->items[to].node == first->node && strcmp(missing->items[to].table, first->table) == 0)
			to++;
		tell_missing(v, missing, from, to, unknown, true);
		tell_missing(v, missing, from, to, unknown, false);
	}
}

static void tell_unknown(Verifier *v, const Stray *stray, const StrayList *missing)
{
	const VerifyNode *lacking = node_with(missing, stray->name);
	const VerifyNode *unseen = unseen_node(v);
	const char *remedy = NULL;

	if (lacking != NULL)
		remedy = arena_printf(v->arena, "it is the shard that %s lacks, or what is left of it: do not drop it; if it is whole, correct pg_dist_placement",
		                      lacking->name);
	else if (unseen != NULL)
		remedy = arena_printf(v->arena, "do not drop it before %s was looked at, which may lack it", unseen->name);
	else
		remedy = arena_printf(v->arena, "compare it with the shard of that number, then DROP TABLE %s on this node", stray->name);
	verifier_found(v, VERDICT_FAIL, FIX_NONE, stray->node->name, stray->name, "%s (%s) looks like a shard and is none that the catalog has here: %s",
	               stray->name, stray->size, remedy);
}

/* Names that are known to be left of moves, or to be made by one, as a text[]. */
static const char *known_names(Verifier *v, const PgRows *cleanup, const VerifyNode *node)
{
	Str text = STR_INIT;
	const char *names = NULL;

	str_append_char(&text, '{');
	for (int i = 0; i < pg_row_count(cleanup); i++) {
		const char *name = pg_value(cleanup, i, 1);

		if (pg_int(cleanup, i, 0) != 1 || pg_int(cleanup, i, 2) != node->member->group)
			continue;
		str_append(&text, text.length > 1 ? ",\"" : "\"");
		for (const char *c = name; *c != '\0'; c++) {
			if (*c == '"' || *c == '\\')
				str_append_char(&text, '\\');
			str_append_char(&text, *c);
		}
		str_append_char(&text, '"');
	}
	str_append_char(&text, '}');
	names = arena_strdup(v->arena, str_text(&text));
	str_free(&text);
	return names;
}

static bool find_unknown(Verifier *v, StrayList *unknown, Err *err)
{
	const char *tables = NULL;
	const char *last_shard = NULL;
	PgRows *cleanup = pg_query(v->pg, asset_text(engine_traits(v->session->engine)->cleanup), 0, NULL, err);
	bool ok = cleanup != NULL && verifier_read_tables(v, &tables, &last_shard, err);

	for (size_t i = 0; ok && i < v->node_count; i++) {
		VerifyNode *node = &v->nodes[i];

		ask(node, "sql/query/verify_shards_unknown.sql", node->places);
		node->values[1] = tables;
		node->values[2] = last_shard;
		node->values[3] = known_names(v, cleanup, node);
		node->value_count = 4;
	}
	pg_rows_free(cleanup);
	return ok && take_strays(v, unknown, false, err);
}

bool verify_shards(Verifier *v, Err *err)
{
	StrayList missing;
	StrayList unknown;
	int64_t there = 0;

	if (!verifier_read_places(v, err) || !find_missing(v, &missing, err) || !find_unknown(v, &unknown, err))
		return false;
	tell_all_missing(v, &missing, &unknown);
	for (size_t i = 0; i < unknown.count; i++)
		tell_unknown(v, &unknown.items[i], &missing);
	for (size_t i = 0; i < v->node_count; i++)
		there += v->nodes[i].member->shards + v->nodes[i].member->reference_copies;
	v->said = arena_printf(v->arena, "%s of the catalog on their nodes, and no others", verifier_count(v, there, "shard", "shards"));
	return true;
}

/* ---- definitions --------------------------------------------------------------------------- */

/* What the shards of a table should be made like. */
typedef struct Shape {
	const char *table;
	Lines lines; /* list: an array of texts */
} Shape;

typedef struct ShapeList {
	Shape *items;
	size_t count;
} ShapeList;

static const char *text_of(const void *list, size_t i)
{
	const char *const *texts = list;

	return texts[i];
}

/* The texts of a JSON array, copied into the arena. */
static bool read_lines(Verifier *v, const char *text, Lines *lines, Err *err)
{
	Json *document = json_parse(text, strlen(text), err);

	if (document == NULL)
		return false;

	const char **texts = arena_array(v->arena, json_size(document), sizeof(char *));

	*lines = (Lines) {text_of, texts, 0};
	for (const Json *line = json_first(document); line != NULL; line = json_next(line))
		texts[lines->count++] = arena_strdup(v->arena, json_text(line));
	json_free(document);
	return true;
}

static bool keep_shapes(Verifier *v, const PgRows *rows, ShapeList *shapes, Err *err)
{
	bool ok = true;

	shapes->items = arena_array(v->arena, (size_t) pg_row_count(rows), sizeof(Shape));
	for (int i = 0; ok && i < pg_row_count(rows); i++) {
		Shape *shape = &shapes->items[shapes->count++];

		shape->table = arena_strdup(v->arena, pg_value(rows, i, 0));
		ok = read_lines(v, pg_value(rows, i, 1), &shape->lines, err);
	}
	return ok;
}

/* The tables themselves say it, or else the engine does, whose tables lack their keys. */
static bool read_shapes(Verifier *v, ShapeList *shapes, Err *err)
{
	const char *file = engine_traits(v->session->engine)->table_shapes;
	const char *tables = NULL;
	const char *last_shard = NULL;
	PgRows *rows = NULL;

	if (file != NULL)
		rows = pg_query(v->pg, asset_text(file), 0, NULL, err);
	else if (verifier_read_tables(v, &tables, &last_shard, err))
		rows = pg_query(v->pg, asset_text("sql/query/verify_shapes.sql"), 1, &tables, err);

	bool ok = rows != NULL && keep_shapes(v, rows, shapes, err);

	pg_rows_free(rows);
	return ok;
}

static const Shape *find_shape(const ShapeList *shapes, const char *table)
{
	for (size_t i = 0; i < shapes->count; i++)
		if (strcmp(shapes->items[i].table, table) == 0)
			return &shapes->items[i];
	return NULL;
}

typedef struct Deviation {
	Verifier *v;
	const char *node, *table, *shards;
	const char *maker; /* who makes an index; NULL: nobody */
} Deviation;

static bool is_index(const char *line)
{
	return strncmp(line, "INDEX ", 6) == 0 || strncmp(line, "UNIQUE INDEX ", 13) == 0;
}

static void tell(void *arg, bool is_lacking, const char *line)
{
	const Deviation *d = arg;
	bool is_made = d->maker != NULL && is_index(line);
	const char *remedy = is_lacking ? "repeat the DDL on the shard alone" : "take it off the shard, or give it to the table";

	verifier_found(d->v, is_made ? VERDICT_WARN : VERDICT_FAIL, FIX_NONE, d->node, arena_printf(d->v->arena, "%s %s %d", d->table, line, is_lacking),
	               "%s %s: %s; %s", d->shards, is_lacking ? "without what the table has" : "with what the table has not", line,
	               is_made ? arena_printf(d->v->arena, "%s is at indexes", d->maker) : remedy);
}

static bool compare_shapes(Verifier *v, const VerifyNode *node, const ShapeList *shapes, const char *maker, Err *err)
{
	bool ok = true;

	for (int k = 0; ok && node->rows != NULL && k < pg_row_count(node->rows); k++) {
		const Shape *wanted = find_shape(shapes, pg_value(node->rows, k, 0));
		int64_t count = pg_int(node->rows, k, 2);
		Deviation d = {.v = v, .node = node->name, .maker = maker, .table = arena_strdup(v->arena, pg_value(node->rows, k, 0)),
		               .shards = arena_printf(v->arena, "%s of %s (%s%s)", verifier_count(v, count, "shard", "shards"), pg_value(node->rows, k, 0),
		                                      count > 1 ? "from " : "", pg_value(node->rows, k, 3))};
		Lines lines;

		ok = read_lines(v, pg_value(node->rows, k, 1), &lines, err);
		if (ok && wanted != NULL)
			lines_compare(&wanted->lines, &lines, tell, &d);
	}
	return ok;
}

/* CREATE INDEX CONCURRENTLY gives it to one shard after the other.  Keeps who was found before. */
static bool find_index_maker(Verifier *v, const char **maker, Err *err)
{
	PgRows *rows = pg_query(v->pg, asset_text("sql/query/verify_index_maker.sql"), 0, NULL, err);

	if (rows != NULL && pg_row_count(rows) > 0)
		*maker = arena_strdup(v->arena, pg_value(rows, 0, 0));
	pg_rows_free(rows);
	return rows != NULL;
}

bool verify_definitions(Verifier *v, Err *err)
{
	ShapeList shapes = {NULL, 0};
	const char *maker = NULL;
	bool ok = verifier_read_places(v, err) && find_index_maker(v, &maker, err) && read_shapes(v, &shapes, err);

	for (size_t i = 0; i < v->node_count; i++)
		ask(&v->nodes[i], "sql/query/verify_shapes.sql", v->nodes[i].places);
	ok = ok && verifier_ask(v, err) && find_index_maker(v, &maker, err);
	for (size_t i = 0; ok && i < v->node_count; i++)
		ok = compare_shapes(v, &v->nodes[i], &shapes, maker, err);
	v->said = arena_printf(v->arena, "columns, constraints and indexes of all shards as those of %s",
	                       verifier_count(v, (int64_t) shapes.count, "table", "tables"));
	return ok;
}

/* ---- indexes ---------------------------------------------------------------------------------- */

bool verify_indexes(Verifier *v, Err *err)
{
	if (!verifier_read_places(v, err))
		return false;
	for (size_t i = 0; i < v->node_count; i++)
		ask(&v->nodes[i], "sql/query/verify_indexes.sql", v->nodes[i].places);
	if (!verifier_ask(v, err))
		return false;
	for (size_t i = 0; i < v->node_count; i++) {
		const VerifyNode *node = &v->nodes[i];

		for (int k = 0; node->rows != NULL && k < pg_row_count(node->rows); k++)
			verifier_found(v, VERDICT_FAIL, FIX_NONE, node->name, arena_strdup(v->arena, pg_value(node->rows, k, 2)),
			             "%s of shards of %s not valid, such as %s: REINDEX INDEX CONCURRENTLY %s on this node",
			             verifier_count(v, pg_int(node->rows, k, 1), "index", "indexes"), pg_value(node->rows, k, 0), pg_value(node->rows, k, 2),
			             pg_value(node->rows, k, 2));
	}
	v->said = "all valid";
	return true;
}
