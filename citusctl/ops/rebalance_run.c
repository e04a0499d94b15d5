#include <stdio.h>
#include <string.h>

#include "io/asset.h"
#include "ops/engine.h"
#include "ops/mover.h"
#include "ops/placement.h"
#include "ops/rebalance.h"
#include "ops/upkeep.h"
#include "util/clock.h"
#include "util/log.h"

/* Moves of a citusctl that was killed are taken back by the server meanwhile. */
#define WAIT_FOR_OTHERS_MS 30000

/* That are made anew when shards have moved meanwhile. */
#define PLANS_MAX 3

typedef struct Run {
	Session *session;
	Rebalance *r;
	const RebalanceOptions *options;
	RebalanceProgress progress; /* of before and after the moves */
	Pg *pg;                     /* superuser at the coordinator */
} Run;

static void tell(Run *run, RebalanceEvent event, const char *text)
{
	if (run->options->watch != NULL)
		run->options->watch(run->options->watch_arg, event, 0, text, &run->progress);
}

/* ---- nobody else ------------------------------------------------------------- */

typedef struct Others {
	Run *run;
	Err *err;
	bool told;
	const char *who; /* NULL: nobody */
	bool by_itself;  /* the engine: that takes longer than we wait */
	bool failed;
} Others;

static bool nobody_moves(void *arg)
{
	Others *others = arg;
	Run *run = others->run;
	PgRows *rows = pg_query(run->pg, asset_text(engine_traits(run->session->engine)->others_move), 0, NULL, others->err);

	others->failed = rows == NULL;
	others->who = NULL;
	if (rows != NULL && pg_row_count(rows) > 0) {
		others->who = arena_strdup(run->r->arena, pg_value(rows, 0, 2));
		others->by_itself = pg_int(rows, 0, 0) == 0;
		if (!others->told && !others->by_itself)
			tell(run, REBALANCE_PREPARING,
			     arena_printf(run->r->arena, "waiting for a shard move that runs already (%s)", others->who));
		others->told = true;
	}
	pg_rows_free(rows);
	return others->failed || others->who == NULL || others->by_itself;
}

static bool nobody_else_moves(Run *run, Err *err)
{
	Others others = {.run = run, .err = err};
	bool quiet = clock_poll_until(WAIT_FOR_OTHERS_MS, nobody_moves, &others);

	if (others.failed || !clock_go_on(err))
		return false;
	if (quiet && others.who == NULL)
		return true;
	if (others.by_itself) {
		err_set(err, ERR_REFUSED, "a rebalance runs already: %s", others.who);
		return err_hint(err, "See it with SELECT * FROM citus_rebalance_status(); wait for it, or end it with SELECT "
		                     "citus_rebalance_stop().");
	}
	err_set(err, ERR_REFUSED, "somebody else moves shards of this cluster: %s", others.who);
	return err_hint(err, "Wait until that has finished, then run the command again.");
}

/* ---- before the moves ------------------------------------------------------------ */

static bool refuse_errors(const Rebalance *r, Err *err)
{
	for (size_t i = 0; i < r->findings.count; i++) {
		const Finding *finding = &r->findings.items[i];

		if (finding->level != FINDING_ERROR)
			continue;
		err_set(err, finding->kind != ERR_NONE ? finding->kind : ERR_REFUSED, "%s%s%s%s",
		        finding->node != NULL ? "node \"" : "", finding->node != NULL ? finding->node : "",
		        finding->node != NULL ? "\": " : "", finding->text);
		if (finding->hint != NULL)
			err_hint(err, "%s", finding->hint);
		return err_node(err, finding->node);
	}
	return true;
}

static bool replicate_reference_tables(Run *run, Err *err)
{
	const char *const mode[] = {run->r->request.mode == REBALANCE_ONLINE ? "auto" : "block_writes"};
	int64_t missing = 0;

	if (!pg_query_int64(run->pg, asset_text("sql/query/reference_tables_missing.sql"), 0, NULL, &missing, err))
		return false;
	if (missing == 0)
		return true;
	tell(run, REBALANCE_PREPARING, "copying the reference tables to the new nodes");
	return pg_run(run->pg, asset_text("sql/query/replicate_reference_tables.sql"), 1, mode, err) ||
	       err_wrap(err, "copy the reference tables");
}

/* So that nothing else puts shards there again, Citus included. */
static bool close_drained(Run *run, Err *err)
{
	bool ok = true;

	for (size_t i = 0; ok && i < run->r->request.drain_count; i++) {
		const Member *node = snapshot_find_node(&run->r->snapshot, run->r->request.drain[i]);
		char port[16];
		const char *const values[] = {node->host, port, "false"};

		snprintf(port, sizeof(port), "%d", node->port);
		if (node->takes_shards)
			ok = pg_run(run->pg, asset_text("sql/query/set_takes_shards.sql"), 3, values, err);
	}
	return ok;
}

static bool is_clean(Run *run, bool *clean, Err *err)
{
	int64_t left = 0;
	bool ok = upkeep_left(run->pg, &left, err);

	*clean = left == 0;
	return ok;
}

static bool clean_up(Run *run, bool *clean, Err *err)
{
	int64_t left = 0;
	bool ok = upkeep_clean_up(run->pg, &left, err);

	*clean = left == 0;
	return ok;
}

static bool is_as_planned(Run *run, bool *current, Err *err)
{
	SnapshotPlaces now = {.items = NULL};
	bool ok = snapshot_read_places(run->pg, run->r->arena, &now, err);

	*current = ok && snapshot_is_current(&run->r->snapshot, &now);
	return ok;
}

static bool plan_anew(Run *run, Err *err)
{
	Rebalance fresh = {.problem = NULL};
	bool ok = false;

	tell(run, REBALANCE_PREPARING, "shards have moved since the plan was made: planning anew");
	ok = rebalance_plan(run->session, &run->r->request, run->r->arena, &fresh, err) &&
	     rebalance_check(run->session, &fresh, err);
	if (!ok) {
		rebalance_free(&fresh);
		return false;
	}
	rebalance_free(run->r);
	*run->r = fresh;
	return true;
}

/* What others did meanwhile, such as moves that were waited for, is planned with. */
static bool placements_as_planned(Run *run, Err *err)
{
	bool current = false;
	bool ok = is_as_planned(run, &current, err);

	for (int i = 0; ok && !current && !run->r->request.strict && i < PLANS_MAX; i++)
		ok = plan_anew(run, err) && is_as_planned(run, &current, err);
	if (!ok || current)
		return ok;
	err_set(err, ERR_REFUSED, "shards have been moved, or tables created or dropped, since the plan was made");
	return err_hint(err, "Plan again.");
}

static bool prepare(Run *run, Err *err)
{
	PgTarget target = session_superuser(run->session, cluster_coordinator(run->session->cluster),
	                                    run->session->cluster->postgres.database);
	bool clean = false;
	bool changed = false;
	bool stale = false;

	run->pg = pg_open(&target, err);
	/* What stands in the way of a plan may be that shards were on their way while it was made. */
	if (run->pg == NULL || !nobody_else_moves(run, err) || !placements_as_planned(run, err) ||
	    !refuse_errors(run->r, err) || !is_clean(run, &clean, err))
		return false;
	if (!clean) {
		tell(run, REBALANCE_PREPARING, "cleaning up what earlier moves left");
		if (!clean_up(run, &clean, err))
			return false;
	}
	return replicate_reference_tables(run, err) && close_drained(run, err) &&
	       placement_register(run->session, run->pg, false, run->r->arena, &changed, &stale, err);
}

/* ---- after the moves -------------------------------------------------------------- */


static bool takes_part(const Rebalance *r, const Member *node)
{
	for (size_t i = 0; i < r->plan.move_count; i++)
		if (r->moves[i].from == node || r->moves[i].to == node)
			return true;
	return false;
}

static bool look_for_leftovers(Run *run, size_t n, Err *err)
{
	const Member *node = &run->r->snapshot.nodes[n];
	Pg *pg = rebalance_link(run->session, run->r, n, err);
	PgRows *rows = pg != NULL ? pg_query(pg, asset_text("sql/query/node_facts.sql"), 0, NULL, err) : NULL;
	int64_t left = rows != NULL ? pg_int(rows, 0, 6) : 0;
	bool ok = rows != NULL;

	pg_rows_free(rows);
	if (!ok || left == 0)
		return ok;
	err_set(err, ERR_DIFFERS, "moves left %lld slots, subscriptions or publications on node \"%s\"", (long long) left,
	        node->name);
	err_hint(err, "Run the same command again: it cleans up first.");
	return err_node(err, node->name);
}

/* Each group is where it is to be: on its target when its move was made. */
static bool check_placements(const Run *run, const RebalanceResult *result, const SnapshotPlaces *now, Err *err)
{
	const Rebalance *r = run->r;

	for (size_t i = 0; i < r->plan.move_count; i++) {
		const RebalanceMove *move = &r->moves[i];
		const Member *wanted = result->moves[i].state == MOVE_MOVED ? move->to : move->from;
		const SnapshotPlace *place = snapshot_find_place(now, move->group->id);

		if (place == NULL || place->node_id == wanted->id)
			continue; /* or its tables were dropped meanwhile */
		err_set(err, ERR_DIFFERS, "shard group %lld is not on node \"%s\", where it should be",
		        (long long) move->group->id, wanted->name);
		return err_hint(err, "Somebody else moves shards.  Plan again when that has ended.");
	}
	return true;
}

static bool verify(Run *run, RebalanceResult *result, Err *err)
{
	SnapshotPlaces now;
	bool clean = false;

	tell(run, REBALANCE_VERIFYING, "cleaning up and verifying");
	if (!clean_up(run, &clean, err))
		return false;
	if (!clean)
		tell(run, REBALANCE_WARNING,
		     "shards that moves left behind are still in use, or their node is down; the server goes on trying to drop them");
	if (!snapshot_read_places(run->pg, run->r->arena, &now, err) || !check_placements(run, result, &now, err))
		return false;
	for (size_t n = 0; n < run->r->snapshot.node_count; n++)
		if (takes_part(run->r, &run->r->snapshot.nodes[n]) &&
		    !look_for_leftovers(run, n, err))
			return false;
	result->verified = true;
	return true;
}

static bool outcome_error(const Run *run, const RebalanceResult *result, Err *err)
{
	size_t all = run->r->plan.move_count;
	const char *why = NULL;

	for (size_t i = 0; i < all && why == NULL; i++)
		if (result->moves[i].state == MOVE_GIVEN_UP)
			why = result->moves[i].error;
	switch (result->outcome) {
		case REBALANCE_DONE:
			return true;
		case REBALANCE_STOPPED:
			return err_set(err, ERR_STOPPED, "the time is over: %zu of %zu moves made", result->moved, all);
		case REBALANCE_INTERRUPTED:
			return err_set(err, ERR_INTERRUPTED, "interrupted: %zu of %zu moves made", result->moved, all);
		case REBALANCE_YIELDED:
			return err_set(err, ERR_REFUSED, "%s: %zu of %zu moves made", result->stopped_by, result->moved, all);
		case REBALANCE_FAILED:
			err_set(err, ERR_FAILED, "%zu of %zu moves failed, %zu made", result->failed, all, result->moved);
			if (why != NULL)
				err_detail(err, "%s", why);
			return false;
	}
	return true;
}

bool rebalance_run(Session *session, Rebalance *rebalance, const RebalanceOptions *options,
                   RebalanceResult *result, Err *err)
{
	Run run = {.session = session, .r = rebalance, .options = options,
	           .progress = {.rebalance = rebalance, .eta_s = -1}};
	Err later = ERR_INIT;

	bool prepared = prepare(&run, err);
	size_t count = rebalance->plan.move_count;

	*result = (RebalanceResult) {.outcome = REBALANCE_FAILED, .left = count,
	                             .moves = arena_array(rebalance->arena, count, sizeof(MoveProgress))};
	if (prepared && count == 0) {
		result->outcome = REBALANCE_DONE;
		result->verified = true;
	}

	bool ok = prepared && (count == 0 || mover_run(session, rebalance, options, result, err));

	/* Cleaned up and verified however it went; the first error is the one told. */
	if (prepared && count > 0) {
		clock_resume();
		run.progress.moves = result->moves;
		run.progress.moved = result->moved;
		run.progress.failed = result->failed;
		run.progress.bytes_done = result->bytes;
		run.progress.seconds = result->seconds;
		if (ok)
			ok = outcome_error(&run, result, err);
		if (!verify(&run, result, ok ? err : &later)) {
			ok = false;
			log_debug("verification: %s", later.message != NULL ? later.message : "failed");
		}
	}
	err_clear(&later);
	pg_close(run.pg);
	return ok;
}
