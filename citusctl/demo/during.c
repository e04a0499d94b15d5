#include "demo/during.h"

#include <stdio.h>

#include "demo/during_moves.h"
#include "demo/engine.h"
#include "demo/timeline.h"
#include "io/asset.h"
#include "ops/crash.h"
#include "ops/init.h"
#include "ops/node.h"
#include "ops/provision.h"
#include "run/run.h"
#include "util/clock.h"
#include "util/str.h"

/* A worker that was killed stays away for so long. */
#define DOWN_S 3.0

/* Between one restart and the next. */
#define BETWEEN_S 1.0

#define NONE (-1)

/* Longer than any restart or cut-over should keep an operation waiting. */
#define PATIENCE_S 60

static const char *const names[] = {
	[DURING_NOTHING] = NULL,         [DURING_RESTART] = "restart", [DURING_KILL_WORKER] = "kill-worker",
	[DURING_REBALANCE] = "rebalance", [DURING_DRAIN] = "drain",     [DURING_SCALE_OUT] = "scale-out",
};

bool during_parse(const char *name, DuringKind *kind, Err *err)
{
	for (int i = DURING_RESTART; i <= DURING_SCALE_OUT; i++) {
		if (str_equal(names[i], name)) {
			*kind = (DuringKind) i;
			return true;
		}
	}
	return err_set(err, ERR_USAGE,
	               "--during: \"%s\" is not scale-out, rebalance, drain, restart or kill-worker", name);
}

bool during_possible(DuringKind kind, const Cluster *cluster, Err *err)
{
	bool stops = kind == DURING_RESTART || kind == DURING_KILL_WORKER;
	bool moves = kind == DURING_REBALANCE || kind == DURING_DRAIN;

	if (stops && cluster->deploy == DEPLOY_NONE)
		return err_set(err, ERR_USAGE, "--during %s: with \"deploy\": \"none\" somebody else runs the servers, and citusctl neither "
		                               "stops nor starts them", names[kind]);
	return !moves || cluster->node_count > 2 ||
	       err_set(err, ERR_USAGE, "--during %s needs at least two workers", names[kind]);
}

bool during_recover(const DemoTarget *target, Err *err)
{
	const DemoEngine *engine = demo_engine_find(target->engine, err);
	bool ok = engine != NULL;

	for (size_t i = 0; ok && engine->recover != NULL && i < target->node_count; i++) {
		Pg *pg = demo_connect_node(target, &target->nodes[i], err);

		ok = pg != NULL && pg_exec(pg, engine->recover, err);
		pg_close(pg);
	}
	return ok;
}

/* A session that was only attached doesn't know yet where they are. */
static bool find_programs(Session *session, Err *err)
{
	return session->cluster->deploy != DEPLOY_LOCAL || session->bindir != NULL || session_find_postgres(session, err);
}

/* Steps on the host of one node. */
static bool run_there(During *during, size_t node, const Step *steps, Err *err)
{
	Session *session = during->session;
	bool *only = arena_array(during->arena, session->cluster->node_count, sizeof(bool));
	const bool *before = session->only;
	Report *report = NULL;

	only[node] = true;
	session->only = only;

	bool ok = run_plan(session, steps, false, NULL, &report, err);

	session->only = before;
	report_free(report);
	return ok;
}

static bool stop_there(During *during, size_t node, Err *err)
{
	return run_there(during, node, stop_steps(during->session), err);
}

static bool start_there(During *during, size_t node, Err *err)
{
	return run_there(during, node, start_steps(during->session), err) &&
	       node_wait(during->session, &during->session->cluster->nodes[node], err);
}

static bool stop_and_start(During *during, size_t node, Err *err)
{
	const char *name = during->session->cluster->nodes[node].name;
	int64_t since = clock_us();

	timeline_mark(during->timeline, "%s stops", name);
	during->stopped = (ptrdiff_t) node;
	if (!stop_there(during, node, err) || !start_there(during, node, err))
		return false;
	during->stopped = NONE;
	timeline_mark(during->timeline, "%s is back after %.1f s", name, (double) (clock_us() - since) / 1e6);
	return true;
}

/* The workers one after another, then the coordinator. */
static bool restart(void *arg, DemoTimeline *timeline, Err *err)
{
	During *during = arg;
	const Cluster *cluster = during->session->cluster;

	during->timeline = timeline;

	bool ok = find_programs(during->session, err);

	for (size_t i = 1; ok && i <= cluster->node_count; i++) {
		ok = stop_and_start(during, i % cluster->node_count, err);
		if (!timeline_sleep(timeline, BETWEEN_S))
			break;
	}
	return ok && during_recover(during->target, err);
}

/* All its processes at once: on this machine, or by a script on its host. */
static bool crash(During *during, size_t node, Err *err)
{
	Session *session = during->session;
	Host host = {0};

	if (session->cluster->deploy == DEPLOY_SSH)
		return run_there(during, node, provision_crash_steps, err);

	bool ok = host_open(&host, session, &session->cluster->nodes[node], false, err);
	Server server = server_of(&host);

	ok = ok && server_crash(&server, err);
	host_close(&host);
	return ok;
}

static bool kill_and_start(During *during, size_t node, Err *err)
{
	const char *name = during->session->cluster->nodes[node].name;
	int64_t since = clock_us();

	during->stopped = (ptrdiff_t) node;
	during->outage.from_s = timeline_now_s(during->timeline);
	if (!crash(during, node, err))
		return false;
	timeline_mark(during->timeline, "%s was killed", name);
	(void) timeline_sleep(during->timeline, DOWN_S);
	timeline_mark(during->timeline, "%s is started again", name);
	if (!start_there(during, node, err))
		return false;
	during->stopped = NONE;
	timeline_mark(during->timeline, "%s has recovered, %.1f s after it was killed", name,
	              (double) (clock_us() - since) / 1e6);
	during->outage.until_s = timeline_now_s(during->timeline);
	return true;
}

static bool kill_worker(void *arg, DemoTimeline *timeline, Err *err)
{
	During *during = arg;

	during->timeline = timeline;
	return find_programs(during->session, err) &&
	       kill_and_start(during, during->session->cluster->node_count - 1, err) && during_recover(during->target, err);
}

/* Interrupted in the middle of its stop it may still be going down: that has to be over first. */
static bool start_again(During *during, Err *err)
{
	const char *name = during->session->cluster->nodes[during->stopped].name;

	if (stop_there(during, (size_t) during->stopped, err) && start_there(during, (size_t) during->stopped, err)) {
		timeline_mark(during->timeline, "%s was started again", name);
		return true;
	}
	err_set_hint(err, "\"citusctl node start %s\" starts it again.", name);
	return err_wrap(err, "node \"%s\" was left stopped", name);
}

static bool give_shards_again(During *during, Err *err)
{
	const Cluster *cluster = during->session->cluster;
	const Node *node = &cluster->nodes[cluster->node_count - 1];

	if (during_take_shards_again(during, node, err))
		return true;
	err_set_hint(err, "\"citusctl node add %s\" lets it take shards again.", node->name);
	return err_wrap(err, "node \"%s\" was left drained", node->name);
}

/* A server that is down runs again, and a worker that was emptied takes shards: nobody's cluster is left crippled. */
static bool put_back(void *arg, Err *err)
{
	During *during = arg;

	if (during->stopped != NONE && !start_again(during, err))
		return false;
	if (during->has_drained && !give_shards_again(during, err))
		return false;
	if (during->is_uneven)
		timeline_mark(during->timeline, "shards stay where they were then; \"citusctl rebalance\" balances them");
	return true;
}

const DemoEvent *during_make(DuringKind kind, Session *session, const Cluster *full, const DemoTarget *target,
                             Arena *arena)
{
	static bool (*const runs[])(void *, DemoTimeline *, Err *) = {
		[DURING_NOTHING] = NULL,           [DURING_RESTART] = restart,     [DURING_KILL_WORKER] = kill_worker,
		[DURING_REBALANCE] = during_rebalance, [DURING_DRAIN] = during_drain, [DURING_SCALE_OUT] = during_scale_out,
	};
	During *during = arena_alloc(arena, sizeof(*during));
	DemoEvent *event = arena_alloc(arena, sizeof(*event));

	*during = (During) {.session = session, .full = full, .target = target, .arena = arena_new(), .stopped = NONE};
	*event = (DemoEvent) {.name = names[kind],
	                      .run = runs[kind],
	                      .put_back = put_back,
	                      .arg = during,
	                      .patience_s = kind == DURING_KILL_WORKER ? 0 : PATIENCE_S};
	if (kind == DURING_KILL_WORKER) {
		event->dead_node = full->nodes[full->node_count - 1].name;
		event->outage = &during->outage;
	}
	if (kind != DURING_NOTHING)
		return event;
	arena_free(during->arena);
	return NULL;
}

void during_free(const DemoEvent *event)
{
	if (event != NULL)
		arena_free(((During *) event->arg)->arena);
}
