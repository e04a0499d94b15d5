/*
 * What "verify --fix" mends, by the engine's own functions only.  Those that clean up, decide
 * prepared transactions and copy reference tables look for themselves whether they may, by the
 * group that a node takes itself for: so nothing is mended while one takes itself for another.
 * The one that sends the catalog asks nothing: verify.c says when it may.
 */
#include <string.h>

#include "io/asset.h"
#include "ops/engine.h"
#include "ops/tables.h"
#include "ops/upkeep.h"
#include "ops/verify_state.h"

static void mended(Verifier *v, const char *node, const char *what)
{
	VerifyReport *report = v->report;
	Fixed *items = arena_array(v->arena, report->fixed_count + 1, sizeof(Fixed));

	if (report->fixed_count > 0)
		memcpy(items, report->fixed, report->fixed_count * sizeof(Fixed));
	items[report->fixed_count] = (Fixed) {node, what};
	report->fixed = items;
	report->fixed_count++;
}

static bool clean_up(Verifier *v, Err *err)
{
	int64_t before = 0;
	int64_t left = 0;
	bool ok = upkeep_left(v->pg, &before, err) && upkeep_clean_up(v->pg, &left, err);

	if (ok && before > left)
		mended(v, "cluster", arena_printf(v->arena, "cleaned up %s that moves left", verifier_count(v, before - left, "thing", "things")));
	return ok;
}

/* Each node knows of the transactions that it began, and decides those. */
static bool recover(Verifier *v, Err *err)
{
	const char *file = engine_traits(v->session->engine)->recover_prepared;

	for (size_t i = 0; i < v->node_count; i++) {
		int64_t count = 0;

		if (v->nodes[i].pg == NULL)
			continue;
		if (!pg_query_int64(v->nodes[i].pg, asset_text(file), 0, NULL, &count, err))
			return err_wrap(err, "decide prepared transactions");
		if (count > 0)
			mended(v, v->nodes[i].name, arena_printf(v->arena, "decided %s that it had begun", verifier_count(v, count, "prepared transaction", "prepared transactions")));
	}
	return true;
}

static bool copy_reference_tables(Verifier *v, Err *err)
{
	MissingCopies before = {.count = 0};
	MissingCopies after = {.count = 0};
	bool ok = upkeep_missing_copies(v->pg, &before, err) && upkeep_make_copies(v->pg, v->session->engine, &before, err) &&
	          upkeep_missing_copies(v->pg, &after, err);

	if (ok && before.count > after.count)
		mended(v, "cluster", arena_printf(v->arena, "made %s of reference tables", verifier_count(v, before.count - after.count, "copy", "copies")));
	return ok;
}

static bool send_catalog(Verifier *v, Err *err)
{
	for (size_t i = 0; i < v->node_count; i++) {
		const Member *member = v->nodes[i].member;
		const char *const values[] = {member->host, arena_printf(v->arena, "%d", member->port)};

		if (!v->resync[i] || v->nodes[i].pg == NULL)
			continue;
		if (!pg_run(v->pg, asset_text("sql/query/citus_send_catalog.sql"), 2, values, err))
			return err_wrap(err, "send the catalog to node \"%s\"", v->nodes[i].name);
		mended(v, v->nodes[i].name, "sent the catalog again");
	}
	return true;
}

static bool restore_foreign_keys(Verifier *v, Err *err)
{
	size_t put = 0;
	size_t settled = 0;

	if (!tables_put_foreign_keys_back(v->app, v->arena, &put, &settled, err))
		return err_wrap(err, "put foreign keys back");
	if (put > 0)
		mended(v, "cluster", arena_printf(v->arena, "put back %s", verifier_count(v, (int64_t) put, "foreign key", "foreign keys")));
	if (settled > 0)
		mended(v, "cluster", arena_printf(v->arena, "struck off %s that held already or whose table is gone",
		                                  verifier_count(v, (int64_t) settled, "waiting foreign key", "waiting foreign keys")));
	return true;
}

/* It would decide transactions of others, and others' nodes would be taken for it. */
static bool is_each_itself(const Verifier *v, Err *err)
{
	for (size_t i = 0; i < v->node_count; i++) {
		if (v->nodes[i].pg == NULL || v->nodes[i].is_itself)
			continue;
		err_set(err, ERR_REFUSED, "node \"%s\" does not take itself for the group that the coordinator has it as", v->nodes[i].name);
		return err_hint(err, "Nothing is mended while that server may be another's: \"citusctl verify\" says more.  Stop it or put it right, then run the command again.");
	}
	return true;
}

bool verifier_mend(Verifier *v, Err *err)
{
	if (!is_each_itself(v, err))
		return false;
	if (v->mover != NULL) {
		err_set(err, ERR_REFUSED, "somebody else moves shards of this cluster: %s", v->mover);
		return err_hint(err, "Wait until that has finished, then run the command again.");
	}
	return (v->wants[FIX_METADATA] == 0 || send_catalog(v, err)) && (v->wants[FIX_PREPARED] == 0 || recover(v, err)) &&
	       (v->wants[FIX_CLEANUP] == 0 || clean_up(v, err)) && (v->wants[FIX_REFERENCE] == 0 || copy_reference_tables(v, err)) &&
	       (v->wants[FIX_FOREIGN_KEYS] == 0 || restore_foreign_keys(v, err));
}
