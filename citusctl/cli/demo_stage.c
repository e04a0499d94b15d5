#include "cli/demo_stage.h"

#include <stdio.h>
#include <unistd.h>

#include "cli/output.h"
#include "io/asset.h"
#include "ops/destroy.h"
#include "ops/init.h"
#include "ops/rebalance.h"
#include "ops/tables.h"
#include "ops/throwaway.h"
#include "run/operation.h"
#include "util/clock.h"

static void say(const Call *call, const char *text)
{
	if (!call->globals->quiet)
		fprintf(stderr, "%s\n", text);
}

static bool init_cluster(DemoStage *stage, Err *err)
{
	Report *report = NULL;
	RunWatcher watcher;
	bool ok = run_plan(stage->session, init_steps(stage->session), false,
	                   stage->call->globals->verbose ? output_watcher(stage->call->globals, &watcher) : NULL,
	                   &report, err);

	/* The description of a throw-away cluster is nothing that its user wrote. */
	const char *reason = stage->cluster->engine != ENGINE_AUTO ? "asked for" : stage->session->engine_reason;

	if (ok && !stage->call->globals->quiet)
		fprintf(stderr, "PostgreSQL %d, engine %s (%s): %zu nodes up in %s\n", stage->session->pg_major,
		        engine_name(stage->session->engine), reason,
		        stage->session->cluster->node_count, output_seconds(stage->call->arena, report->took_us));
	report_free(report);
	return ok;
}

/* The description of a throw-away cluster lies beside its data, for --keep. */
static bool keep_description(DemoStage *stage, const char *text, Err *err)
{
	const ShellTarget here = {.run_as = NULL};
	Shell *shell = shell_open(&here, err);
	bool changed = false;

	stage->file = arena_printf(stage->call->arena, "%s/cluster.json", stage->session->base);

	bool ok = shell != NULL && shell_put(shell, stage->file, text, 0600, &changed, err);

	shell_close(shell);
	return ok;
}

/* Tables are made on all workers; those pinned to a region move there while they are empty. */
static bool place_tables(DemoStage *stage, Err *err)
{
	Session *session = stage->session;
	const RebalanceRequest request = rebalance_request(session);
	const RebalanceOptions options = {.watch = NULL};
	Rebalance r = {0};
	RebalanceResult result = {0};

	say(stage->call, "Moving the tables to their region ...");

	bool ok = operation_begin(session, err) && rebalance_plan(session, &request, stage->call->arena, &r, err) &&
	          rebalance_check(session, &r, err) && rebalance_run(session, &r, &options, &result, err);

	rebalance_free(&r);
	return operation_end(session, ok, err);
}

/* The cluster without the worker that joins later; its port is chosen already. */
static void leave_out_last(DemoStage *stage)
{
	Cluster *smaller = arena_alloc(stage->call->arena, sizeof(*smaller));

	*smaller = *stage->cluster;
	smaller->node_count--;
	stage->session->cluster = smaller;
}

/* In a container process ids come again, and a cluster of that name may have been kept. */
static bool open_new(DemoStage *stage, const char **text, Err *err)
{
	const Call *call = stage->call;

	for (int i = 1;; i++) {
		const char *name = i == 1 ? arena_printf(call->arena, "demo-%ld", (long) getpid())
		                          : arena_printf(call->arena, "demo-%ld-%d", (long) getpid(), i);

		stage->cluster = throwaway_cluster(call->arena, name, stage->engine,
		                                   (int) stage->workers + (stage->during == DURING_SCALE_OUT ? 1 : 0), stage->in_regions, text, err);
		stage->session = stage->cluster != NULL ? session_open(stage->cluster, (int) call->globals->jobs, err) : NULL;
		if (stage->session == NULL || access(stage->session->base, F_OK) != 0)
			return stage->session != NULL;
		session_close(stage->session);
		stage->session = NULL;
	}
}

bool demo_stage_make(DemoStage *stage, Err *err)
{
	const Call *call = stage->call;
	const char *text = NULL;

	stage->throwaway = true;
	if (!open_new(stage, &text, err) || !during_possible(stage->during, stage->cluster, err))
		return false;
	say(call, arena_printf(call->arena, "Starting a throw-away cluster: a coordinator and %lld %s ...",
	                       (long long) stage->workers, stage->workers == 1 ? "worker" : "workers"));

	bool is_claimed = session_claim(stage->session, err);

	/* The directory was not there, and it is locked: it is this run's, whatever becomes of it. */
	stage->is_ours = stage->session->lock >= 0;
	if (!is_claimed || !keep_description(stage, text, err))
		return false;
	if (stage->during == DURING_SCALE_OUT)
		leave_out_last(stage);
	return init_cluster(stage, err) && (!stage->in_regions || place_tables(stage, err));
}

/* Drops what this run made, or a demo before it: what else somebody has under that name stays. */
static bool drop_tables(DemoStage *stage, Err *err)
{
	PgTarget target = session_app(stage->session, &stage->cluster->nodes[0]);

	target.settings = "-c statement_timeout=300000"; /* a node that hangs must not hold up the end */

	Pg *pg = pg_open(&target, err);
	bool is_of_a_demo = stage->made_schema;
	bool ok = pg != NULL && (is_of_a_demo || pg_query_bool(pg, asset_text("sql/query/demo_has_schema.sql"), 0, NULL,
	                                                       &is_of_a_demo, err));

	ok = ok && (!is_of_a_demo || pg_exec(pg, asset_text("sql/setup/drop_demo.sql"), err));
	pg_close(pg);
	return ok;
}

static bool make_schema(DemoStage *stage, Pg *pg, Err *err)
{
	bool is_there = false;

	if (!pg_query_bool(pg, "SELECT to_regnamespace('" DEMO_SCHEMA "') IS NOT NULL", 0, NULL, &is_there, err))
		return false;
	stage->made_schema = !is_there && pg_exec(pg, "CREATE SCHEMA " DEMO_SCHEMA, err);
	return is_there || stage->made_schema;
}

/* The user's own tables are never touched: the demo has a schema of its own. */
static bool make_tables(DemoStage *stage, Err *err)
{
	const TablePlan plan = {.cluster = stage->cluster, .search_path = DEMO_SCHEMA, .engine = stage->session->engine};
	PgTarget target = session_app(stage->session, &stage->cluster->nodes[0]);
	Pg *pg = pg_open(&target, err);
	bool changed = false;
	const char *said = NULL;
	bool ok = pg != NULL && make_schema(stage, pg, err) &&
	          tables_apply_schema(pg, &plan, false, stage->call->arena, &changed, &said, err) &&
	          tables_distribute(pg, &plan, false, stage->call->arena, &changed, &said, err);

	pg_close(pg);
	return ok;
}

/*
 * Where an earlier demo left its tables: in the schema of its own or, in a
 * throw-away cluster that was kept, in the first of the search path.
 */
static bool find_schema(DemoStage *stage, const Cluster *described, Err *err)
{
	PgTarget target = session_app(stage->session, &stage->cluster->nodes[0]);
	Pg *pg = pg_open(&target, err);
	bool has_schema = false;
	bool ok = pg != NULL && pg_query_bool(pg, asset_text("sql/query/demo_has_schema.sql"), 0, NULL, &has_schema, err);

	if (ok && !has_schema) {
		stage->schema = NULL;
		if (described->table_count > 0)
			stage->cluster = described; /* of a throw-away cluster: with the placement of its tables */
	}
	pg_close(pg);
	return ok;
}

static bool refuse_second(Pg *pg, Err *err)
{
	PgRows *rows = pg_query(pg, asset_text("sql/query/demo_lock_holder.sql"), 0, NULL, err);

	if (rows == NULL)
		return false;
	if (pg_row_count(rows) > 0)
		err_set(err, ERR_REFUSED, "another demo is working on this cluster: %s, since %s", pg_value(rows, 0, 0),
		        pg_value(rows, 0, 1));
	else
		err_set(err, ERR_REFUSED, "another demo is working on this cluster");
	pg_rows_free(rows);
	return err_hint(err, "Wait until it has ended, and run the command again.");
}

/* A demo that has just ended holds its lock until the server has noticed. */
#define HANDOVER_MS 3000

typedef struct Guard {
	Pg *pg;
	bool is_free, failed;
	Err *err;
} Guard;

static bool is_decided(void *arg)
{
	Guard *guard = arg;

	guard->failed = !pg_query_bool(guard->pg, asset_text("sql/query/demo_lock.sql"), 0, NULL, &guard->is_free, guard->err);
	return guard->failed || guard->is_free;
}

/* Two demos on one cluster would empty each other's tables: wherever they run, one of them waits for its turn. */
static bool take_schema(DemoStage *stage, Err *err)
{
	PgTarget target = session_app(stage->session, &stage->cluster->nodes[0]);
	const char *const who[] = {operation_operator(stage->call->arena)};
	Guard guard = {.err = err};

	/* A machine that is gone must not keep others out for hours, and an idle session is not to be ended. */
	target.settings = "-c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3 "
	                  "-c idle_session_timeout=0";
	stage->guard = pg_open(&target, err);
	if (stage->guard == NULL || !pg_run(stage->guard, asset_text("sql/query/demo_say_who.sql"), 1, who, err))
		return false;
	guard.pg = stage->guard;
	(void) !clock_poll_until(HANDOVER_MS, is_decided, &guard);
	if (guard.failed || !clock_go_on(err))
		return false;
	return guard.is_free || refuse_second(stage->guard, err);
}

bool demo_stage_attach(DemoStage *stage, Err *err)
{
	const Call *call = stage->call;
	const char *file = call->globals->file != NULL ? call->globals->file : "cluster.json";
	const Cluster *described = cluster_load(call->arena, file, NULL, err);

	stage->file = file;
	stage->schema = DEMO_SCHEMA;
	if (described == NULL || !during_possible(stage->during, described, err))
		return false;
	stage->cluster = throwaway_tables(call->arena, described, err);
	if (stage->cluster == NULL)
		return false;
	stage->session = session_open(stage->cluster, (int) call->globals->jobs, err);
	if (stage->session == NULL)
		return false;
	stage->session->command = call->typed;
	if (!session_attach(stage->session, err) || !session_lock(stage->session, err))
		return false;
	if (described->deploy == DEPLOY_SSH)
		say(call, session_try_direct(stage->session) ? "Clients connect to the servers directly."
		                                             : "Clients connect through SSH: no network of \"access\" lets this machine in.");
	if (!operation_note(stage->session, err) || !take_schema(stage, err))
		return false;
	if (stage->verify_only)
		return find_schema(stage, described, err);
	stage->is_ours = true;
	return make_tables(stage, err);
}

void demo_stage_let_others(DemoStage *stage)
{
	if (!stage->throwaway)
		(void) session_unlock(stage->session);
}

bool demo_stage_add_cache(DemoStage *stage, Err *err)
{
	stage->cache = arena_alloc(stage->call->arena, sizeof(CacheServer));

	bool ok = cache_server_start(stage->cache, stage->session, err);

	if (ok)
		say(stage->call, arena_printf(stage->call->arena, "Redis %s on %s: feeds and profiles are read through it",
		                              stage->cache->version, stage->cache->where));
	return ok;
}

const DemoCache *demo_stage_cache(const DemoStage *stage)
{
	const CacheServer *server = stage->cache;
	DemoCache *cache = server != NULL ? arena_alloc(stage->call->arena, sizeof(*cache)) : NULL;

	if (cache != NULL)
		*cache = (DemoCache) {&server->target, server->where, server->version, server->is_own};
	return cache;
}

bool demo_stage_add_pooler(DemoStage *stage, int clients, Err *err)
{
	Arena *arena = stage->call->arena;
	int pool_size = clients >= 4 ? clients / 4 : 1;

	stage->pooler = arena_alloc(arena, sizeof(PoolerServer));

	bool ok = pooler_server_start(stage->pooler, stage->session, clients, pool_size, err);

	if (ok)
		say(stage->call, arena_printf(arena, "PgBouncer at %s: the clients go through it", stage->pooler->where));
	return ok;
}

const DemoPooler *demo_stage_pooler(const DemoStage *stage)
{
	const PoolerServer *server = stage->pooler;
	DemoPooler *pooler = server != NULL ? arena_alloc(stage->call->arena, sizeof(*pooler)) : NULL;

	if (pooler != NULL)
		*pooler = (DemoPooler) {&server->clients, &server->console, server->where, server->is_own};
	return pooler;
}

DemoTarget demo_stage_target(const DemoStage *stage)
{
	Session *session = stage->session;
	const Cluster *cluster = stage->cluster;
	DemoNode *nodes = arena_array(stage->call->arena, cluster->node_count, sizeof(DemoNode));

	for (size_t i = 0; i < cluster->node_count; i++) {
		const Node *node = &cluster->nodes[i];

		nodes[i] = (DemoNode) {
			.name = node->name,
			.host = node->host,
			.is_coordinator = node->is_coordinator,
			.admin = session_superuser(session, node, cluster->postgres.database),
			.app = session_app(session, node),
		};
	}
	return (DemoTarget) {
		.engine = engine_name(session->engine),
		.cluster = cluster,
		.app = session_app(session, &cluster->nodes[0]),
		.nodes = nodes,
		.node_count = cluster->node_count,
		.start_count = session->cluster->node_count,
		.schema = stage->schema,
	};
}

/* With another Ctrl-C as well: only the third of them (main.c) leaves things as they are. */
static bool destroy(DemoStage *stage, Err *err)
{
	(void) session_unlock(stage->session);
	if (destroy_cluster(stage->session, NULL, err))
		return true;
	if (err->kind != ERR_INTERRUPTED)
		return false;
	err_clear(err);
	clock_resume();
	(void) session_unlock(stage->session);
	return destroy_cluster(stage->session, NULL, err);
}

static bool is_taken_down(const DemoStage *stage)
{
	return stage->session != NULL && !stage->keep && !stage->verify_only && stage->is_ours;
}

bool demo_stage_take_down(DemoStage *stage, Err *err)
{
	clock_resume();

	Err later = ERR_INIT;
	bool cache_is_down = stage->cache == NULL || cache_server_stop(stage->cache, err);
	bool pooler_is_down = stage->pooler == NULL || pooler_server_stop(stage->pooler, cache_is_down ? err : &later);
	bool ok = cache_is_down && pooler_is_down;

	err_clear(&later);

	if (!is_taken_down(stage))
		return ok;

	Err problem = ERR_INIT;
	bool is_down = stage->throwaway ? access(stage->session->base, F_OK) != 0 || destroy(stage, &problem)
	                                : drop_tables(stage, &problem);

	if (!is_down) {
		err_set_hint(&problem, "%s", demo_stage_left_behind(stage));
		err_wrap(&problem, "could not take down what the demo made");
		err_move(err, &problem);
	}
	return ok && is_down;
}

const char *demo_stage_left(const DemoStage *stage)
{
	if (!is_taken_down(stage))
		return "What is there was left as it is.";
	return stage->throwaway ? "The throw-away cluster was taken down." : "The demo's tables were dropped.";
}

const char *demo_stage_left_behind(const DemoStage *stage)
{
	return arena_printf(stage->call->arena,
	                    stage->throwaway ? "It is still there: citusctl -c %s destroy"
	                                     : "Schema " DEMO_SCHEMA " is still there: start the nodes that are down (citusctl -c %s "
	                                       "node start) and run the demo again, which drops it at its end.",
	                    stage->file != NULL ? stage->file : "FILE");
}

void demo_stage_close(DemoStage *stage)
{
	pg_close(stage->guard);
	session_close(stage->session);
}

void demo_stage_print_next(const DemoStage *stage)
{
	const Session *session = stage->session;

	if (stage->verify_only) {
		printf("\nNext: citusctl -c %s status\n", stage->file);
		return;
	}
	if (!stage->keep) {
		printf("%s\n", stage->throwaway ? "\nThe throw-away cluster was taken down; --keep leaves it.\n"
		                                  "Next: cp cluster.json.example cluster.json, edit, citusctl init"
		                                : "\nThe demo's tables were dropped; --keep leaves them.\n"
		                                  "Next: citusctl status");
		return;
	}
	printf("\nThe cluster was left running.  To connect:\n"
	       "  PGPASSWORD=$(cat %s/password) psql -h %s -p %d -U %s %s\n"
	       "  citusctl -c %s status\n"
	       "Next, when done with it: citusctl -c %s destroy\n",
	       session->base, session->cluster->nodes[0].host, session->places[0].port,
	       session->cluster->postgres.user, session->cluster->postgres.database, stage->file, stage->file);
}
