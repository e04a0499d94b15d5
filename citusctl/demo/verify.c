#include "demo/verify.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "demo/ledger.h"
#include "io/asset.h"
#include "util/clock.h"
#include "util/number.h"

#define PROBLEMS_SHOWN 3

typedef struct NamedCheck {
	const char *name;
	bool (*run)(Verify *v, Err *err);
} NamedCheck;

static const NamedCheck checks[DEMO_CHECKS] = {
	{"nodes", check_nodes},
	{"tables", check_tables},
	{"colocation", check_colocation},
	{"reference tables", check_reference},
	{"single-shard", check_single_shard},
	{"colocated joins", check_colocated_joins},
	{"acknowledged writes", check_acknowledged},
	{"feeds", check_feeds},
	{"aggregates", check_aggregates},
};

/* Those that only some runs have, in the arena. */
static size_t more_checks(Verify *v, NamedCheck more[DEMO_CHECKS_MAX])
{
	size_t count = 0;

	if (v->report->wrong_answers > 0)
		more[count++] = (NamedCheck) {"reads", check_reads};
	if (v->report->event != NULL)
		more[count++] = (NamedCheck) {arena_printf(v->arena, "during %s", v->report->event), check_event};
	if (verify_has_placement(v->target->cluster))
		more[count++] = (NamedCheck) {"placement", check_placement};
	if (v->report->cache != NULL)
		more[count++] = (NamedCheck) {"cached reads", check_cached_reads};
	if (v->report->pooler != NULL)
		more[count++] = (NamedCheck) {"pooler", check_pooler};
	if (v->has_activity)
		more[count++] = (NamedCheck) {"columnar", check_columnar};
	return count;
}

void verify_problem(Verify *v, const char *format, ...)
{
	va_list args;

	v->problem_count++;
	if (v->problem_count > PROBLEMS_SHOWN)
		return;
	va_start(args, format);
	if (v->problems.length > 0)
		str_append(&v->problems, "; ");
	str_append(&v->problems, arena_vprintf(v->arena, format, args));
	va_end(args);
}

const char *verify_number(Verify *v, int64_t value)
{
	char text[NUMBER_GROUPED_MAX];

	return arena_strdup(v->arena, number_grouped(value, text));
}

const char *verify_count(Verify *v, int64_t value, const char *one, const char *many)
{
	return arena_printf(v->arena, "%s %s", verify_number(v, value), value == 1 ? one : many);
}

/* A node is listed under the host of the description and the port it listens on. */
int verify_node_at(const Verify *v, const char *host, int port)
{
	for (size_t i = 0; i < v->target->node_count; i++) {
		const DemoNode *node = &v->target->nodes[i];
		const Node *described =
			v->target->cluster != NULL ? cluster_find_node(v->target->cluster, node->name) : NULL;
		const char *its_host = described != NULL && described->host != NULL ? described->host : node->admin.host;

		if (node->admin.port == port && str_equal(its_host, host))
			return (int) i;
	}
	return -1;
}

static bool open_connections(Verify *v, Err *err)
{
	const DemoTarget *target = v->target;

	v->nodes = arena_array(v->arena, target->node_count, sizeof(Pg *));
	v->app = demo_connect(target, err);
	if (v->app == NULL)
		return false;
	v->app2 = demo_connect(target, err);
	if (v->app2 == NULL)
		return false;
	for (size_t i = 0; i < target->node_count; i++) {
		v->nodes[i] = demo_connect_node(target, &target->nodes[i], err);
		if (v->nodes[i] == NULL)
			return false;
		/* Citus hides shards from ordinary looks into pg_class. */
		if (!pg_exec(v->nodes[i], "SET citus.override_table_visibility TO off", err))
			return false;
		if (&target->nodes[i] == demo_coordinator(target))
			v->catalog = v->nodes[i];
	}
	return true;
}

static void close_connections(Verify *v)
{
	for (size_t i = 0; v->nodes != NULL && i < v->target->node_count; i++)
		pg_close(v->nodes[i]);
	pg_close(v->app);
	pg_close(v->app2);
}

static bool read_state(Verify *v, DemoReport *report, Err *err)
{
	DemoState state;

	if (!demo_state_get(v->app, &state, err))
		return false;
	if (!state.exists) {
		err_set(err, ERR_REFUSED, "the demo has not been run on this cluster");
		return err_hint(err, "Run \"citusctl demo\" first.");
	}
	if (!str_equal(state.state, "loaded") && !str_equal(state.state, "stopped")) {
		err_set(err, ERR_REFUSED, "the demo's last run was interrupted while it was %s", state.state);
		return err_hint(err, "What it wrote was not recorded completely: run \"citusctl demo\" again.");
	}
	if (!pg_query_bool(v->app, asset_text("sql/query/demo_has_activity.sql"), 0, NULL, &v->has_activity, err))
		return false;
	v->generator = (Generator) {state.seed, state.users};
	report->users = state.users;
	report->seed = state.seed;
	return true;
}

/* The check's detail: what it found, or what it saw to be right. */
static const char *detail_of(Verify *v, const Err *problem, bool could_look)
{
	if (!could_look)
		return arena_printf(v->arena, "cannot check: %s%s%s", problem->message,
		                    problem->detail != NULL ? ": " : "", problem->detail != NULL ? problem->detail : "");
	if (v->problem_count == 0)
		return v->said;
	if (v->problem_count > PROBLEMS_SHOWN)
		return arena_printf(v->arena, "%s; and %d more", str_text(&v->problems),
		                    v->problem_count - PROBLEMS_SHOWN);
	return arena_strdup(v->arena, str_text(&v->problems));
}

/* A connection that a failed statement left unusable is opened again. */
static bool run_check(Verify *v, const NamedCheck *which, DemoCheck *check, Err *err)
{
	int64_t start = clock_us();
	Err problem = ERR_INIT;

	str_reset(&v->problems);
	v->problem_count = 0;
	v->said = "";

	bool could_look = which->run(v, &problem);

	check->name = which->name;
	check->passed = could_look && v->problem_count == 0;
	check->detail = detail_of(v, &problem, could_look);
	check->seconds = (double) (clock_us() - start) / 1e6;

	if (!could_look && (problem.kind == ERR_INTERRUPTED || problem.kind == ERR_UNREACHABLE)) {
		err_move(err, &problem);
		return false;
	}
	err_clear(&problem);
	return true;
}

static bool run_checks(Verify *v, const DemoOptions *options, DemoReport *report, Err *err)
{
	int64_t start = clock_us();

	NamedCheck more[DEMO_CHECKS_MAX];
	size_t count = DEMO_CHECKS + more_checks(v, more);

	report->passed = true;
	for (size_t i = 0; i < count; i++) {
		const NamedCheck *which = i < DEMO_CHECKS ? &checks[i] : &more[i - DEMO_CHECKS];
		DemoCheck *check = &report->checks[report->check_count];

		demo_tell(options, DEMO_CHECKING, which->name, (int64_t) i, (int64_t) count, start);
		if (!run_check(v, which, check, err))
			return false;
		report->check_count++;
		report->passed = report->passed && check->passed;
	}
	return true;
}

bool verify_run(const DemoTarget *target, const DemoOptions *options, Arena *arena, DemoReport *report, Err *err)
{
	Verify v = {.target = target, .arena = arena, .problems = STR_INIT, .options = options, .report = report};
	int64_t start = clock_us();

	report->check_count = 0;
	report->passed = false;
	v.engine = demo_engine_find(target->engine, err);

	bool ok = v.engine != NULL && open_connections(&v, err) && read_state(&v, report, err) &&
	          run_checks(&v, options, report, err);

	report->passed = report->passed && ok;
	report->verify_s = (double) (clock_us() - start) / 1e6;
	close_connections(&v);
	str_free(&v.problems);
	return ok;
}
