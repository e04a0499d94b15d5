/*
 * The planner against brute force: every assignment of thousands of small
 * problems is looked at, so that bounds, optimality and orders are proven there.
 */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "balance/bound.h"
#include "balance/plan.h"
#include "balance/price.h"
#include "balance_random.h"

#define PROBLEMS 2500

/* What brute force finds. */
typedef struct Truth {
	bool feasible;
	double best;
	int64_t bytes;         /* the fewest within the threshold */
	int64_t bytes_moves;   /* the fewest moves with so many bytes */
	int64_t moves;         /* the fewest moves within the threshold */
} Truth;

typedef struct Brute {
	const BalanceProblem *problem;
	double limit; /* of utilization; 0: look for the best */
	int64_t load[8];
	int64_t bytes, moves;
	Truth truth;
} Brute;

static double fullest(const Brute *b)
{
	double most = 0;

	for (uint32_t n = 0; n < b->problem->node_count; n++)
		if (problem_node_open(b->problem, n))
			most = fmax(most, (double) b->load[n] / b->problem->nodes[n].capacity);
	return most;
}

static void judge(Brute *b)
{
	double most = fullest(b);

	if (b->limit <= 0) {
		b->truth.best = !b->truth.feasible || most < b->truth.best ? most : b->truth.best;
		b->truth.feasible = true;
		return;
	}
	if (most > b->limit)
		return;
	if (b->bytes < b->truth.bytes || (b->bytes == b->truth.bytes && b->moves < b->truth.bytes_moves)) {
		b->truth.bytes = b->bytes;
		b->truth.bytes_moves = b->moves;
	}
	b->truth.moves = b->moves < b->truth.moves ? b->moves : b->truth.moves;
}

static void enumerate(Brute *b, uint32_t group)
{
	if (group == b->problem->group_count) {
		judge(b);
		return;
	}

	const BalanceGroup *g = &b->problem->groups[group];

	for (uint32_t n = 0; n < b->problem->node_count; n++) {
		if (!problem_may_hold(b->problem, n, g))
			continue;
		b->load[n] += g->bytes;
		b->bytes += n != g->node ? g->bytes : 0;
		b->moves += n != g->node ? 1 : 0;
		enumerate(b, group + 1);
		b->load[n] -= g->bytes;
		b->bytes -= n != g->node ? g->bytes : 0;
		b->moves -= n != g->node ? 1 : 0;
	}
}

static Truth brute_force(const BalanceProblem *problem)
{
	Brute b = {.problem = problem, .truth = {.bytes = INT64_MAX, .moves = INT64_MAX}};

	enumerate(&b, 0);
	if (!b.truth.feasible)
		return b.truth;
	b.limit = b.truth.best * (1 + problem->threshold) * (1 + 1e-12) + 1e-12;
	enumerate(&b, 0);
	return b.truth;
}

/* Whether any order of the moves keeps the limit. */
static bool some_order(const BalanceProblem *problem, const BalancePlan *plan, BalanceMove moves[], size_t at)
{
	if (at == plan->move_count)
		return order_keeps_limit(problem, plan, moves);
	for (size_t i = at; i < plan->move_count; i++) {
		BalanceMove swap = moves[at];
		bool found = false;

		moves[at] = moves[i];
		moves[i] = swap;
		found = some_order(problem, plan, moves, at + 1);
		moves[i] = moves[at];
		moves[at] = swap;
		if (found)
			return true;
	}
	return false;
}

static void expect_order(const BalanceProblem *problem, const BalancePlan *plan)
{
	BalanceMove moves[8];

	if (plan->order_is_safe || plan->move_count == 0)
		return;
	memcpy(moves, plan->moves, plan->move_count * sizeof(*moves));
	ck_assert(!some_order(problem, plan, moves, 0));
}

/* Whatever the prices are, and however much of a node is sand. */
static void expect_prices(const Assignment *home, const Truth *truth)
{
	const Instance *instance = home->instance;
	double within = truth->best * (1 + home->instance->problem->threshold);
	int64_t budget[8] = {0};

	for (uint32_t n = 0; n < instance->node_count; n++)
		budget[n] = instance->open[n] ? bytes_at(within, instance->capacity[n]) : 0;
	for (uint32_t own = 0; own <= 4; own += own + 1) {
		Prices *prices = prices_new(home, budget, own);

		for (int turn = 0; turn < 20 && prices_turn(prices); turn++)
			ck_assert(prices_bound(prices) <= truth->bytes);
		prices_set_budget(prices, budget);
		ck_assert(prices_bound(prices) <= truth->bytes);
		while (prices_turn(prices))
			ck_assert(prices_bound(prices) <= truth->bytes);
		prices_free(prices);
	}
}

/* The bounds by themselves, without the search that replaces them by the truth. */
static void expect_bounds(const BalanceProblem *problem, const Truth *truth)
{
	Arena *arena = arena_new();
	Err err = ERR_INIT;
	Instance instance;
	int64_t bytes = 0;
	int64_t moves = 0;

	ck_assert(instance_make(&instance, arena, problem, &err));
	ck_assert(bound_utilization(&instance) <= truth->best * (1 + 1e-12));

	Assignment *home = assignment_new(&instance, true);

	assignment_list(home);
	bound_moving(home, truth->best * (1 + problem->threshold), &bytes, &moves);
	ck_assert(bytes <= truth->bytes && moves <= truth->moves);
	expect_prices(home, truth);
	assignment_free(home);
	arena_free(arena);
}

static void expect_nothing_left(const BalanceProblem *problem, const BalancePlan *plan)
{
	BalanceProblem *after = problem_after(problem, plan);
	Arena *arena = arena_new();
	BalancePlan again;
	Err err = ERR_INIT;

	ck_assert(plan_make(arena, after, &again, &err));
	ck_assert(again.move_count == 0 && again.verdict == PLAN_BALANCED);
	arena_free(arena);
	problem_free(after);
}

static void compare(const BalanceProblem *problem)
{
	Truth truth = brute_force(problem);
	Arena *arena = arena_new();
	BalancePlan plan;
	Err err = ERR_INIT;
	bool ok = plan_make(arena, problem, &plan, &err);

	ck_assert(ok == truth.feasible && (ok || err.kind == ERR_USAGE));
	if (ok) {
		expect_sound(problem, &plan);
		expect_bounds(problem, &truth);
		ck_assert(plan.max_utilization <= truth.best * (1 + problem->threshold) * (1 + 1e-12));
		ck_assert(plan.bounds.max_utilization <= truth.best && plan.bounds.max_utilization >= truth.best * (1 - 1e-12));
		ck_assert_int_eq(plan.bytes, truth.bytes);
		ck_assert_int_eq(plan.bounds.bytes, truth.bytes);
		ck_assert_int_eq((int64_t) plan.move_count, truth.bytes_moves);
		ck_assert_int_eq(plan.bounds.moves, truth.moves);
		expect_order(problem, &plan);
		expect_nothing_left(problem, &plan);
	}
	err_clear(&err);
	arena_free(arena);
}

static void compare_many(uint64_t seed, RandomShape shape)
{
	for (int i = 0; i < PROBLEMS; i++) {
		BalanceProblem *problem = random_problem(&seed, shape);

		compare(problem);
		problem_free(problem);
	}
}

START_TEST(alike_nodes_get_the_optimum)
{
	compare_many(1, (RandomShape) {4, 7, 20, false, false, false});
}
END_TEST

START_TEST(weighted_nodes_get_the_optimum)
{
	compare_many(2, (RandomShape) {4, 7, 1000, false, true, false});
}
END_TEST

START_TEST(rules_and_drains_get_the_optimum)
{
	compare_many(3, (RandomShape) {4, 7, 20, true, false, false});
}
END_TEST

START_TEST(weights_with_rules_get_the_optimum)
{
	compare_many(4, (RandomShape) {4, 7, 1000000000, true, true, false});
}
END_TEST

START_TEST(large_groups_get_the_optimum)
{
	compare_many(5, (RandomShape) {4, 7, 1000000, true, true, true});
}
END_TEST

Suite *plan_optimal_suite(void)
{
	Suite *suite = suite_create("plan_optimal");
	TCase *tests = tcase_create("plan_optimal");

	tcase_set_timeout(tests, 240);
	tcase_add_test(tests, alike_nodes_get_the_optimum);
	tcase_add_test(tests, weighted_nodes_get_the_optimum);
	tcase_add_test(tests, rules_and_drains_get_the_optimum);
	tcase_add_test(tests, weights_with_rules_get_the_optimum);
	tcase_add_test(tests, large_groups_get_the_optimum);
	suite_add_tcase(suite, tests);
	return suite;
}
