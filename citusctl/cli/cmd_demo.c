#include <langinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/demo_files.h"
#include "cli/demo_output.h"
#include "cli/demo_stage.h"
#include "cli/output.h"
#include "demo/demo.h"
#include "demo/during.h"
#include "demo/operation.h"
#include "io/redis.h"
#include "ops/metrics.h"
#include "ops/throwaway.h"
#include "run/operation.h"
#include "util/str.h"

typedef struct DemoArgs {
	const char *engine;
	int64_t workers;
	int64_t users;
	int64_t clients;
	int64_t duration;
	int64_t warmup;
	int64_t seed;
	int64_t rate;
	const char *mix;
	const char *via;
	const char *during;
	const char *report;
	const char *junit;
	bool columnar;
	bool regions;
	bool cache;
	bool pooler;
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
	{"warmup", 0, OPT_INT, offsetof(DemoArgs, warmup), "SECONDS",
	 "how long it runs before anything is counted (default 0)", 0, 86400},
	{"mix", 0, OPT_TEXT, offsetof(DemoArgs, mix), "OP=N,...",
	 "only these operations, by weight: read_feed=80,post_tweet=20", 0, 0},
	{"rate", 0, OPT_INT, offsetof(DemoArgs, rate), "N",
	 "begin N operations a second, whatever happens to those before", 1, 1000000},
	{"via", 0, OPT_TEXT, offsetof(DemoArgs, via), "NODES",
	 "connect to the coordinator (default), or to any node", 0, 0},
	{"seed", 0, OPT_INT, offsetof(DemoArgs, seed), "N", "the same seed gives the same data (default 1)", 0,
	 INT64_MAX},
	{"during", 0, OPT_TEXT, offsetof(DemoArgs, during), "EVENT",
	 "scale-out, rebalance, drain, restart or kill-worker, while it runs", 0, 0},
	{"columnar", 0, OPT_FLAG, offsetof(DemoArgs, columnar), NULL,
	 "also fill a columnar table and its twin in heap, and compare them", 0, 0},
	{"cache", 0, OPT_FLAG, offsetof(DemoArgs, cache), NULL,
	 "read feeds and profiles through Redis: the described one, or one for this run", 0, 0},
	{"pooler", 0, OPT_FLAG, offsetof(DemoArgs, pooler), NULL,
	 "go through PgBouncer with four clients for each server connection, or the described one", 0, 0},
	{"regions", 0, OPT_FLAG, offsetof(DemoArgs, regions), NULL,
	 "a throw-away cluster of two regions, with the tables pinned to one", 0, 0},
	{"report", 0, OPT_TEXT, offsetof(DemoArgs, report), "FILE",
	 "write the report as one page of HTML, with its charts", 0, 0},
	{"junit", 0, OPT_TEXT, offsetof(DemoArgs, junit), "FILE", "write the checks as JUnit's XML, for CI services", 0, 0},
	{"keep", 0, OPT_FLAG, offsetof(DemoArgs, keep), NULL,
	 "leave the cluster, or the demo's tables, and say how to connect", 0, 0},
	{"verify-only", 0, OPT_FLAG, offsetof(DemoArgs, verify_only), NULL,
	 "only check what an earlier demo --keep left", 0, 0},
	{0},
};

static bool demo_defaults(void *opaque)
{
	*(DemoArgs *) opaque = (DemoArgs) {.engine = "auto",
	                                   .workers = 3,
	                                   .users = 10000,
	                                   .clients = 8,
	                                   .duration = 10,
	                                   .seed = 1,
	                                   .via = "coordinator"};
	return true;
}

#define BAR_WIDTH 30

static void show_time_left(double seconds)
{
	int minutes = (int) (seconds / 60 + 0.5);

	if (seconds < 120)
		fprintf(stderr, ", %.0f s left", seconds);
	else if (minutes < 120)
		fprintf(stderr, ", %d min left", minutes);
	else
		fprintf(stderr, ", %d h %d min left", minutes / 60, minutes % 60);
}

/* A bar, and how long the rest will take at the speed so far. */
static void show_part(const DemoProgress *progress)
{
	double part = (double) progress->done / (double) progress->total;
	int filled = (int) (part * BAR_WIDTH);
	char bar[BAR_WIDTH + 1];

	memset(bar, '.', BAR_WIDTH);
	memset(bar, '#', (size_t) (filled < BAR_WIDTH ? filled : BAR_WIDTH));
	bar[BAR_WIDTH] = '\0';
	fprintf(stderr, " [%s] %3.0f %%", bar, 100.0 * part);
	if (part > 0.02 && progress->seconds > 1)
		show_time_left(progress->seconds * (1 - part) / part);
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
	if (progress->phase == DEMO_CHECKING) /* checks are too different for a bar */
		fprintf(stderr, " (%lld of %lld, %.0f s)", (long long) progress->done + 1, (long long) progress->total,
		        progress->seconds);
	else if (progress->total > 0)
		show_part(progress);
	else
		fprintf(stderr, " %lld (%.0f s)", (long long) progress->done, progress->seconds);
	fflush(stderr);
}

/* What happens to the cluster meanwhile: on a terminal above the line that is written over, elsewhere a line each. */
static void show_mark(void *arg, const char *line)
{
	const char *text = strstr(line, " s  ");
	int column = text != NULL ? (int) (text - line) + 4 : 0;

	(void) arg;
	if (isatty(STDERR_FILENO) == 0) {
		fprintf(stderr, "%s\n", line);
		return;
	}
	fprintf(stderr, "\r\033[K%.*s", column, line);
	demo_output_wrapped(stderr, column, line + column);
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
		/* Apart from what was told before it on the same terminal. */
		if (!call->globals->quiet && isatty(STDOUT_FILENO) != 0 && isatty(STDERR_FILENO) != 0)
			putchar('\n');
		demo_output_text(stdout, report, output_colour(stdout), speaks_utf8());
		fflush(stdout);
	}
}

static bool run_workload(const DemoStage *stage, const DemoArgs *args, const DemoMix *mix, DuringKind during,
                         DemoReport *report, Err *err)
{
	DemoPhase shown = DEMO_CHECKING + 1;
	bool quiet = stage->call->globals->quiet;
	const DemoTarget target = demo_stage_target(stage);
	const DemoOptions options = {
		.users = args->users,
		.clients = (int) args->clients,
		.duration_s = (int) args->duration,
		.warmup_s = (int) args->warmup,
		.seed = (uint64_t) args->seed,
		.mix = *mix,
		.rate = (int) args->rate,
		.event = during_make(during, stage->session, stage->cluster, &target, stage->call->arena),
		.columnar = args->columnar,
		.cache = demo_stage_cache(stage),
		.pooler = demo_stage_pooler(stage),
		.via_any = str_equal(args->via, "any"),
		.progress = quiet ? NULL : show_progress,
		.progress_arg = &shown,
		.marked = quiet ? NULL : show_mark,
	};
	Arena *arena = stage->call->arena;
	bool ok = args->verify_only ? demo_verify(&target, &options, arena, report, err)
	                            : demo_run(&target, &options, arena, report, err);

	end_progress(stage->call);
	during_free(options.event);
	return ok;
}

/* What happens to a cluster of the user's is asked for twice. */
static bool check_during(const Call *call, const DemoArgs *args, bool described, DuringKind *during, Err *err)
{
	if (args->during == NULL)
		return true;
	if (!during_parse(args->during, during, err))
		return false;
	if (args->verify_only || args->duration == 0)
		return err_set(err, ERR_USAGE, "--during needs a workload: not --verify-only, not --duration 0");
	if (!described)
		return true;
	if (*during == DURING_SCALE_OUT) {
		err_set(err, ERR_USAGE, "--during scale-out is for a throw-away cluster");
		return err_hint(err, "Leave the description out: a throw-away cluster is made for it.");
	}
	if (call->globals->yes)
		return true;
	err_set(err, ERR_REFUSED, "--during %s does that to the cluster described, with all that is on it", args->during);
	return err_hint(err, "Confirm with -y; or leave the description out for a throw-away cluster.");
}

static bool check_args(const DemoArgs *args, bool described, DemoMix *mix, Err *err)
{
	if (!str_equal(args->engine, "auto") && !str_equal(args->engine, "citus") && !str_equal(args->engine, "embedded"))
		return err_set(err, ERR_USAGE, "--engine: \"%s\" is not auto, citus or embedded", args->engine);
	if (!str_equal(args->via, "coordinator") && !str_equal(args->via, "any"))
		return err_set(err, ERR_USAGE, "--via: \"%s\" is neither coordinator nor any", args->via);
	if (args->regions && (described || args->workers < 3))
		return err_set(err, ERR_USAGE, "--regions is for a throw-away cluster of at least three workers");
	if (args->pooler && (args->verify_only || args->duration == 0))
		return err_set(err, ERR_USAGE, "--pooler needs a workload: not --verify-only, not --duration 0");
	if (args->pooler && str_equal(args->via, "any"))
		return err_set(err, ERR_USAGE, "--pooler and --via any exclude each other: the pooler leads to the coordinator");
	if (args->cache && (args->verify_only || args->duration == 0))
		return err_set(err, ERR_USAGE, "--cache needs a workload: not --verify-only, not --duration 0");
	if (args->cache && !redis_is_built_in()) /* says how to get it, before a cluster is started */
		return redis_open(&(RedisTarget) {.host = ""}, err) != NULL;
	if (args->verify_only && !described) {
		err_set(err, ERR_USAGE, "--verify-only needs a cluster");
		return err_hint(err, "Name its description with -c FILE.");
	}
	return (args->mix == NULL || mix_parse(args->mix, mix, err)) &&
	       (args->report == NULL || demo_file_possible(args->report, err)) &&
	       (args->junit == NULL || demo_file_possible(args->junit, err));
}

/* What "citusctl metrics" tells of it later. */
static bool keep_summary(const DemoStage *stage, const DemoReport *report, Err *err)
{
	if (!report->has_work || (stage->throwaway && !stage->keep))
		return true;

	Json *summary = json_object();

	demo_summary_json(summary, report);

	char *text = json_print(summary, false);
	bool ok = metrics_keep_demo(stage->session, text, err);

	free(text);
	json_free(summary);
	return ok;
}

static bool write_files(const Call *call, const DemoArgs *args, const DemoReport *report, Err *err)
{
	bool ok = (args->report == NULL || demo_page_write(args->report, report, call->arena, err)) &&
	          (args->junit == NULL || demo_junit_write(args->junit, report, call->arena, err));

	if (ok && args->report != NULL && !call->globals->quiet)
		fprintf(stderr, "The report with its charts: %s\n", args->report);
	return ok;
}

/* For the journal. */
static const char *outcome_words(const Call *call, const DemoReport *report)
{
	size_t failed = 0;

	for (size_t i = 0; i < report->check_count; i++)
		failed += report->checks[i].passed ? 0 : 1;
	if (failed > 0)
		return arena_printf(call->arena, "%zu of %zu checks failed", failed, report->check_count);
	return arena_printf(call->arena, "%zu checks passed", report->check_count);
}

/* The files of an earlier run would tell CI of that one. */
static void write_failure(const DemoArgs *args, const Err *err, Arena *arena)
{
	Err ignored = ERR_INIT;

	if (args->report != NULL)
		(void) unlink(args->report);
	if (args->junit != NULL && !demo_junit_write_failure(args->junit, err, arena, &ignored))
		err_clear(&ignored);
}

/* Takes down what was made; when the demo failed already, its error stays the one that is told at the end. */
static bool take_down(DemoStage *stage, bool ok, Err *err)
{
	Err later = ERR_INIT;

	if (demo_stage_take_down(stage, ok ? err : &later)) {
		if (!ok && err->kind == ERR_INTERRUPTED)
			err_set_hint(err, "%s", demo_stage_left(stage));
		return ok;
	}
	if (!ok) {
		fprintf(stderr, "citusctl: %s%s%s\n%s\n", later.message, later.detail != NULL ? ": " : "",
		        later.detail != NULL ? later.detail : "", later.hint != NULL ? later.hint : "");
		if (err->kind == ERR_INTERRUPTED)
			err_set_hint(err, "%s", demo_stage_left_behind(stage));
	}
	err_clear(&later);
	return false;
}

/* What happens to the cluster by an event needs it for itself. */
static bool let_others(DemoStage *stage, DuringKind during)
{
	if (during == DURING_NOTHING)
		demo_stage_let_others(stage);
	return true;
}

static bool run_demo(Call *call, const void *opaque, Err *err)
{
	const DemoArgs *args = opaque;
	DemoStage stage = {.call = call,
	                   .engine = args->engine,
	                   .workers = args->workers,
	                   .keep = args->keep,
	                   .verify_only = args->verify_only};
	bool described = call->globals->file != NULL || access("cluster.json", F_OK) == 0;
	DemoReport report = {0};
	DemoMix mix = {{0}};
	DuringKind during = DURING_NOTHING;

	if (!check_args(args, described, &mix, err) || !check_during(call, args, described, &during, err))
		return false;
	stage.in_regions = args->regions;
	stage.during = during;

	bool ok = (described ? demo_stage_attach(&stage, err) : demo_stage_make(&stage, err)) &&
	          let_others(&stage, during) && (!args->cache || demo_stage_add_cache(&stage, err)) &&
	          (!args->pooler || demo_stage_add_pooler(&stage, (int) args->clients, err)) &&
	          run_workload(&stage, args, &mix, during, &report, err);

	bool has_run = ok;

	ok = ok && write_files(call, args, &report, err) && keep_summary(&stage, &report, err);
	if (!has_run)
		write_failure(args, err, call->arena);
	ok = take_down(&stage, ok, err);
	/* One document on standard output, whatever happens; for people the report is worth more than the order. */
	if (has_run && (ok || !call->globals->json))
		print_report(call, &report);
	if (ok && !call->globals->json)
		demo_stage_print_next(&stage);
	if (ok && !report.passed) {
		err->kind = ERR_DIFFERS;
		ok = false;
	}
	if (stage.session != NULL)
		operation_note_end(stage.session, ok, err, outcome_words(call, &report));
	demo_stage_close(&stage);
	return ok;
}

const Command demo_command = {
	.name = "demo",
	.summary = "load and run a social network, and verify the cluster",
	.operands = "",
	.details = "Without a description (no -c, no cluster.json here) a throw-away local cluster\n"
	           "comes up and is taken down at the end.  With one, the demo works in a schema of\n"
	           "its own, " DEMO_SCHEMA ", and drops it at the end.\n\n"
	           "The same seed gives the same data to the byte.  Followers are as unevenly spread as\n"
	           "in life: P(a user has at least x) = (x/3)^(-4/3), a power law of density exponent 7/3.",
	.options = demo_options,
	.args_size = sizeof(DemoArgs),
	.defaults = demo_defaults,
	.run = run_demo,
};
