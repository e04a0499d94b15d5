#include "demo/during_moves.h"

#include <stdio.h>

#include "io/asset.h"
#include "ops/init.h"
#include "ops/rebalance.h"
#include "run/operation.h"

/* Of the shard groups of one worker, so many are pushed aside: one in this many. */
#define PUSHED_PART 2

/* When there are more moves only every n-th is marked, so that the others can be seen. */
#define MOVES_MARKED 12

/* What the run of a plan tells. */
static void watch(void *arg, RebalanceEvent event, size_t move, const char *text, const RebalanceProgress *progress)
{
	During *during = arg;
	const Rebalance *r = progress->rebalance;
	size_t every = r->plan.move_count / MOVES_MARKED + 1;

	if (event == REBALANCE_MOVED && every == 1) {
		const RebalanceMove *m = &r->moves[move];

		timeline_mark(during->timeline, "shard group %lld moved from %s to %s in %.1f s", (long long) m->group->id,
		              m->from->name, m->to->name, progress->moves[move].seconds);
	} else if (event == REBALANCE_MOVED && progress->moved % every == 0) {
		timeline_mark(during->timeline, "%zu of %zu shard groups moved", progress->moved, r->plan.move_count);
	} else if (event == REBALANCE_RETRY || event == REBALANCE_GAVE_UP || event == REBALANCE_WARNING) {
		timeline_mark(during->timeline, "%s", text);
	}
}

/* What stands in the way of a plan that cannot be run. */
static bool refuse(const Rebalance *r, Err *err)
{
	for (size_t i = 0; i < r->findings.count; i++) {
		const Finding *f = &r->findings.items[i];

		if (f->level != FINDING_ERROR)
			continue;
		err_set(err, f->kind, "%s", f->text);
		if (f->hint != NULL)
			err_hint(err, "%s", f->hint);
		return f->node == NULL || err_node(err, f->node);
	}
	return true;
}

/* Plans and moves; the marks say how much and how long. */
static bool move_shards(During *during, const RebalanceRequest *request, const char *what, Err *err)
{
	const RebalanceOptions options = {.watch = watch, .watch_arg = during};
	Rebalance r = {0};
	RebalanceResult result = {0};
	bool ok = rebalance_plan(during->session, request, during->arena, &r, err) &&
	          rebalance_check(during->session, &r, err) && (refuse(&r, err) && err->message == NULL);

	if (ok) {
		timeline_mark(during->timeline, "%s: %zu of %zu shard groups are to move", what, r.plan.move_count,
		              r.snapshot.group_count);
		ok = r.plan.move_count == 0 || rebalance_run(during->session, &r, &options, &result, err);
	}
	if (ok && r.plan.move_count > 0)
		timeline_mark(during->timeline, "%s: %zu moved, %.1f MB in %.1f s", what, result.moved,
		              (double) result.bytes / 1e6, result.seconds);
	rebalance_free(&r);
	return ok;
}

/* Moves go on while nobody else changes the cluster. */
static bool as_operation(During *during, DemoTimeline *timeline, bool (*work)(During *, Err *), Err *err)
{
	during->timeline = timeline;

	bool ok = operation_begin(during->session, err) && work(during, err);

	return operation_end(during->session, ok, err);
}

static bool balance(During *during, Err *err)
{
	const RebalanceRequest request = rebalance_request(during->session);

	if (!move_shards(during, &request, "rebalance", err))
		return false;
	during->is_uneven = false;
	return true;
}

/* Some of one worker's groups go to the next, so that there is something to balance. */
static bool push_aside(During *during, Err *err)
{
	const Cluster *cluster = during->session->cluster;
	RebalanceRequest request = rebalance_request(during->session);
	Rebalance r = {0};

	if (!rebalance_plan(during->session, &request, during->arena, &r, err))
		return false;

	FixedMove *moves = arena_array(during->arena, r.snapshot.group_count, sizeof(FixedMove));
	size_t seen = 0;

	for (size_t i = 0; i < r.snapshot.group_count; i++) {
		const SnapshotGroup *group = &r.snapshot.groups[i];

		if (r.snapshot.nodes[group->node].described == &cluster->nodes[cluster->node_count - 1] &&
		    seen++ % PUSHED_PART == 0)
			moves[request.fixed_count++] = (FixedMove) {group->id, cluster->nodes[cluster->node_count - 2].name};
	}
	rebalance_free(&r);
	request.fixed = moves;
	during->is_uneven = true;
	return move_shards(during, &request, "made uneven on purpose", err);
}

static bool push_and_balance(During *during, Err *err)
{
	return push_aside(during, err) && (!timeline_sleep(during->timeline, 1) || balance(during, err));
}

bool during_take_shards_again(During *during, const Node *node, Err *err)
{
	char port[16];
	const char *const values[] = {node->host, port, "true"};
	PgTarget target = session_superuser(during->session, &during->session->cluster->nodes[0],
	                                    during->session->cluster->postgres.database);
	Pg *pg = pg_open(&target, err);

	snprintf(port, sizeof(port), "%d", session_port(during->session, node));

	bool ok = pg != NULL && pg_run(pg, asset_text("sql/query/set_takes_shards.sql"), 3, values, err);

	pg_close(pg);
	return ok;
}

static bool drain_and_return(During *during, Err *err)
{
	const Cluster *cluster = during->session->cluster;
	const Node *node = &cluster->nodes[cluster->node_count - 1];
	RebalanceRequest request = rebalance_request(during->session);

	request.drain = &node->name;
	request.drain_count = 1;
	request.only_forced = true;
	during->has_drained = true;
	during->is_uneven = true;
	if (!move_shards(during, &request, arena_printf(during->arena, "drain of %s", node->name), err))
		return false;
	timeline_mark(during->timeline, "%s is empty; it gets shards again", node->name);
	if (!during_take_shards_again(during, node, err))
		return false;
	during->has_drained = false;
	return !timeline_sleep(during->timeline, 1) || balance(during, err);
}

/* The plan of init makes the worker that the description has and the cluster lacks. */
static bool join_and_balance(During *during, Err *err)
{
	const Node *node = &during->full->nodes[during->full->node_count - 1];
	Report *report = NULL;

	timeline_mark(during->timeline, "%s is set up", node->name);
	during->session->cluster = during->full;

	bool ok = run_plan(during->session, init_steps(during->session), false, NULL, &report, err);

	if (ok)
		timeline_mark(during->timeline, "%s has joined, %.1f s later", node->name, (double) report->took_us / 1e6);
	report_free(report);
	return ok && balance(during, err);
}

bool during_rebalance(void *during, DemoTimeline *timeline, Err *err)
{
	return as_operation(during, timeline, push_and_balance, err);
}

bool during_drain(void *during, DemoTimeline *timeline, Err *err)
{
	return as_operation(during, timeline, drain_and_return, err);
}

bool during_scale_out(void *during, DemoTimeline *timeline, Err *err)
{
	return as_operation(during, timeline, join_and_balance, err);
}
