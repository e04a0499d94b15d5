#include "balance/plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct Work {
	const BalanceProblem *problem;
	int64_t *load;
	uint32_t *place;
} Work;

static double util(const Work *w, uint32_t node)
{
	return (double) w->load[node] / w->problem->nodes[node].capacity;
}

static double worst(const Work *w, uint32_t *node)
{
	double most = 0;

	for (uint32_t n = 0; n < w->problem->node_count; n++) {
		if (problem_node_open(w->problem, n) && util(w, n) >= most) {
			most = util(w, n);
			*node = n;
		}
	}
	return most;
}

static bool best_target(const Work *w, uint32_t g, uint32_t *to)
{
	const BalanceGroup *group = &w->problem->groups[g];
	double least = INFINITY;

	for (uint32_t n = 0; n < w->problem->node_count; n++) {
		double after = (double) (w->load[n] + group->bytes) / w->problem->nodes[n].capacity;

		if (n != w->place[g] && problem_may_hold(w->problem, n, group) && after < least) {
			least = after;
			*to = n;
		}
	}
	return least < INFINITY;
}

static void move_group(Work *w, uint32_t g, uint32_t to)
{
	w->load[w->place[g]] -= w->problem->groups[g].bytes;
	w->load[to] += w->problem->groups[g].bytes;
	w->place[g] = to;
}

static bool place_forced(Work *w, Err *err)
{
	const BalanceProblem *p = w->problem;

	for (uint32_t g = 0; g < p->group_count; g++) {
		uint32_t to = 0;

		if (problem_may_hold(p, p->groups[g].node, &p->groups[g]))
			continue;
		if (p->groups[g].pinned || !best_target(w, g, &to))
			return err_set(err, ERR_USAGE, "no node may hold shard group %u", g);
		move_group(w, g, to);
	}
	return true;
}

static bool improve(Work *w, double target)
{
	const BalanceProblem *p = w->problem;
	uint32_t from = 0;
	double most = worst(w, &from);
	uint32_t best = UINT32_MAX;
	uint32_t best_to = 0;
	double least = most;

	if (most <= target)
		return false;
	for (uint32_t g = 0; g < p->group_count; g++) {
		uint32_t to = 0;

		if (w->place[g] != from || p->groups[g].node != from || !best_target(w, g, &to))
			continue;

		double after = fmax((double) (w->load[to] + p->groups[g].bytes) / p->nodes[to].capacity,
		                    (double) (w->load[from] - p->groups[g].bytes) / p->nodes[from].capacity);

		if (after < least) {
			least = after;
			best = g;
			best_to = to;
		}
	}
	if (best == UINT32_MAX)
		return false;
	move_group(w, best, best_to);
	return true;
}

static void list_moves(Arena *arena, const Work *w, BalancePlan *plan)
{
	const BalanceProblem *p = w->problem;
	BalanceMove *moves = arena_array(arena, p->group_count + 1, sizeof(*moves));

	for (uint32_t g = 0; g < p->group_count; g++) {
		const BalanceGroup *group = &p->groups[g];

		if (w->place[g] == group->node)
			continue;

		bool forced = !problem_may_hold(p, group->node, group);

		moves[plan->move_count++] = (BalanceMove) {g, group->node, w->place[g], forced, group->bytes};
		plan->forced_count += forced ? 1 : 0;
		plan->bytes += group->bytes;
	}
	plan->moves = moves;
}

bool plan_make(Arena *arena, const BalanceProblem *problem, BalancePlan *plan, Err *err)
{
	Work w = {.problem = problem,
	          .load = arena_array(arena, problem->node_count + 1, sizeof(int64_t)),
	          .place = arena_array(arena, problem->group_count + 1, sizeof(uint32_t))};
	PlanNode *nodes = arena_array(arena, problem->node_count + 1, sizeof(*nodes));
	uint32_t node = 0;
	int64_t total = 0;
	double capacity = 0;

	*plan = (BalancePlan) {.nodes = nodes, .order_is_safe = true};
	for (uint32_t g = 0; g < problem->group_count; g++) {
		w.place[g] = problem->groups[g].node;
		w.load[w.place[g]] += problem->groups[g].bytes;
		nodes[w.place[g]].groups_before++;
		total += problem->groups[g].bytes;
	}
	for (uint32_t n = 0; n < problem->node_count; n++) {
		nodes[n].bytes_before = nodes[n].bytes_peak = w.load[n];
		capacity += problem_node_open(problem, n) ? problem->nodes[n].capacity : 0;
	}
	plan->max_utilization_before = worst(&w, &node);
	plan->bounds.max_utilization = capacity > 0 ? (double) total / capacity : 0;
	plan->target = plan->bounds.max_utilization * (1 + problem->threshold);
	if (!place_forced(&w, err))
		return false;
	while (improve(&w, plan->target))
		;
	list_moves(arena, &w, plan);
	for (uint32_t g = 0; g < problem->group_count; g++)
		nodes[w.place[g]].groups_after++;
	for (uint32_t n = 0; n < problem->node_count; n++) {
		nodes[n].bytes_after = w.load[n];
		nodes[n].bytes_peak = w.load[n] > nodes[n].bytes_peak ? w.load[n] : nodes[n].bytes_peak;
	}
	plan->max_utilization = worst(&w, &node);
	plan->peak = fmax(plan->max_utilization, plan->max_utilization_before);
	plan->verdict = plan->move_count > 0 ? PLAN_MOVES : PLAN_BALANCED;
	return true;
}
