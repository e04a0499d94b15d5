/*
 * The checks of what is there several times: the catalog, reference tables.
 */
#include <stdlib.h>
#include <string.h>

#include "io/asset.h"
#include "ops/engine.h"
#include "ops/verify_lines.h"
#include "ops/verify_state.h"
#include "util/str.h"

/* ---- catalog -------------------------------------------------------------------------- */

/* What one copy has and the other has not. */
typedef struct Divergence {
	const char *lacking, *extra; /* the first of each, of a table where there is one; NULL: none */
	int64_t count;
	bool has_extra; /* be it for the first time */

	Arena *arena;
	const VerifyNode *before; /* what differed in the look before; NULL: this is the first */
	OddLine *odd;             /* what differs now, count of them */
} Divergence;

static const char *line_of(const void *rows, size_t i)
{
	return pg_value(rows, (int) i, 0);
}

/* A table says more to people than the colocation group or shards that it came with. */
static void keep_telling(const char **kept, const char *line)
{
	static const char table[] = "table ";

	if (*kept == NULL || (strncmp(line, table, sizeof(table) - 1) == 0 && strncmp(*kept, table, sizeof(table) - 1) != 0))
		*kept = line;
}

static int compare_odd(const void *left, const void *right)
{
	const OddLine *a = left;
	const OddLine *b = right;
	int order = strcmp(a->text, b->text);

	return order != 0 ? order : (int) a->is_lacking - (int) b->is_lacking;
}

static void diverge(void *arg, bool is_lacking, const char *line)
{
	Divergence *found = arg;
	const OddLine odd = {line, is_lacking};

	found->has_extra = found->has_extra || !is_lacking;
	if (found->before != NULL &&
	    (found->before->odd_count == 0 || bsearch(&odd, found->before->odd, found->before->odd_count, sizeof(OddLine), compare_odd) == NULL))
		return;
	keep_telling(is_lacking ? &found->lacking : &found->extra, line);
	found->odd[found->count++] = (OddLine) {arena_strdup(found->arena, line), is_lacking};
}

/* In a later look only what differed before, so that moves one after the other are no lasting difference, nor hide one. */
static Divergence compare(Verifier *v, const PgRows *wanted, VerifyNode *node)
{
	const Lines all = {line_of, wanted, (size_t) pg_row_count(wanted)};
	const Lines there = {line_of, node->rows, (size_t) pg_row_count(node->rows)};
	Divergence found = {.arena = v->arena, .before = v->look > 0 ? node : NULL, .odd = arena_array(v->arena, all.count + there.count, sizeof(OddLine))};

	lines_compare(&all, &there, diverge, &found);
	node->odd = found.odd;
	node->odd_count = (size_t) found.count;
	return found;
}

static const char *describe(Verifier *v, const Divergence *found)
{
	const char *lacks = found->lacking != NULL ? arena_printf(v->arena, "lacks \"%s\"", found->lacking) : "";
	const char *has = found->extra != NULL ? arena_printf(v->arena, "has \"%s\"", found->extra) : "";

	return arena_printf(v->arena, "its catalog differs from the coordinator's in %s: it %s%s%s", verifier_count(v, found->count, "line", "lines"), lacks,
	                    *lacks != '\0' && *has != '\0' ? ", and " : "", has);
}

/* Only what lacks something is sent the catalog again: it has nothing to lose. */
static void tell_worker(Verifier *v, const VerifyNode *node, const Divergence *found)
{
	if (found->extra == NULL)
		verifier_found(v, VERDICT_FAIL, FIX_METADATA, node->name, "catalog", "%s", describe(v, found));
	else
		verifier_found(v, VERDICT_FAIL, FIX_NONE, node->name, "catalog",
		               "%s; the coordinator may be older than its workers: was it restored? then the worker's is the better copy; if not, SELECT "
		               "start_metadata_sync_to_node('%s', %d) on the coordinator makes the worker forget what the coordinator lacks",
		               describe(v, found), node->member->host, node->member->port);
}

static void tell_coordinator(Verifier *v, const VerifyNode *node, const Divergence *found)
{
	verifier_found(v, VERDICT_FAIL, FIX_NONE, node->name, "catalog",
	               "statements do not go where the catalog says, in %s: it says \"%s\", they go by \"%s\"; make the foreign table anew",
	               verifier_count(v, found->count, "line", "lines"), found->lacking != NULL ? found->lacking : "nothing",
	               found->extra != NULL ? found->extra : "nothing");
}

bool verify_catalog(Verifier *v, Err *err)
{
	const EngineTraits *traits = engine_traits(v->session->engine);
	PgRows *wanted = pg_query(v->pg, asset_text(traits->catalog), 0, NULL, err);
	size_t copies = 0;

	if (wanted == NULL)
		return false;
	for (size_t i = 0; i < v->node_count; i++) {
		bool has_copy = v->nodes[i].member->group != 0 ? traits->workers_have_catalog && v->nodes[i].member->active : !traits->workers_have_catalog;

		v->nodes[i].sql = has_copy ? asset_text(traits->catalog_copy) : NULL;
		v->nodes[i].value_count = 0;
		v->nodes[i].knows_more = has_copy;
		v->nodes[i].odd_count = v->look > 0 ? v->nodes[i].odd_count : 0;
		copies += has_copy ? 1 : 0;
	}

	bool ok = verifier_ask(v, err);

	for (size_t i = 0; ok && i < v->node_count; i++) {
		if (v->nodes[i].rows == NULL)
			continue;

		const Divergence found = compare(v, wanted, &v->nodes[i]);

		v->nodes[i].knows_more = found.has_extra;
		if (found.count > 0)
			(traits->workers_have_catalog ? tell_worker : tell_coordinator)(v, &v->nodes[i], &found);
	}
	v->said = traits->workers_have_catalog
	              ? arena_printf(v->arena, "the same on %s and the coordinator: %s", verifier_count(v, (int64_t) copies, "worker", "workers"),
	                             verifier_count(v, pg_row_count(wanted), "line", "lines"))
	              : arena_printf(v->arena, "%s where it says (workers have no copy)", verifier_count(v, pg_row_count(wanted), "foreign table leads", "foreign tables lead"));
	pg_rows_free(wanted);
	return ok;
}

/* ---- reference tables -------------------------------------------------------------------- */

static const char *copy_remedy(Verifier *v, const char *table, bool lacks_all)
{
	if (engine_traits(v->session->engine)->replicate_reference_tables == NULL)
		return "citusctl node remove and citusctl node add give it one";
	if (lacks_all)
		return "citusctl verify --fix copies it";
	return arena_printf(v->arena, "Citus copies all reference tables to a node or none, so SELECT undistribute_table('%s', true), then create_reference_table('%s')",
	                    table, table);
}

static bool find_missing(Verifier *v, Err *err)
{
	PgRows *rows = pg_query(v->pg, asset_text("sql/query/verify_reference.sql"), 0, NULL, err);

	for (int i = 0; rows != NULL && i < pg_row_count(rows); i++) {
		const VerifyNode *node = verifier_node_of(v, pg_int(rows, i, 1));
		bool lacks_all = node != NULL && node->member->reference_copies == 0;
		bool can_copy = lacks_all && engine_traits(v->session->engine)->replicate_reference_tables != NULL;

		if (node != NULL)
			verifier_found_undone(v, can_copy ? FIX_REFERENCE : FIX_NONE, node->name, arena_strdup(v->arena, pg_value(rows, i, 0)),
			                      copy_remedy(v, pg_value(rows, i, 0), lacks_all), "has no copy of reference table %s", pg_value(rows, i, 0));
	}
	pg_rows_free(rows);
	return rows != NULL;
}

/* Asks every node for the statement, then sends it that. */
static bool read_copies(Verifier *v, Err *err)
{
	const char **statements = arena_array(v->arena, v->node_count, sizeof(char *));

	for (size_t i = 0; i < v->node_count; i++) {
		v->nodes[i].sql = asset_text("sql/query/verify_reference_here.sql");
		v->nodes[i].values[0] = v->nodes[i].places;
		v->nodes[i].value_count = 1;
	}
	if (!verifier_ask(v, err))
		return false;
	for (size_t i = 0; i < v->node_count; i++) {
		const PgRows *rows = v->nodes[i].rows;

		if (rows != NULL && !pg_is_null(rows, 0, 0))
			statements[i] = arena_strdup(v->arena, pg_value(rows, 0, 0));
	}
	for (size_t i = 0; i < v->node_count; i++) {
		v->nodes[i].sql = statements[i];
		v->nodes[i].value_count = 0;
	}
	return verifier_ask(v, err);
}

/* The row of a table in a node's answer, or -1. */
static int row_of(const VerifyNode *node, const char *table)
{
	for (int i = 0; node->rows != NULL && i < pg_row_count(node->rows); i++)
		if (strcmp(pg_value(node->rows, i, 0), table) == 0)
			return i;
	return -1;
}

#define DIGEST_MASK ((INT64_C(1) << 62) - 1)

/*
 * Each copy with that of the first node that has one.  They are not read at the same moment,
 * so writes that go on make them differ, each time otherwise; rows that really differ keep
 * the difference of the digests, which are sums, as it is.
 */
static void compare_copies(Verifier *v, const VerifyNode *first, int row)
{
	const char *table = pg_value(first->rows, row, 0);

	for (const VerifyNode *node = first + 1; node < v->nodes + v->node_count; node++) {
		int other = row_of(node, table);

		if (other < 0 || (str_equal(pg_value(first->rows, row, 1), pg_value(node->rows, other, 1)) &&
		                  str_equal(pg_value(first->rows, row, 2), pg_value(node->rows, other, 2))))
			continue;
		verifier_found(v, VERDICT_FAIL, FIX_NONE, node->name,
		             arena_printf(v->arena, "%s %lld %lld", table, (long long) (pg_int(first->rows, row, 1) - pg_int(node->rows, other, 1)),
		                          (long long) ((pg_int(first->rows, row, 2) - pg_int(node->rows, other, 2)) & DIGEST_MASK)),
		             "its copy of reference table %s is not as that on %s: %s rows, digest %s, there %s rows, digest %s; find out which is right, and make the "
		             "rows of the other so", table, first->name, pg_value(node->rows, other, 1), pg_value(node->rows, other, 2),
		             pg_value(first->rows, row, 1), pg_value(first->rows, row, 2));
	}
}

bool verify_reference(Verifier *v, Err *err)
{
	int64_t tables = 0;

	if (!verifier_read_places(v, err) || !find_missing(v, err) || !read_copies(v, err))
		return false;
	for (size_t i = 0; i < v->node_count; i++) {
		for (int k = 0; v->nodes[i].rows != NULL && k < pg_row_count(v->nodes[i].rows); k++) {
			bool is_first = true;

			for (size_t n = 0; n < i && is_first; n++)
				is_first = row_of(&v->nodes[n], pg_value(v->nodes[i].rows, k, 0)) < 0;
			if (is_first)
				compare_copies(v, &v->nodes[i], k);
			tables += is_first ? 1 : 0;
		}
	}
	v->said = arena_printf(v->arena, "%s with the same rows in every copy", verifier_count(v, tables, "table", "tables"));
	return true;
}
