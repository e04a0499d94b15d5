#include "balance_random.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

uint32_t random_below(uint64_t *seed, uint32_t limit)
{
	*seed = *seed * 6364136223846793005U + 1442695040888963407U;
	return (uint32_t) ((*seed >> 33) % limit);
}

static uint32_t random_size(uint64_t *seed, uint32_t most, bool skewed)
{
	if (skewed)
		return 1 + most / (1 + random_below(seed, 300));
	switch (random_below(seed, 4)) {
		case 0:
			return most / 2 + 1;
		case 1:
			return 1 + random_below(seed, most / 4 + 1);
		default:
			return random_below(seed, most + 1);
	}
}

static NodeSet random_set(BalanceProblem *problem, uint64_t *seed)
{
	uint32_t nodes[64];
	size_t count = 0;

	for (uint32_t n = 0; n < problem->node_count; n++)
		if (random_below(seed, 3) > 0)
			nodes[count++] = n;
	return problem_set(problem, nodes, count);
}

BalanceProblem *random_problem(uint64_t *seed, RandomShape shape)
{
	static const double thresholds[] = {0, 0, 0.02, 0.05, 0.05, 0.1, 0.3, 1};
	BalanceProblem *problem = problem_new();
	uint32_t nodes = 1 + random_below(seed, shape.nodes_max);
	uint32_t groups = random_below(seed, shape.groups_max + 1);
	uint32_t rules = shape.rules ? random_below(seed, 3) : 0;
	uint32_t homes = 1 + random_below(seed, nodes);

	problem->threshold = thresholds[random_below(seed, 8)];
	for (uint32_t n = 0; n < nodes; n++) {
		char name[16];

		snprintf(name, sizeof(name), "n%u", n);
		problem_add_node(problem, name, shape.weighted ? 1 + random_below(seed, 4) : 1,
		                 !(rules > 0 && random_below(seed, 5) == 0));
	}
	for (uint32_t g = 0; g < groups; g++) {
		BalanceGroup group = {.bytes = random_size(seed, shape.bytes_max, shape.skewed),
		                      .node = random_below(seed, homes),
		                      .colocation = random_below(seed, 3)};

		if (rules > 1 && random_below(seed, 3) == 0)
			group.allowed = random_set(problem, seed);
		group.pinned = rules > 1 && random_below(seed, 10) == 0;
		problem_add_group(problem, group);
	}
	return problem;
}

BalanceProblem *problem_after(const BalanceProblem *problem, const BalancePlan *plan)
{
	BalanceProblem *after = problem_new();
	uint32_t nodes[64];

	after->threshold = problem->threshold;
	after->min_gain = problem->min_gain;
	for (uint32_t n = 0; n < problem->node_count; n++)
		problem_add_node(after, problem->nodes[n].name, problem->nodes[n].capacity,
		                 problem->nodes[n].accepts_shards);
	for (uint32_t g = 0; g < problem->group_count; g++) {
		BalanceGroup group = problem->groups[g];
		size_t count = 0;

		if (group.allowed != NODES_ALL) {
			for (uint32_t n = 0; n < problem->node_count; n++)
				if (problem_set_has(problem, group.allowed, n))
					nodes[count++] = n;
			group.allowed = problem_set(after, nodes, count);
		}
		for (size_t m = 0; m < plan->move_count; m++)
			group.node = plan->moves[m].group == g ? plan->moves[m].to : group.node;
		problem_add_group(after, group);
	}
	return after;
}

bool order_keeps_limit(const BalanceProblem *problem, const BalancePlan *plan, const BalanceMove moves[])
{
	double most = fmax(plan->max_utilization_before, plan->max_utilization) * (1 + 1e-12);
	double load[64];
	bool keeps = true;

	for (uint32_t n = 0; n < problem->node_count; n++)
		load[n] = (double) plan->nodes[n].bytes_before;
	for (size_t m = 0; m < plan->move_count; m++) {
		load[moves[m].from] -= (double) moves[m].bytes;
		load[moves[m].to] += (double) moves[m].bytes;
		keeps = keeps && load[moves[m].to] <= most * problem->nodes[moves[m].to].capacity + 1e-6;
	}
	return keeps;
}

void expect_sound(const BalanceProblem *problem, const BalancePlan *plan)
{
	uint32_t *place = malloc((problem->group_count + 1) * sizeof(*place));
	int64_t load[64] = {0};
	double fullest = 0;
	int64_t bytes = 0;

	for (uint32_t g = 0; g < problem->group_count; g++)
		place[g] = problem->groups[g].node;
	for (size_t m = 0; m < plan->move_count; m++) {
		const BalanceMove *move = &plan->moves[m];

		ck_assert(place[move->group] == move->from && move->from == problem->groups[move->group].node);
		ck_assert(move->to != move->from && move->bytes == problem->groups[move->group].bytes);
		place[move->group] = move->to;
		bytes += move->bytes;
	}
	for (uint32_t g = 0; g < problem->group_count; g++) {
		ck_assert(problem_may_hold(problem, place[g], &problem->groups[g]));
		load[place[g]] += problem->groups[g].bytes;
	}
	for (uint32_t n = 0; n < problem->node_count; n++) {
		ck_assert(load[n] == plan->nodes[n].bytes_after && plan->nodes[n].bytes_peak >= load[n]);
		if (problem_node_open(problem, n))
			fullest = fmax(fullest, (double) load[n] / problem->nodes[n].capacity);
	}
	ck_assert(bytes == plan->bytes && fullest <= plan->max_utilization && fullest >= plan->max_utilization);
	ck_assert(plan->bounds.max_utilization <= plan->max_utilization);
	ck_assert(plan->bounds.bytes >= 0 && plan->bounds.moves >= 0);
	ck_assert((plan->verdict == PLAN_MOVES) == (plan->move_count > 0));
	ck_assert(plan->order_is_safe == order_keeps_limit(problem, plan, plan->moves));
	free(place);
}
