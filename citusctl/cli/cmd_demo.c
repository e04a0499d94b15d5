#include <langinfo.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/demo_output.h"
#include "cli/output.h"
#include "demo/demo.h"
#include "io/asset.h"
#include "ops/destroy.h"
#include "ops/init.h"
#include "ops/tables.h"
#include "ops/throwaway.h"
#include "util/clock.h"

typedef struct DemoArgs {
	const char *engine;
	int64_t workers;
	int64_t users;
	int64_t clients;
	int64_t duration;
	int64_t seed;
	bool keep;
	bool verify_only;
} DemoArgs;

static const Option demo_options[] = {
	{"engine", 0, OPT_TEXT, offsetof(DemoArgs, engine), "ENGINE",
	 "auto, citus or embedded, of the throw-away cluster (default auto)", 0, 0},
	{"workers", 'w', OPT_INT, offsetof(DemoArgs, workers), "N",
	 "workers of the throw-away cluster (default 3)", 1, 32},
	{"users", 0, OPT_INT, offsetof(DemoArgs, users), "N", "users to load (default 10000)",
	 GENERATOR_USERS_MIN, GENERATOR_USERS_MAX},
	{"clients", 0, OPT_INT, offsetof(DemoArgs, clients), "N", "connections of the workload (default 8)", 1,
	 DEMO_CLIENTS_MAX},
	{"duration", 0, OPT_INT, offsetof(DemoArgs, duration), "SECONDS",
	 "how long the workload runs (default 10)", 0, 86400},
	{"seed", 0, OPT_INT, offsetof(DemoArgs, seed), "N", "the same seed gives the same data (default 1)", 0,
	 INT64_MAX},
	{"keep", 0, OPT_FLAG, offsetof(DemoArgs, keep), NULL,
	 "leave the cluster, or the demo's tables, and say how to connect", 0, 0},
	{"verify-only", 0, OPT_FLAG, offsetof(DemoArgs, verify_only), NULL,
	 "only check what an earlier demo --keep left", 0, 0},
	{0},
};

/* What stands behind a demo: a cluster of the user's or a throw-away one. */
typedef struct Stage {
	Call *call;
	const DemoArgs *args;
	const Cluster *cluster; /* with the demo's tables */
	Session *session;
	const char *schema; /* of the demo's tables; NULL: the first of the search path */
	const char *file;   /* the description to name in hints */
	bool throwaway;
} Stage;

static bool demo_defaults(void *opaque)
{
	*(DemoArgs *) opaque = (DemoArgs) {
		.engine = "auto", .workers = 3, .users = 10000, .clients = 8, .duration = 10, .seed = 1};
	return true;
}

static void say(const Call *call, const char *text)
{
	if (!call->globals->quiet)
		fprintf(stderr, "%s\n", text);
}

static bool init_cluster(Stage *stage, Err *err)
{
	Report *report = NULL;
	RunWatcher watcher;
	bool ok = run_plan(stage->session, init_steps(stage->session), false,
	                   stage->call->globals->verbose ? output_watcher(stage->call->globals, &watcher) : NULL,
	                   &report, err);

	if (ok && !stage->call->globals->quiet)
		fprintf(stderr, "PostgreSQL %d, engine %s (%s): %zu nodes up in %s\n", stage->session->pg_major,
		        engine_name(stage->session->engine), stage->session->engine_reason,
		        stage->cluster->node_count, output_seconds(stage->call->arena, report->took_us));
	report_free(report);
	return ok;
}

/* The description of a throw-away cluster lies beside its data, for --keep. */
static bool keep_description(Stage *stage, const char *text, Err *err)
{
	const ShellTarget here = {.run_as = NULL};
	Shell *shell = shell_open(&here, err);
	bool changed = false;

	stage->file = arena_printf(stage->call->arena, "%s/cluster.json", stage->session->base);

	bool ok = shell != NULL && shell_put(shell, stage->file, text, 0600, &changed, err);

	shell_close(shell);
	return ok;
}

static bool set_up_throwaway(Stage *stage, Err *err)
{
	Call *call = stage->call;
	const char *text = NULL;
	const char *name = arena_printf(call->arena, "demo-%ld", (long) getpid());

	stage->throwaway = true;
	stage->cluster = throwaway_cluster(call->arena, name, stage->args->engine, (int) stage->args->workers,
	                                   &text, err);
	if (stage->cluster == NULL)
		return false;
	stage->session = session_open(stage->cluster, (int) call->globals->jobs, err);
	say(call, arena_printf(call->arena, "Starting a throw-away cluster: a coordinator and %lld workers ...",
	                       (long long) stage->args->workers));
	return stage->session != NULL && session_claim(stage->session, err) &&
	       keep_description(stage, text, err) && init_cluster(stage, err);
}

/* The user's own tables are never touched: the demo has a schema of its own. */
static bool make_tables(Stage *stage, Err *err)
{
	const TablePlan plan = {stage->cluster, DEMO_SCHEMA, stage->session->engine};
	PgTarget target = session_app(stage->session, &stage->cluster->nodes[0]);
	Pg *pg = pg_open(&target, err);
	bool changed = false;
	const char *said = NULL;
	bool ok = pg != NULL && pg_exec(pg, "CREATE SCHEMA IF NOT EXISTS " DEMO_SCHEMA, err) &&
	          tables_apply_schema(pg, &plan, false, stage->call->arena, &changed, &said, err) &&
	          tables_distribute(pg, &plan, false, stage->call->arena, &changed, &said, err);

	pg_close(pg);
	return ok;
}

static bool drop_tables(Stage *stage, Err *err)
{
	PgTarget target = session_app(stage->session, &stage->cluster->nodes[0]);
	Pg *pg = pg_open(&target, err);
	bool ok = pg != NULL && pg_exec(pg, asset_text("sql/setup/drop_demo.sql"), err);

	pg_close(pg);
	return ok;
}

/*
 * Where an earlier demo left its tables: in the schema of its own or, in a
 * throw-away cluster that was kept, in the first of the search path.
 */
static bool find_schema(Stage *stage, Err *err)
{
	PgTarget target = session_app(stage->session, &stage->cluster->nodes[0]);
	Pg *pg = pg_open(&target, err);
	bool has_schema = false;
	bool ok = pg != NULL && pg_query_bool(pg, asset_text("sql/query/demo_has_schema.sql"), 0, NULL, &has_schema, err);

	if (!has_schema)
		stage->schema = NULL;
	pg_close(pg);
	return ok;
}

static bool set_up_described(Stage *stage, Err *err)
{
	Call *call = stage->call;
	const char *file = call->globals->file != NULL ? call->globals->file : "cluster.json";
	const Cluster *described = cluster_load(call->arena, file, NULL, err);

	stage->file = file;
	stage->schema = DEMO_SCHEMA;
	if (described == NULL)
		return false;
	if (described->deploy == DEPLOY_SSH)
		return err_set(err, ERR_USAGE, "deploy: this version of citusctl does not reach hosts over SSH");
	stage->cluster = throwaway_tables(call->arena, described, err);
	if (stage->cluster == NULL)
		return false;
	stage->session = session_open(stage->cluster, (int) call->globals->jobs, err);
	return stage->session != NULL && session_attach(stage->session, err) &&
	       session_lock(stage->session, err) &&
	       (stage->args->verify_only ? find_schema(stage, err) : make_tables(stage, err));
}

/* On a terminal one line that is written over; elsewhere a line a phase. */
static void show_progress(void *arg, const DemoProgress *progress)
{
	static const char *const phases[] = {"loading", "working", "checking"};
	DemoPhase *shown = arg;
	bool live = isatty(STDERR_FILENO) != 0;

	if (!live && *shown != progress->phase)
		fprintf(stderr, "%s ...\n", phases[progress->phase]);
	*shown = progress->phase;
	if (!live)
		return;
	fprintf(stderr, "\r\033[K%s %s", phases[progress->phase], progress->what != NULL ? progress->what : "");
	if (progress->total > 0)
		fprintf(stderr, " %3.0f %%", 100.0 * (double) progress->done / (double) progress->total);
	else
		fprintf(stderr, " %lld", (long long) progress->done);
	fprintf(stderr, " (%.0f s)", progress->seconds);
	fflush(stderr);
}

static void end_progress(const Call *call)
{
	if (!call->globals->quiet && isatty(STDERR_FILENO) != 0)
		fputs("\r\033[K", stderr);
}

static bool speaks_utf8(void)
{
	return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

static void print_report(const Call *call, const DemoReport *report)
{
	if (call->globals->json) {
		Json *document = json_object();

		demo_output_json(document, report);
		output_json(document);
	} else {
		demo_output_text(stdout, report, output_colour(stdout), speaks_utf8());
		fflush(stdout);
	}
}

static bool run_workload(Stage *stage, DemoReport *report, Err *err)
{
	const Cluster *cluster = stage->session->cluster;
	Arena *arena = stage->call->arena;
	DemoNode *nodes = arena_array(arena, cluster->node_count, sizeof(DemoNode));
	DemoPhase shown = DEMO_CHECKING + 1;
	const DemoOptions options = {
		.users = stage->args->users,
		.clients = (int) stage->args->clients,
		.duration_s = (int) stage->args->duration,
		.seed = (uint64_t) stage->args->seed,
		.progress = stage->call->globals->quiet ? NULL : show_progress,
		.progress_arg = &shown,
	};

	for (size_t i = 0; i < cluster->node_count; i++)
		nodes[i] = (DemoNode) {cluster->nodes[i].name, cluster->nodes[i].is_coordinator,
		                       session_superuser(stage->session, &cluster->nodes[i],
		                                         cluster->postgres.database)};

	const DemoTarget target = {
		.engine = engine_name(stage->session->engine),
		.cluster = cluster,
		.app = session_app(stage->session, &cluster->nodes[0]),
		.nodes = nodes,
		.node_count = cluster->node_count,
		.schema = stage->schema,
	};

	bool ok = stage->args->verify_only ? demo_verify(&target, &options, arena, report, err)
	                                   : demo_run(&target, &options, arena, report, err);

	end_progress(stage->call);
	return ok;
}

/* Also after an error or Ctrl-C: nothing that wasn't asked for stays behind. */
static bool take_down(Stage *stage, Err *err)
{
	bool ok = true;

	if (stage->session == NULL || stage->args->keep || stage->args->verify_only)
		return true;
	clock_resume();
	if (stage->throwaway && access(stage->session->base, F_OK) == 0) {
		close(stage->session->lock);
		stage->session->lock = -1;
		ok = destroy_cluster(stage->session, err);
	} else if (!stage->throwaway) {
		ok = drop_tables(stage, err);
	}
	return ok;
}

static void print_next(const Stage *stage)
{
	const Session *session = stage->session;

	if (stage->args->verify_only) {
		printf("\nNext: citusctl -c %s status\n", stage->file);
		return;
	}
	if (!stage->args->keep) {
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

static bool check_engine(const char *engine, Err *err)
{
	if (strcmp(engine, "auto") == 0 || strcmp(engine, "citus") == 0 || strcmp(engine, "embedded") == 0)
		return true;
	return err_set(err, ERR_USAGE, "--engine: \"%s\" is not auto, citus or embedded", engine);
}

static bool run_demo(Call *call, const void *opaque, Err *err)
{
	Stage stage = {.call = call, .args = opaque};
	bool described = call->globals->file != NULL || access("cluster.json", F_OK) == 0;
	DemoReport report = {0};
	Err later = ERR_INIT;

	if (!check_engine(stage.args->engine, err))
		return false;
	if (stage.args->verify_only && !described) {
		err_set(err, ERR_USAGE, "--verify-only needs a cluster");
		return err_hint(err, "Name its description with -c FILE.");
	}

	bool ok = (described ? set_up_described(&stage, err) : set_up_throwaway(&stage, err)) &&
	          stage.session != NULL && run_workload(&stage, &report, err);

	if (ok)
		print_report(call, &report);
	if (!take_down(&stage, ok ? err : &later))
		ok = false;
	err_clear(&later);
	if (ok && !call->globals->json)
		print_next(&stage);
	if (ok && !report.passed) {
		err->kind = ERR_DIFFERS;
		ok = false;
	}
	session_close(stage.session);
	return ok;
}

const Command demo_command = {
	.name = "demo",
	.summary = "load and run a social network, and verify the cluster",
	.operands = "",
	.details = "Without a description (no -c, no cluster.json here) a throw-away local cluster\n"
	           "comes up and is taken down at the end.  With one, the demo works in a schema of\n"
	           "its own, " DEMO_SCHEMA ", and drops it at the end.",
	.options = demo_options,
	.args_size = sizeof(DemoArgs),
	.defaults = demo_defaults,
	.run = run_demo,
};
