#include <langinfo.h>
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/output.h"
#include "cli/plan_output.h"
#include "cli/simulate_file.h"
#include "util/clock.h"

/* Moves that are listed for people; JSON has all of them. */
#define MOVES_SHOWN 40

typedef struct RebalanceArgs {
	const char *simulate;
	double threshold; /* below 0: that of the description or of the file */
	OptionList drain;
} RebalanceArgs;

static const Option rebalance_options[] = {
	{"simulate", 0, OPT_TEXT, offsetof(RebalanceArgs, simulate), "FILE",
	 "plan for the nodes and shard groups in a JSON file, without servers", 0, 0},
	{"threshold", 0, OPT_NUMBER, offsetof(RebalanceArgs, threshold), "T",
	 "how far above the best balance is good enough: 0.05 is 5 %", 0, 10},
	{"drain", 0, OPT_LIST, offsetof(RebalanceArgs, drain), "NODE",
	 "move everything away from this node; may be repeated", 0, 0},
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
		                 call->globals->verbose ? SIZE_MAX : MOVES_SHOWN};

		plan_output_text(stdout, problem, &plan, simulation->labels, look);
	}
	return true;
}

static bool run_rebalance(Call *call, const void *opaque, Err *err)
{
	const RebalanceArgs *args = opaque;

	if (args->simulate == NULL) {
		err_set(err, ERR_USAGE, "this version of citusctl plans shard moves and does not run them");
		return err_hint(err, "\"citusctl rebalance --simulate FILE\" plans without servers.");
	}

	Simulation *simulation = simulate_load(args->simulate, err);
	bool ok = simulation != NULL && simulate(call, args, simulation, err);

	simulate_free(simulation);
	return ok;
}

const Command rebalance_command = {
	.name = "rebalance",
	.summary = "plans shard moves that balance the nodes with the fewest bytes",
	.operands = "",
	.options = rebalance_options,
	.args_size = sizeof(RebalanceArgs),
	.needs_of = rebalance_needs,
	.defaults = rebalance_defaults,
	.run = run_rebalance,
};
