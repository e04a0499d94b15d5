/*
 * The check of what is left when somebody dies: moves, two-phase commits, init.
 */
#include <stdlib.h>
#include <string.h>

#include "io/asset.h"
#include "ops/engine.h"
#include "ops/verify_lines.h"
#include "ops/verify_state.h"
#include "run/operation.h"

/* An application's own prepared transaction may be as old. */
#define OTHERS_GRACE_S 600

bool verifier_read_busy(Verifier *v, Err *err)
{
	bool has_journal = false;
	PgRows *rows = pg_query(v->pg, asset_text(engine_traits(v->session->engine)->others_move), 0, NULL, err);

	if (rows == NULL)
		return false;
	v->mover = pg_row_count(rows) > 0 ? arena_strdup(v->arena, pg_value(rows, 0, 2)) : NULL;
	v->holder = NULL;
	v->is_busy = v->mover != NULL;
	pg_rows_free(rows);
	if (!pg_query_bool(v->pg, asset_text("sql/query/bookkeeping_exists.sql"), 0, NULL, &has_journal, err))
		return false;
	if (!has_journal || operation_is_joined(v->session))
		return true;
	rows = pg_query(v->pg, asset_text("sql/query/operation_holder.sql"), 0, NULL, err);
	if (rows != NULL && pg_row_count(rows) > 0)
		v->holder = pg_is_null(rows, 0, 2) ? arena_printf(v->arena, "session %s", pg_value(rows, 0, 0))
		                                   : arena_printf(v->arena, "\"%s\" by %s", pg_value(rows, 0, 2), pg_value(rows, 0, 1));
	v->is_busy = v->is_busy || v->holder != NULL;
	pg_rows_free(rows);
	return rows != NULL;
}

/* ---- what was written down to be cleaned up --------------------------------------------- */

static const char *kind_name(int64_t type)
{
	static const char *const names[] = {NULL, "table", "subscription", "replication slot", "publication", "role", "database"};

	return type > 0 && type < (int64_t) (sizeof(names) / sizeof(names[0])) ? names[type] : "thing";
}

/* Old copies of shards are dropped by the server in the background; what a move that failed
 * left is tried there too, but keeps WAL and disk meanwhile. */
static void judge_cleanup(Verifier *v, const PgRows *cleanup)
{
	for (size_t n = 0; n < v->node_count; n++) {
		int64_t moved = 0;
		int64_t failed = 0;
		const char *first = NULL;

		for (int i = 0; i < pg_row_count(cleanup); i++) {
			if (pg_int(cleanup, i, 2) != v->nodes[n].member->group || pg_bool(cleanup, i, 3))
				continue;
			moved += pg_bool(cleanup, i, 4) ? 1 : 0;
			failed += pg_bool(cleanup, i, 4) ? 0 : 1;
			if (!pg_bool(cleanup, i, 4) && first == NULL)
				first = arena_printf(v->arena, "%s %s", kind_name(pg_int(cleanup, i, 0)), pg_value(cleanup, i, 1));
		}
		if (moved > 0)
			verifier_found(v, VERDICT_WARN, FIX_CLEANUP, v->nodes[n].name, "moved", "%s of moved shards to be dropped: the server does so by itself, with the next move at the latest; citusctl verify --fix: at once",
			             verifier_count(v, moved, "old copy", "old copies"));
		if (failed > 0)
			verifier_found(v, VERDICT_FAIL, FIX_CLEANUP, v->nodes[n].name, "failed", "%s that a move which failed left, such as %s: citusctl verify --fix cleans up",
			             verifier_count(v, failed, "thing", "things"), first);
	}
}

static bool is_written_down(const PgRows *cleanup, const char *name)
{
	for (int i = 0; i < pg_row_count(cleanup); i++)
		if (strcmp(pg_value(cleanup, i, 1), name) == 0)
			return true;
	return false;
}

static const char *remedy(Verifier *v, const char *kind, const char *name)
{
	if (strcmp(kind, "replication slot") == 0)
		return arena_printf(v->arena, "it keeps WAL; SELECT pg_drop_replication_slot('%s') on this node", name);
	if (strcmp(kind, "subscription") == 0)
		return arena_printf(v->arena, "ALTER SUBSCRIPTION %s DISABLE, then SET (slot_name = NONE), then DROP SUBSCRIPTION on this node", name);
	return arena_printf(v->arena, "DROP PUBLICATION %s on this node", name);
}

/* ---- prepared transactions ---------------------------------------------------------------- */

static bool has_process(const VerifyNode *node, int64_t process)
{
	for (int i = 0; node->rows != NULL && i < pg_row_count(node->rows); i++)
		if (strcmp(pg_value(node->rows, i, 0), "process") == 0 && strtoll(pg_value(node->rows, i, 1), NULL, 10) == process)
			return true;
	return false;
}

/* Whoever began it may be about to decide it; a node that was not asked may have it still. */
static bool has_owner(Verifier *v, int64_t group, int64_t process)
{
	const VerifyNode *node = verifier_node_of(v, group);

	return node != NULL && (node->rows == NULL || has_process(node, process));
}

static void judge_prepared(Verifier *v, const VerifyNode *node, const char *gid, int64_t seconds)
{
	int64_t group = 0;
	int64_t process = 0;
	bool is_citus = prepared_owner(gid, &group, &process) && engine_traits(v->session->engine)->recover_prepared != NULL;

	if (is_citus ? seconds < v->options->grace_s || has_owner(v, group, process) : seconds < OTHERS_GRACE_S)
		return;
	if (is_citus)
		verifier_found(v, VERDICT_FAIL, FIX_PREPARED, node->name, arena_strdup(v->arena, gid),
		               "transaction %s is prepared since %lld s, and who was to decide it is gone; it keeps its locks: citusctl verify --fix lets Citus decide it",
		               gid, (long long) seconds);
	else
		verifier_found(v, VERDICT_WARN, FIX_NONE, node->name, arena_strdup(v->arena, gid),
		               "transaction %s is prepared since %lld s and not decided; it keeps its locks: COMMIT PREPARED or ROLLBACK PREPARED, as its application says",
		               gid, (long long) seconds);
}

/* ---- foreign keys ----------------------------------------------------------------------------- */

static bool judge_foreign_keys(Verifier *v, Err *err)
{
	bool has_journal = false;

	if (!pg_query_bool(v->pg, asset_text("sql/query/bookkeeping_exists.sql"), 0, NULL, &has_journal, err))
		return false;
	if (!has_journal || v->is_busy)
		return true;

	PgRows *rows = pg_query(v->pg, asset_text("sql/query/pending_foreign_keys.sql"), 0, NULL, err);

	for (int i = 0; rows != NULL && i < pg_row_count(rows); i++)
		verifier_found(v, VERDICT_FAIL, FIX_FOREIGN_KEYS, "cluster", arena_strdup(v->arena, pg_value(rows, i, 0)),
		             "foreign key %s of table %s was taken off by an init that did not finish: citusctl verify --fix puts it back", pg_value(rows, i, 2),
		             pg_value(rows, i, 1));
	pg_rows_free(rows);
	return rows != NULL;
}

bool verify_leftovers(Verifier *v, Err *err)
{
	for (size_t i = 0; i < v->node_count; i++) {
		v->nodes[i].sql = asset_text("sql/query/verify_leftovers.sql");
		v->nodes[i].value_count = 0;
	}
	if (!verifier_ask(v, err))
		return false;

	PgRows *cleanup = pg_query(v->pg, asset_text(engine_traits(v->session->engine)->cleanup), 0, NULL, err);

	if (cleanup == NULL)
		return false;
	judge_cleanup(v, cleanup);
	for (size_t i = 0; i < v->node_count; i++) {
		const VerifyNode *node = &v->nodes[i];

		for (int k = 0; node->rows != NULL && k < pg_row_count(node->rows); k++) {
			const char *kind = pg_value(node->rows, k, 0);
			const char *name = pg_value(node->rows, k, 1);

			if (strcmp(kind, "prepared transaction") == 0)
				judge_prepared(v, node, name, pg_int(node->rows, k, 2));
			else if (strcmp(kind, "process") != 0 && v->mover == NULL && !is_written_down(cleanup, name))
				verifier_found(v, VERDICT_FAIL, FIX_NONE, node->name, arena_printf(v->arena, "%s %s", kind, name),
				             "%s %s is left of a move that nobody makes any more: %s", kind, name, remedy(v, kind, name));
		}
	}
	pg_rows_free(cleanup);
	v->said = "nothing of moves, two-phase commits or init";
	return judge_foreign_keys(v, err);
}
