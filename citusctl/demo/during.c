#include "demo/during.h"

#include <stdio.h>

#include "demo/during_moves.h"
#include "demo/engine.h"
#include "demo/timeline.h"
#include "io/asset.h"
#include "ops/crash.h"
#include "util/clock.h"
#include "util/str.h"

/* A worker that was killed stays away for so long. */
#define DOWN_S 3.0

/* Between one restart and the next. */
#define BETWEEN_S 1.0

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
	if (session->cluster->deploy != DEPLOY_LOCAL)
		return err_set(err, ERR_USAGE, "only the servers of a local cluster can be stopped here");
	return session->bindir != NULL || session_find_postgres(session, err);
}

static bool stop_and_start(During *during, Host *host, Err *err)
{
	Server server = server_of(host);
	int64_t since = clock_us();

	timeline_mark(during->timeline, "%s stops", host->node->name);
	during->has_stopped = true;
	if (!server_stop(host, &server, err) || !server_start(host, &server, err))
		return false;
	timeline_mark(during->timeline, "%s is back after %.1f s", host->node->name, (double) (clock_us() - since) / 1e6);
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
		Host host;

		ok = host_open(&host, during->session, &cluster->nodes[i % cluster->node_count], false, err) &&
		     stop_and_start(during, &host, err);
		host_close(&host);
		if (!timeline_sleep(timeline, BETWEEN_S))
			break;
	}
	return ok && during_recover(during->target, err);
}

static bool kill_and_start(During *during, Host *host, Err *err)
{
	Server server = server_of(host);
	int64_t since = clock_us();

	during->has_stopped = true;
	during->outage.from_s = timeline_now_s(during->timeline);
	if (!server_crash(&server, err))
		return false;
	timeline_mark(during->timeline, "%s was killed", host->node->name);
	(void) timeline_sleep(during->timeline, DOWN_S);
	timeline_mark(during->timeline, "%s is started again", host->node->name);
	if (!server_start(host, &server, err))
		return false;
	timeline_mark(during->timeline, "%s has recovered, %.1f s after it was killed", host->node->name,
	              (double) (clock_us() - since) / 1e6);
	during->outage.until_s = timeline_now_s(during->timeline);
	return true;
}

static bool kill_worker(void *arg, DemoTimeline *timeline, Err *err)
{
	During *during = arg;
	const Cluster *cluster = during->session->cluster;
	Host host = {0};

	during->timeline = timeline;

	bool ok = find_programs(during->session, err) &&
	          host_open(&host, during->session, &cluster->nodes[cluster->node_count - 1], false, err) &&
	          kill_and_start(during, &host, err);

	host_close(&host);
	return ok && during_recover(during->target, err);
}

static bool start_again(During *during, const Node *node, Err *err)
{
	Host host = {0};
	bool ok = host_open(&host, during->session, node, false, err);
	Server server = server_of(&host);

	ok = ok && (server_pid(&server) != 0 || server_start(&host, &server, err));
	host_close(&host);
	return ok;
}

/* Servers that are down run again, and a worker that was emptied takes shards: nobody's cluster is left crippled. */
static bool put_back(void *arg, Err *err)
{
	During *during = arg;
	const Cluster *cluster = during->session->cluster;
	bool ok = true;

	for (size_t i = 0; ok && during->has_stopped && i < cluster->node_count; i++)
		ok = start_again(during, &cluster->nodes[i], err);
	if (ok && during->has_drained)
		ok = during_take_shards_again(during, &cluster->nodes[cluster->node_count - 1], err);
	if (ok && (during->has_drained || during->has_pushed))
		timeline_mark(during->timeline, "shards stayed where they were then; \"citusctl rebalance\" balances them");
	return ok;
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

	*during = (During) {.session = session, .full = full, .target = target, .arena = arena_new()};
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
