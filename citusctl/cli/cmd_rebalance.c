#include <langinfo.h>
#include <stdio.h>
#include <string.h>

#include "cli/amount.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/plan_file.h"
#include "cli/plan_output.h"
#include "cli/rebalance_live.h"
#include "cli/simulate_file.h"
#include "run/operation.h"
#include "util/clock.h"
#include "util/quote.h"

/* Moves that are listed for people; JSON has all of them. */
#define MOVES_SHOWN 40

typedef struct RebalanceArgs {
	const char *simulate;
	double threshold; /* below 0: that of the description or of the file */
	OptionList drain;
	int64_t jobs; /* 0: that of the description */
	const char *mode;
	bool dry_run;
	bool exit_code;
	const char *max_rate, *max_duration, *until, *node_wait;
	const char *plan_in, *plan_out;
} RebalanceArgs;

static const Option rebalance_options[] = {
	{"simulate", 0, OPT_TEXT, offsetof(RebalanceArgs, simulate), "FILE",
	 "plan for the nodes and shard groups in a JSON file, without servers", 0, 0},
	{"threshold", 0, OPT_NUMBER, offsetof(RebalanceArgs, threshold), "T",
	 "how far above the best balance is good enough: 0.05 is 5 %", 0, 10},
	{"drain", 0, OPT_LIST, offsetof(RebalanceArgs, drain), "NODE",
	 "move everything away from this node; may be repeated", 0, 0},
	{"dry-run", 'n', OPT_FLAG, offsetof(RebalanceArgs, dry_run), NULL, "show the plan, move nothing", 0, 0},
	{"exit-code", 0, OPT_FLAG, offsetof(RebalanceArgs, exit_code), NULL,
	 "with --dry-run: status 3 when there is something to move", 0, 0},
	{"jobs", 0, OPT_INT, offsetof(RebalanceArgs, jobs), "N", "moves at a time (default: the description's; else 2, or 1 where all servers share few processors)",
	 1, 64},
	{"mode", 0, OPT_TEXT, offsetof(RebalanceArgs, mode), "MODE",
	 "online: writes go on; block_writes: they wait for each move (default online)", 0, 0},
	{"max-rate", 0, OPT_TEXT, offsetof(RebalanceArgs, max_rate), "RATE",
	 "bytes a second on average, such as 50MB; held between moves", 0, 0},
	{"max-duration", 0, OPT_TEXT, offsetof(RebalanceArgs, max_duration), "TIME",
	 "start no move that would end later, such as 2h30m", 0, 0},
	{"until", 0, OPT_TEXT, offsetof(RebalanceArgs, until), "HH:MM", "the same, by the clock", 0, 0},
	{"node-wait", 0, OPT_TEXT, offsetof(RebalanceArgs, node_wait), "TIME",
	 "how long a node that goes down is waited for (default 60s)", 0, 0},
	{"plan-out", 0, OPT_TEXT, offsetof(RebalanceArgs, plan_out), "FILE", "write the plan to a file", 0, 0},
	{"plan-in", 0, OPT_TEXT, offsetof(RebalanceArgs, plan_in), "FILE",
	 "run the plan in a file; refused if shards have moved since", 0, 0},
	{0},
};

static bool rebalance_defaults(void *opaque)
{
	*(RebalanceArgs *) opaque = (RebalanceArgs) {.threshold = -1};
	return true;
}

static Needs rebalance_needs(const void *opaque)
{
	const RebalanceArgs *args = opaque;

	return args->simulate != NULL ? NEEDS_NOTHING : NEEDS_SESSION;
}

static bool drain_nodes(BalanceProblem *problem, const OptionList *names, Err *err)
{
	for (size_t i = 0; i < names->count; i++) {
		uint32_t n = 0;

		while (n < problem->node_count && strcmp(problem->nodes[n].name, names->items[i]) != 0)
			n++;
		if (n == problem->node_count)
			return err_set(err, ERR_USAGE, "--drain: there is no node \"%s\"", names->items[i]);
		problem_drain(problem, n);
	}
	return true;
}

static bool simulate(Call *call, const RebalanceArgs *args, Simulation *simulation, Err *err)
{
	BalanceProblem *problem = simulation->problem;
	BalancePlan plan;

	if (args->threshold >= 0)
		problem->threshold = args->threshold;
	if (!drain_nodes(problem, &args->drain, err))
		return false;

	int64_t from = clock_us();

	if (!plan_make(call->arena, problem, &plan, err))
		return false;

	double seconds = (double) (clock_us() - from) / 1e6;

	if (call->globals->json) {
		Json *document = json_object();

		plan_output_json(document, problem, &plan, simulation->labels);
		json_add_double(document, "seconds", seconds);
		output_json(document);
	} else {
		PlanLook look = {output_colour(stdout), strcmp(nl_langinfo(CODESET), "UTF-8") == 0,
		                 call->globals->verbose ? SIZE_MAX : MOVES_SHOWN, false};

		plan_output_text(stdout, problem, &plan, simulation->labels, look);
	}
	return true;
}

/* What belongs to --simulate, and what to a run, don't go together. */
static bool check_args(const RebalanceArgs *args, Err *err)
{
	bool runs = args->dry_run || args->jobs > 0 || args->mode != NULL || args->max_rate != NULL ||
	            args->max_duration != NULL || args->until != NULL || args->node_wait != NULL || args->plan_in != NULL || args->plan_out != NULL;

	if (args->simulate != NULL && runs)
		return err_set(err, ERR_USAGE, "--simulate plans without servers: it takes --threshold and --drain only");
	if (args->exit_code && !args->dry_run)
		return err_set(err, ERR_USAGE, "--exit-code goes with --dry-run");
	if (args->plan_in != NULL && (args->drain.count > 0 || args->threshold >= 0))
		return err_set(err, ERR_USAGE, "--plan-in runs a plan as it is: --drain and --threshold belong where it is made");
	if (args->until != NULL && args->max_duration != NULL)
		return err_set(err, ERR_USAGE, "--until and --max-duration exclude each other");
	if (args->mode != NULL && strcmp(args->mode, "online") != 0 && strcmp(args->mode, "block_writes") != 0)
		return err_set(err, ERR_USAGE, "--mode: \"%s\" is neither online nor block_writes", args->mode);
	return true;
}

/* The same command without what belongs to one run only: its end, and the plan's way into a file. */
static const char *command_again(const Call *call, const RebalanceArgs *args)
{
	const char *text = arena_printf(call->arena, "%s rebalance", rebalance_program(call));

	for (size_t i = 0; i < args->drain.count; i++)
		text = arena_printf(call->arena, "%s --drain %s", text, quote_shell(call->arena, args->drain.items[i]));
	if (args->plan_in != NULL)
		text = arena_printf(call->arena, "%s --plan-in %s", text, quote_shell(call->arena, args->plan_in));
	if (args->threshold >= 0)
		text = arena_printf(call->arena, "%s --threshold %g", text, args->threshold);
	if (args->jobs > 0)
		text = arena_printf(call->arena, "%s --jobs %d", text, (int) args->jobs);
	if (args->mode != NULL)
		text = arena_printf(call->arena, "%s --mode %s", text, args->mode);
	if (args->max_rate != NULL)
		text = arena_printf(call->arena, "%s --max-rate %s", text, quote_shell(call->arena, args->max_rate));
	if (args->node_wait != NULL)
		text = arena_printf(call->arena, "%s --node-wait %s", text, quote_shell(call->arena, args->node_wait));
	return text;
}

static bool read_limits(const RebalanceArgs *args, LiveOptions *live, Err *err)
{
	return (args->max_rate == NULL || amount_bytes("max-rate", args->max_rate, &live->max_rate, err)) &&
	       (args->max_duration == NULL ||
	        amount_seconds("max-duration", args->max_duration, &live->max_seconds, err)) &&
	       (args->until == NULL || amount_until("until", args->until, &live->max_seconds, err)) &&
	       (args->node_wait == NULL || amount_seconds("node-wait", args->node_wait, &live->node_wait_s, err));
}

static bool run_live(Call *call, const RebalanceArgs *args, Err *err)
{
	LiveOptions live = {.dry_run = args->dry_run, .exit_code = args->exit_code, .plan_out = args->plan_out,
	                    .again = command_again(call, args)};
	RebalanceRequest request = rebalance_request(call->session);
	PlanFile file = {.path = NULL};
	Rebalance rebalance = {.problem = NULL};

	request.drain = args->drain.items;
	request.drain_count = args->drain.count;
	if (args->threshold >= 0)
		request.threshold = args->threshold;
	if (args->jobs > 0)
		request.jobs = (int) args->jobs;
	if (!read_limits(args, &live, err) ||
	    (args->plan_in != NULL && !plan_file_read(args->plan_in, call->cluster, call->arena, &file, err)))
		return false;
	if (args->plan_in != NULL) {
		request.drain = file.drain;
		request.drain_count = file.drain_count;
	}
	request.fixed = file.moves;
	request.fixed_count = file.count;
	request.strict = args->plan_in != NULL;
	request.mode = file.mode;
	if (args->mode != NULL)
		request.mode = strcmp(args->mode, "online") == 0 ? REBALANCE_ONLINE : REBALANCE_BLOCK_WRITES;

	if (!session_attach(call->session, err) || (!args->dry_run && !rebalance_begin(call->session, err)))
		return false;

	bool ok = rebalance_plan(call->session, &request, call->arena, &rebalance, err) &&
	          (args->plan_in == NULL || plan_file_fits(&file, &rebalance, err)) &&
	          rebalance_live(call, &rebalance, &live, err);

	rebalance_free(&rebalance);
	return operation_end(call->session, ok, err);
}

static bool run_rebalance(Call *call, const void *opaque, Err *err)
{
	const RebalanceArgs *args = opaque;

	if (!check_args(args, err))
		return false;
	if (args->simulate == NULL)
		return run_live(call, args, err);

	Simulation *simulation = simulate_load(args->simulate, err);
	bool ok = simulation != NULL && simulate(call, args, simulation, err);

	simulate_free(simulation);
	return ok;
}

const Command rebalance_command = {
	.name = "rebalance",
	.summary = "balances the nodes by moving shards, with the fewest bytes",
	.operands = "",
	.details = "Plans over all tables together, with proof of how good the plan is, and makes the\n"
	           "moves online, several at a time.  Ctrl-C finishes the moves that run; a second one\n"
	           "cancels them.  What was moved stays: the same command continues, also after a crash.",
	.options = rebalance_options,
	.args_size = sizeof(RebalanceArgs),
	.needs_of = rebalance_needs,
	.defaults = rebalance_defaults,
	.run = run_rebalance,
};
