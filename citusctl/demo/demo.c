#include "demo/demo.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "demo/columnar.h"
#include "demo/during.h"
#include "demo/engine.h"
#include "demo/ledger.h"
#include "demo/load.h"
#include "demo/machine.h"
#include "demo/snapshot.h"
#include "demo/verify.h"
#include "demo/workload.h"
#include "io/asset.h"
#include "util/clock.h"
#include "util/str.h"

/* A node that doesn't answer within this time is called lost. */
#define BLAME_TIMEOUT_S 2

static const char *schema_of(const DemoTarget *target)
{
	return target->schema != NULL ? target->schema : "public";
}

/* Opens a session whose unqualified names are the demo's tables. */
static Pg *connect_to(const DemoTarget *target, const PgTarget *where, const char *more, Err *err)
{
	Pg *pg = pg_open(where, err);

	if (pg == NULL)
		return NULL;

	Arena *arena = arena_new();
	const char *set = arena_printf(arena, "SET search_path TO %s%s; SET client_min_messages TO warning",
	                               pg_ident(pg, arena, schema_of(target)), more);
	bool ok = pg_exec(pg, set, err);

	arena_free(arena);
	if (ok)
		return pg;
	pg_close(pg);
	return NULL;
}

static Pg *connect_app(const DemoTarget *target, const PgTarget *where, Err *err)
{
	const DemoEngine *engine = demo_engine_find(target->engine, err);
	Pg *pg = engine != NULL ? connect_to(target, where, "", err) : NULL;

	if (pg != NULL && engine->session != NULL && !pg_exec(pg, engine->session, err)) {
		pg_close(pg);
		return NULL;
	}
	return pg;
}

Pg *demo_connect(const DemoTarget *target, Err *err)
{
	return connect_app(target, &target->app, err);
}

Pg *demo_connect_at(const DemoTarget *target, size_t which, Err *err)
{
	return connect_app(target, &target->nodes[which].app, err);
}

Pg *demo_connect_node(const DemoTarget *target, const DemoNode *node, Err *err)
{
	/* Citus keeps citus_tables in public, and names the shards there without their schema. */
	return connect_to(target, &node->admin, ", public", err);
}

const DemoNode *demo_coordinator(const DemoTarget *target)
{
	for (size_t i = 0; i < target->node_count; i++) {
		if (target->nodes[i].is_coordinator)
			return &target->nodes[i];
	}
	return &target->nodes[0];
}

void demo_tell(const DemoOptions *options, DemoPhase phase, const char *what, int64_t done, int64_t total,
               int64_t since_us)
{
	if (options == NULL || options->progress == NULL)
		return;

	DemoProgress progress = {phase, what, done, total, (double) (clock_us() - since_us) / 1e6};

	options->progress(options->progress_arg, &progress);
}

/* Class 08 is a connection between servers, 57P0x a server that goes down. */
bool demo_is_lost(const Err *err)
{
	return err->kind == ERR_UNREACHABLE || str_starts(err->sqlstate, "08") ||
	       str_starts(err->sqlstate, "57P0");
}

static Pg *probe_node(const DemoNode *node, Err *err)
{
	PgTarget probe = node->admin;

	probe.timeout_s = BLAME_TIMEOUT_S;
	return pg_open(&probe, err);
}

static bool is_dead(const DemoNode *node)
{
	Err problem = ERR_INIT;
	Pg *pg = probe_node(node, &problem);
	bool dead = pg == NULL && problem.kind == ERR_UNREACHABLE;

	pg_close(pg);
	err_clear(&problem);
	return dead;
}

/* Whether a node that was not there at the beginning belongs to the cluster by now. */
static bool has_joined(const DemoTarget *target, const DemoNode *node)
{
	char port[16];
	const char *const values[] = {node->host, port};
	Err ignored = ERR_INIT;
	bool joined = false;
	Pg *pg = probe_node(demo_coordinator(target), &ignored);

	snprintf(port, sizeof(port), "%d", node->admin.port);
	if (pg == NULL || !pg_query_bool(pg, asset_text("sql/query/node_is_listed.sql"), 2, values, &joined, &ignored))
		joined = false;
	pg_close(pg);
	err_clear(&ignored);
	return joined;
}

const char *demo_find_dead(const DemoTarget *target, Arena *arena)
{
	const char *names = NULL;

	for (size_t i = 0; i < target->node_count && !clock_interrupted(); i++) {
		const DemoNode *node = &target->nodes[i];

		if ((i >= target->start_count && !has_joined(target, node)) || !is_dead(node))
			continue;
		names = names == NULL ? arena_printf(arena, "\"%s\"", node->name)
		                      : arena_printf(arena, "%s and \"%s\"", names, node->name);
	}
	return names;
}

/* Says which nodes are gone; what the server said about it becomes the detail. */
static void name_dead(const char *names, const char *doing, Arena *arena, Err *err)
{
	const char *said = arena_printf(arena, "%s%s%s", err->message, err->detail != NULL ? ": " : "",
	                                err->detail != NULL ? err->detail : "");

	err_clear(err);
	err_set(err, ERR_UNREACHABLE, "node %s does not answer any more, %s", names, doing);
	err_detail(err, "%s", said);
	err_hint(err, "See why it stopped in its server log, start it again (\"citusctl node start\"), and repeat the "
	              "command.");
}

bool demo_blame(const DemoTarget *target, const char *doing, Err *err)
{
	if (err->kind != ERR_FAILED && err->kind != ERR_UNREACHABLE)
		return false;

	Arena *arena = arena_new();
	const char *names = demo_find_dead(target, arena);

	if (names != NULL) {
		name_dead(names, doing, arena, err);
	} else if (demo_is_lost(err)) {
		err->kind = ERR_UNREACHABLE;
		err_wrap(err, "a connection was lost %s", doing);
	}
	arena_free(arena);
	return false;
}

/* Makes sure that only rows the demo made are thrown away. */
static bool clear_tables(Pg *pg, const DemoEngine *engine, const DemoState *state, Err *err)
{
	bool has_rows = false;

	if (!pg_query_bool(pg, asset_text("sql/query/demo_has_rows.sql"), 0, NULL, &has_rows, err))
		return false;
	if (!has_rows)
		return true;
	if (!state->exists) {
		err_set(err, ERR_REFUSED, "the demo's tables hold rows that the demo did not make");
		return err_hint(err, "Empty the tables users, tweets, subscriptions and feed_items, or run the demo on "
		                     "a cluster of its own: without a description it makes a throw-away one.");
	}
	return pg_exec(pg, engine->empty, err);
}

/* Reference tables are filled once: their rows don't depend on the options. */
static bool count_reference_rows(Pg *pg, DemoTable table, int64_t *rows, Err *err)
{
	Arena *arena = arena_new();
	bool ok = pg_query_int64(pg, arena_printf(arena, "SELECT count(*) FROM %s", generator_table_name(table)), 0, NULL,
	                         rows, err);

	arena_free(arena);
	return ok;
}

static bool load_all(Pg *pg, const DemoEngine *engine, const Generator *generator, const DemoOptions *options,
                     int64_t since_us, int64_t rows[DEMO_TABLE_COUNT], Err *err)
{
	LoadProgress progress = {.since_us = since_us};

	for (int t = 0; options->progress != NULL && t < DEMO_TABLE_COUNT; t++)
		progress.total += generator_row_count(generator, (DemoTable) t);
	for (int t = 0; t < DEMO_TABLE_COUNT; t++) {
		DemoTable table = (DemoTable) t;

		rows[t] = 0;
		if ((table == DEMO_LANGUAGES || table == DEMO_COUNTRIES) && !count_reference_rows(pg, table, &rows[t], err))
			return false;
		if (rows[t] == 0 && !load_table(pg, engine, generator, table, options, &progress, &rows[t], err))
			return false;
		progress.done += rows[t];
	}
	return true;
}

static bool check_options(const DemoOptions *options, Err *err)
{
	if (options->users < GENERATOR_USERS_MIN || options->users > GENERATOR_USERS_MAX)
		return err_set(err, ERR_USAGE, "the demo needs %d to %d users, not %lld", GENERATOR_USERS_MIN,
		               GENERATOR_USERS_MAX, (long long) options->users);
	if (options->clients < 1 || options->clients > DEMO_CLIENTS_MAX)
		return err_set(err, ERR_USAGE, "the demo needs 1 to %d clients, not %d", DEMO_CLIENTS_MAX,
		               options->clients);
	return true;
}

static void begin_report(const DemoTarget *target, const DemoOptions *options, DemoReport *report)
{
	report->engine = target->engine;
	report->node_count = target->node_count;
	if (options != NULL)
		report->duration_s = options->duration_s;
}

/* What a report also says: on what it ran, and where the shards lay. */
static bool describe(const DemoTarget *target, Arena *arena, DemoReport *report, Err *err)
{
	char started[32];
	time_t now = time(NULL);
	struct tm utc;

	gmtime_r(&now, &utc);
	strftime(started, sizeof(started), "%Y-%m-%dT%H:%M:%SZ", &utc);
	report->started_at = arena_strdup(arena, started);
	report->node_names = arena_array(arena, target->node_count, sizeof(char *));
	for (size_t i = 0; i < target->node_count; i++)
		report->node_names[i] = target->nodes[i].name;
	return machine_look(target, arena, &report->machine, err);
}

bool demo_load(const DemoTarget *target, const DemoOptions *options, DemoReport *report, Err *err)
{
	Generator generator = {options->seed, options->users};
	DemoState old;
	DemoState state = {.exists = true, .seed = options->seed, .users = options->users};
	const DemoEngine *engine = demo_engine_find(target->engine, err);

	begin_report(target, options, report);
	if (engine == NULL || !check_options(options, err))
		return false;

	Pg *pg = demo_connect(target, err);
	bool ok = pg != NULL && demo_state_get(pg, &old, err) && clear_tables(pg, engine, &old, err) &&
	          demo_state_make(pg, err) && demo_state_set(pg, &state, "loading", err) && ledger_empty(pg, err) &&
	          pg_exec(pg, asset_text("sql/demo/views.sql"), err);
	int64_t since = clock_us();

	ok = ok && load_all(pg, engine, &generator, options, since, report->rows, err);
	report->load_s = (double) (clock_us() - since) / 1e6;
	ok = ok && pg_exec(pg, "ANALYZE users, tweets, subscriptions, feed_items", err) &&
	     demo_state_set(pg, &state, "loaded", err);
	report->has_load = ok;
	report->users = options->users;
	report->seed = options->seed;
	pg_close(pg);
	return ok || demo_blame(target, "while the data was loaded", err);
}

bool demo_work(const DemoTarget *target, const DemoOptions *options, Arena *arena, DemoReport *report, Err *err)
{
	begin_report(target, options, report);
	return check_options(options, err) && workload_run(target, options, arena, report, err);
}

static bool take_snapshot(const DemoTarget *target, Arena *arena, DemoSnapshot **snapshot, Err *err)
{
	*snapshot = arena_alloc(arena, sizeof(DemoSnapshot));
	return snapshot_take(target, arena, *snapshot, err);
}

bool demo_verify(const DemoTarget *target, const DemoOptions *options, Arena *arena, DemoReport *report, Err *err)
{
	Err ignored = ERR_INIT;

	begin_report(target, options, report);

	bool ok = (report->started_at != NULL || describe(target, arena, report, err)) &&
	          verify_run(target, options, arena, report, err);

	/* A cluster that was left alone for long may be broken in any way, which the checks tell; then there is no map of it. */
	if (ok && report->after == NULL && !take_snapshot(target, arena, &report->after, &ignored)) {
		report->after = NULL;
		err_clear(&ignored);
	}
	return ok || demo_blame(target, "while the cluster was verified", err);
}

/* What two-phase commit left open is completed, and the map drawn: of all nodes, which may be gone by now. */
static bool look_after_work(const DemoTarget *target, const DemoOptions *options, Arena *arena, DemoReport *report,
                            Err *err)
{
	bool ok = (options->event == NULL || during_recover(target, err)) &&
	          take_snapshot(target, arena, &report->after, err);

	return ok || demo_blame(target, "after the workload", err);
}

static bool try_columnar(const DemoTarget *target, const DemoOptions *options, Arena *arena, DemoReport *report,
                         Err *err)
{
	demo_tell(options, DEMO_LOADING, "activity", 0, 0, clock_us());
	return columnar_try(target, arena, report, err);
}

bool demo_run(const DemoTarget *target, const DemoOptions *options, Arena *arena, DemoReport *report, Err *err)
{
	memset(report, 0, sizeof(*report));
	return describe(target, arena, report, err) && demo_load(target, options, report, err) &&
	       (!options->columnar || try_columnar(target, options, arena, report, err)) &&
	       take_snapshot(target, arena, &report->before, err) &&
	       (options->duration_s == 0 || demo_work(target, options, arena, report, err)) &&
	       look_after_work(target, options, arena, report, err) &&
	       demo_verify(target, options, arena, report, err);
}
