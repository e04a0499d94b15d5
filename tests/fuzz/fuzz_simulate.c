/*
 * Any bytes as a file for rebalance --simulate: refused with a sentence, or a
 * problem whose plan keeps what plan.h promises.  Nothing may leak.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "balance/schedule.h"
#include "cli/simulate_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool truth)
{
	if (!truth)
		abort();
}

static void expect_moves(const BalanceProblem *problem, const BalancePlan *plan, Arena *arena)
{
	bool *moved = arena_array(arena, problem->group_count + 1, sizeof(*moved));
	int64_t *load = arena_array(arena, problem->node_count + 1, sizeof(*load));

	for (uint32_t g = 0; g < problem->group_count; g++)
		load[problem->groups[g].node] += problem->groups[g].bytes;
	for (size_t m = 0; m < plan->move_count; m++) {
		const BalanceMove *move = &plan->moves[m];
		const BalanceGroup *group = &problem->groups[move->group];

		expect(!moved[move->group] && move->from == group->node && move->to != move->from);
		expect(problem_may_hold(problem, move->to, group));
		moved[move->group] = true;
		load[move->from] -= move->bytes;
		load[move->to] += move->bytes;
	}
	for (uint32_t g = 0; g < problem->group_count; g++)
		expect(moved[g] || problem_may_hold(problem, problem->groups[g].node, &problem->groups[g]));
	for (uint32_t n = 0; n < problem->node_count; n++)
		expect(load[n] == plan->nodes[n].bytes_after);
}

static void expect_plan(const BalanceProblem *problem, const BalancePlan *plan, Arena *arena)
{
	BalanceSchedule *schedule = schedule_new(problem, plan, (ScheduleLimits) {4, 2});
	size_t move = 0;

	expect_moves(problem, plan, arena);
	expect(plan->bounds.bytes >= 0 && plan->bounds.moves >= 0);
	expect(plan->bounds.max_utilization <= plan->max_utilization);
	expect(plan->verdict == PLAN_NOT_WORTH ||
	       (plan->bounds.bytes <= plan->bytes && plan->bounds.moves <= (int64_t) plan->move_count) ||
	       problem->min_gain > 0);
	while (schedule_next(schedule, &move))
		schedule_end(schedule, move, MOVE_DONE);
	expect(schedule_waiting(schedule) == 0);
	schedule_free(schedule);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Arena *arena = arena_new();
	Err err = ERR_INIT;
	BalancePlan plan;
	char *text = malloc(size > 0 ? size : 1);

	expect(text != NULL);
	if (size > 0)
		memcpy(text, data, size);

	Simulation *simulation = simulate_parse("fuzz", text, size, &err);
	Err bulk_err = ERR_INIT;
	Simulation *bulk = simulate_parse_bulk("fuzz", text, size, &bulk_err);

	free(text); /* a problem may not point into it */
	expect(bulk != NULL || bulk_err.message != NULL);

	/* Group by group nothing else is read than at once. */
	expect(simulation == NULL || bulk == NULL ||
	       (simulation->problem->group_count == bulk->problem->group_count &&
	        simulation->problem->node_count == bulk->problem->node_count));
	simulate_free(bulk);
	err_clear(&bulk_err);
	if (simulation != NULL && plan_make(arena, simulation->problem, &plan, &err))
		expect_plan(simulation->problem, &plan, arena);
	else
		expect(err.kind == ERR_USAGE && err.message != NULL);
	simulate_free(simulation);
	err_clear(&err);
	arena_free(arena);
	return 0;
}
