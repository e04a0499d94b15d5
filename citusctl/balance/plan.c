#include "balance/plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "balance/bound.h"
#include "balance/exact.h"
#include "balance/instance.h"
#include "balance/order.h"
#include "balance/pack.h"
#include "balance/place.h"
#include "balance/price.h"
#include "balance/search.h"

/* What is known of the best max utilization. */
typedef struct Best {
	double at_least;
	double reached;      /* by packed */
	bool proven;         /* nothing is below reached */
	Assignment *packed;
} Best;

/* Up to this many groups more is tried. */
#define FEW_GROUPS 5000

/* How precisely the best is looked for, as a part of the threshold, where many groups make it costly. */
#define PRECISION 0.002
#define PRECISION_OF_FEW 0.00005

static Best find_best(const Instance *instance)
{
	Best best = {.at_least = bound_utilization(instance)};
	double precision = exact_suits(instance) ? 0 : instance->group_count <= FEW_GROUPS ? PRECISION_OF_FEW : PRECISION;
	double near = precision * fmin(instance->problem->threshold, 1);

	best.packed = pack_level(instance, best.at_least * (1 + near));
	if (exact_suits(instance) && assignment_max(best.packed, NULL) > best.at_least)
		best.proven = exact_utilization(best.packed, best.at_least);
	best.reached = assignment_max(best.packed, NULL);

	/* They are the same, but for rounding. */
	if (best.proven || best.reached <= best.at_least) {
		best.at_least = best.reached;
		best.proven = true;
	}
	return best;
}

static int64_t *budgets_at(const Instance *instance, double utilization)
{
	int64_t *budget = arena_array(instance->arena, instance->node_count + 1, sizeof(*budget));

	for (uint32_t n = 0; n < instance->node_count; n++)
		budget[n] = instance->open[n] ? bytes_at(utilization, instance->capacity[n]) : 0;
	return budget;
}

static bool moves_less(const Assignment *a, const Assignment *b)
{
	size_t a_moves = 0;
	size_t b_moves = 0;
	int64_t a_bytes = assignment_bytes(a, &a_moves);
	int64_t b_bytes = assignment_bytes(b, &b_moves);

	return a_bytes != b_bytes ? a_bytes < b_bytes : a_moves < b_moves;
}

/* Never NULL: what is packed is within the budgets. */
static Assignment *find_target(const Assignment *home, const Best *best, const int64_t budget[])
{
	Assignment *found = search_from_home(home, budget);

	if (found != NULL && home->instance->group_count > FEW_GROUPS)
		return found;

	Assignment *other = assignment_copy(best->packed);

	pack_rename(other);
	search_trim(home, other, budget);
	if (found == NULL || moves_less(other, found)) {
		assignment_free(found);
		found = other;
	} else {
		assignment_free(other);
	}
	if (home->instance->group_count <= FEW_GROUPS && !exact_suits(home->instance))
		search_polish(home, found, budget);
	return found;
}

/* One part in so many of the bytes is not worth more moves, nor a longer search. */
#define GOOD_PART 400

/* Turns of the prices between looks at the bound, with drafts where groups are few. */
#define TURNS_LOOK 4

/* Less bytes may take more moves only when they are clearly less. */
static bool is_worth(const Assignment *draft, const Assignment *target)
{
	size_t moves = 0;
	size_t target_moves = 0;
	int64_t bytes = assignment_bytes(draft, &moves);
	int64_t target_bytes = assignment_bytes(target, &target_moves);

	return bytes < target_bytes - target_bytes / GOOD_PART ||
	       (bytes <= target_bytes && moves <= target_moves && (bytes < target_bytes || moves < target_moves));
}

static void try_draft(const Assignment *home, Prices *prices, const int64_t budget[], Assignment **target)
{
	Assignment *draft = search_from_draft(home, prices_draft(prices), budget);

	if (draft != NULL && is_worth(draft, *target)) {
		assignment_free(*target);
		*target = draft;
	} else {
		assignment_free(draft);
	}
}

/* Raises the bound, and lowers the bytes of the target, until they are near each other. */
static void improve(const Assignment *home, Prices *prices, const int64_t budget[], int64_t bound, Assignment **target)
{
	bool few = home->instance->group_count <= FEW_GROUPS;
	const Assignment *before = *target;
	size_t moves = 0;

	for (int turn = 1; assignment_bytes(*target, &moves) - bound > bound / GOOD_PART && prices_turn(prices); turn++) {
		if (turn % TURNS_LOOK != 0)
			continue;

		int64_t found = prices_bound(prices);

		bound = found > bound ? found : bound;
		if (few)
			try_draft(home, prices, budget, target);
	}
	if (!few)
		try_draft(home, prices, budget, target);
	else if (*target != before)
		search_polish(home, *target, budget);
}

/* ---- bounds --------------------------------------------------------------- */

/* Whatever is within the threshold of the best is within the threshold of what was reached. */
static void certify(const Assignment *home, const Best *best, double target, bool bytes_proven, Prices *prices,
                    BalancePlan *plan)
{
	double threshold = home->instance->problem->threshold;
	double allowed = best->reached * (1 + threshold);
	size_t moves = 0;

	plan->bounds.max_utilization = best->at_least;
	bound_moving(home, allowed, &plan->bounds.bytes, &plan->bounds.moves);
	if (prices != NULL && plan->bounds.bytes < plan->bytes) {
		prices_set_budget(prices, budgets_at(home->instance, allowed));

		int64_t bytes = prices_bound(prices);

		for (int turn = 1; plan->bytes - bytes > bytes / GOOD_PART && prices_turn(prices); turn++)
			if (turn % TURNS_LOOK == 0)
				bytes = prices_bound(prices);
		plan->bounds.bytes = bytes > plan->bounds.bytes ? bytes : plan->bounds.bytes;
	}
	if (!best->proven || !exact_suits(home->instance))
		return;
	if (bytes_proven)
		plan->bounds.bytes = plan->bytes;
	if (exact_moves(home, budgets_at(home->instance, target), plan->move_count, &moves) &&
	    (int64_t) moves > plan->bounds.moves)
		plan->bounds.moves = (int64_t) moves;
}

/* ---- the plan ------------------------------------------------------------- */

static void list_moves(const Assignment *target, Arena *arena, BalancePlan *plan)
{
	const Instance *instance = target->instance;
	size_t count = 0;

	plan->bytes = assignment_bytes(target, &count);

	BalanceMove *moves = arena_array(arena, count + 1, sizeof(*moves));

	for (uint32_t g = 0; g < instance->group_count; g++) {
		const BalanceGroup *group = &instance->groups[g];

		if (target->place[g] == group->node)
			continue;

		bool forced = instance_forced(instance, g);

		moves[plan->move_count++] = (BalanceMove) {g, group->node, target->place[g], forced, group->bytes};
		plan->forced_count += forced ? 1 : 0;
	}
	plan->moves = moves;
}

static void set_order(const Assignment *home, BalancePlan *plan, PlanNode nodes[])
{
	const Instance *instance = home->instance;
	double most = fmax(plan->max_utilization_before, plan->max_utilization);
	int64_t *limit = budgets_at(instance, most);
	int64_t *load = arena_array(instance->arena, instance->node_count + 1, sizeof(*load));

	for (uint32_t n = 0; n < instance->node_count; n++)
		if (!instance->open[n])
			limit[n] = INT64_MAX;
	plan->order_is_safe =
		order_moves(home, (BalanceMove *) (uintptr_t) plan->moves, plan->move_count, limit);
	plan->peak = most;
	for (uint32_t n = 0; n < instance->node_count; n++)
		load[n] = nodes[n].bytes_peak = home->load[n];
	for (size_t m = 0; m < plan->move_count; m++) {
		uint32_t to = plan->moves[m].to;

		load[plan->moves[m].from] -= plan->moves[m].bytes;
		load[to] += plan->moves[m].bytes;
		if (load[to] > nodes[to].bytes_peak)
			nodes[to].bytes_peak = load[to];
		plan->peak = fmax(plan->peak, (double) load[to] / instance->capacity[to]);
	}
}

static int64_t worst_spread(const Assignment *assignment)
{
	Spread *spread = spread_new(assignment);
	int64_t worst = spread_worst(spread);

	spread_free(spread);
	return worst;
}

static void describe(const Assignment *home, const Assignment *target, Arena *arena, BalancePlan *plan)
{
	const Instance *instance = home->instance;
	PlanNode *nodes = arena_array(arena, instance->node_count + 1, sizeof(*nodes));

	for (uint32_t n = 0; n < instance->node_count; n++) {
		nodes[n].bytes_before = home->load[n];
		nodes[n].bytes_after = target->load[n];
	}
	for (uint32_t g = 0; g < instance->group_count; g++) {
		nodes[home->place[g]].groups_before++;
		nodes[target->place[g]].groups_after++;
	}
	plan->nodes = nodes;
	plan->max_utilization_before = assignment_max(home, NULL);
	plan->max_utilization = assignment_max(target, NULL);
	list_moves(target, arena, plan);
	set_order(home, plan, nodes);
	plan->spread_before = worst_spread(home);
	plan->spread_after = plan->move_count > 0 ? worst_spread(target) : plan->spread_before;
}

static bool any_forced(const Instance *instance)
{
	for (uint32_t g = 0; g < instance->group_count; g++)
		if (instance_forced(instance, g))
			return true;
	return false;
}

/* The max utilization to aim at, of what is surely within the threshold. */
static double choose_aim(const Assignment *home, const Best *best, BalancePlan *plan)
{
	const BalanceProblem *problem = home->instance->problem;
	double now = assignment_max(home, NULL);

	plan->target = fmax(best->at_least * (1 + problem->threshold), best->reached);
	if (now <= plan->target || plan->target < now * (1 - problem->min_gain))
		return plan->target;
	plan->verdict = PLAN_NOT_WORTH;
	return now;
}

static void make(const Instance *instance, Arena *arena, BalancePlan *plan)
{
	Assignment *home = assignment_new(instance, true);
	Best best = find_best(instance);
	double aim = choose_aim(home, &best, plan);
	int64_t *budget = budgets_at(instance, aim);
	bool fits = true;
	bool proven = false;

	assignment_list(home);
	for (uint32_t n = 0; n < instance->node_count; n++)
		fits = fits && (!instance->open[n] || home->load[n] <= budget[n]);

	Assignment *target = NULL;
	Prices *prices = NULL;

	if (fits && !any_forced(instance)) {
		target = assignment_copy(home);
		proven = true;
	} else {
		target = find_target(home, &best, budget);
		if (exact_suits(instance))
			proven = exact_bytes(target, budget);
		if (!proven) {
			int64_t bytes = 0;
			int64_t moves = 0;

			bound_moving(home, aim, &bytes, &moves);
			prices = prices_new(home, budget, PRICES_OWN);
			improve(home, prices, budget, bytes, &target);
		}
	}
	describe(home, target, arena, plan);
	certify(home, &best, plan->target, proven && aim <= plan->target, prices, plan);
	if (plan->move_count > 0)
		plan->verdict = PLAN_MOVES;
	else if (plan->verdict != PLAN_NOT_WORTH)
		plan->verdict = PLAN_BALANCED;
	prices_free(prices);
	assignment_free(target);
	assignment_free(home);
	assignment_free(best.packed);
}

bool plan_make(Arena *arena, const BalanceProblem *problem, BalancePlan *plan, Err *err)
{
	Arena *scratch = arena_new();
	Instance instance;

	*plan = (BalancePlan) {.order_is_safe = true};

	bool ok = instance_make(&instance, scratch, problem, err);

	if (ok)
		make(&instance, arena, plan);
	arena_free(scratch);
	return ok;
}
