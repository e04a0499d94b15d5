/* The planner on published scenarios, on problems of middling size, and its schedule. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "balance/plan.h"
#include "balance/schedule.h"
#include "balance_random.h"

/* ---- scenarios of Citus' own tests ---------------------------------------- */

/*
 * nodes: "name/capacity", a leading - drains it.  groups: "node:bytes*count@allowed",
 * allowed being letters of nodes.  What Citus does is by its published test results.
 */
typedef struct Scenario {
	const char *name;
	double threshold;
	const char *nodes;
	const char *groups;
	double citus_max;
	int64_t citus_bytes;
	double max; /* ours */
	int64_t bytes;
	size_t moves;
} Scenario;

static const Scenario scenarios[] = {
	{"three on one of two", 0, "a b", "a:1*3", 2, 1, 2, 1, 1},
	{"drain of a balanced pair", 0, "-a b", "a:1*2 b:1*2", 4, 2, 4, 2, 2},
	{"a drained node is not refilled", 0, "-a b", "b:1*4", 4, 0, 4, 0, 0},
	{"three forced moves", 0, "a b c", "a:1*2@bc b:1@bc b:1@a c:1*2@bc", 3, 3, 3, 3, 3},
	{"two forced moves suffice", 0, "a b c", "a:1*2@bc b:1@bc b:1 c:1*2@bc", 3, 3, 3, 2, 2},
	{"the large one goes", 0, "a b", "a:1*3 a:3", 3, 3, 3, 3, 1},
	{"drain with a large one", 0, "-a b c", "a:1*3 a:3", 3, 6, 3, 6, 4},
	{"weight 3", 0, "a b/3", "a:1*4", 1, 3, 1, 3, 3},
	{"weight 3, balanced", 0, "a b/3", "a:1 b:1*2", 1, 0, 1, 0, 0},
	{"weight 3, no gain", 0, "a b/3", "b:1*3", 1, 1, 1, 0, 0},
	{"weight 2, no gain", 0, "a b/2", "a:1 b:1*4", 2, 1, 2, 0, 0},
	{"weight 2, balanced", 0, "a b/2", "a:1*2 b:1*3", 2, 0, 2, 0, 0},
	{"weight 4", 0, "a b/4", "a:1*3", 0.75, 3, 0.75, 3, 3},
	{"weight 3, one too many", 0, "a b/3", "b:1*4", 1, 1, 1, 1, 1},
	{"weight 3, sizes", 0, "a b/3", "b:1 b:3", 1, 1, 1, 1, 1},
	{"weight 3, two go", 0, "a b/3", "a:1*2 a:2", 1, 3, 1, 3, 2},
	{"no group twice", 0, "a b/5 c", "c:1@ab c:2@ab", 0.6, 4, 0.6, 3, 2},
	{"half of the large", 0, "a b", "a:20*2 b:100 b:50", 100, 50, 100, 50, 1},
	{"a swap", 0, "a b", "a:40*2 b:100*2", 200, 0, 140, 140, 2},
	{"within a wide threshold", 0.6, "a b/2", "a:20 a:10*2 b:100 b:50*2", 80, 60, 100, 0, 0},
};

static BalanceProblem *problem_of(const Scenario *scenario)
{
	BalanceProblem *problem = problem_new();
	char name[2] = "";
	int used = 0;

	problem->threshold = scenario->threshold;
	for (const char *at = scenario->nodes; *at != '\0'; at += used) {
		double capacity = 1;
		bool drained = *at == '-';

		at += drained ? 1 : 0;
		name[0] = *at;
		used = 1;
		if (at[1] == '/')
			ck_assert(sscanf(at + 2, "%lf%n", &capacity, &used) == 1 && (used += 2) > 0);
		problem_add_node(problem, name, capacity, !drained);
		used += at[used] == ' ' ? 1 : 0;
	}
	for (const char *at = scenario->groups; *at != '\0'; at += used) {
		long long bytes = 0;
		int count = 1;
		uint32_t allowed[8];
		size_t allowed_count = 0;
		BalanceGroup group = {.node = (uint32_t) (*at - 'a')};

		ck_assert(sscanf(at + 2, "%lld%n", &bytes, &used) == 1);
		used += 2;
		if (at[used] == '*')
			count = at[used + 1] - '0';
		used += at[used] == '*' ? 2 : 0;
		if (at[used] == '@')
			for (used++; at[used] >= 'a' && at[used] <= 'z'; used++)
				allowed[allowed_count++] = (uint32_t) (at[used] - 'a');
		used += at[used] == ' ' ? 1 : 0;
		group.bytes = bytes;
		group.allowed = allowed_count > 0 ? problem_set(problem, allowed, allowed_count) : NODES_ALL;
		for (int i = 0; i < count; i++)
			problem_add_group(problem, group);
	}
	return problem;
}

START_TEST(published_scenarios_are_planned_as_well_or_better)
{
	const Scenario *s = &scenarios[_i];
	BalanceProblem *problem = problem_of(s);
	Arena *arena = arena_new();
	BalancePlan plan;
	Err err = ERR_INIT;
	bool citus_is_within = false;

	ck_assert_msg(plan_make(arena, problem, &plan, &err), "%s: %s", s->name, err.message);
	expect_sound(problem, &plan);
	citus_is_within = s->citus_max <= plan.bounds.max_utilization * (1 + s->threshold) * (1 + 1e-12);
	ck_assert_msg(fabs(plan.max_utilization - s->max) < 1e-9, "%s: max %f", s->name, plan.max_utilization);
	ck_assert_msg(plan.bytes == s->bytes, "%s: %lld bytes", s->name, (long long) plan.bytes);
	ck_assert_msg(plan.move_count == s->moves, "%s: %zu moves", s->name, plan.move_count);
	ck_assert_msg(citus_is_within ? plan.bytes <= s->citus_bytes : plan.max_utilization < s->citus_max, "%s",
	              s->name);
	arena_free(arena);
	problem_free(problem);
}
END_TEST

START_TEST(a_group_allowed_nowhere_is_named)
{
	BalanceProblem *problem = problem_of(&(Scenario) {.nodes = "a -b", .groups = "a:1 b:2 a:3@b"});
	Arena *arena = arena_new();
	BalancePlan plan;
	Err err = ERR_INIT;

	ck_assert(!plan_make(arena, problem, &plan, &err));
	ck_assert_int_eq(err.kind, ERR_USAGE);
	ck_assert_str_eq(err.message, "shard group #2 (on node \"a\") is allowed on no node that takes shards");
	ck_assert_ptr_nonnull(strstr(err.hint, "\"b\""));
	err_clear(&err);
	arena_free(arena);
	problem_free(problem);
}
END_TEST

/* ---- middling sizes ------------------------------------------------------- */

static void expect_same(const BalancePlan *a, const BalancePlan *b)
{
	ck_assert(a->move_count == b->move_count && a->bytes == b->bytes);
	for (size_t m = 0; m < a->move_count; m++)
		ck_assert(a->moves[m].group == b->moves[m].group && a->moves[m].to == b->moves[m].to);
}

static void expect_finished(const BalanceProblem *problem, const BalancePlan *plan, Arena *arena)
{
	BalanceProblem *after = problem_after(problem, plan);
	BalancePlan again;
	Err err = ERR_INIT;

	ck_assert(plan_make(arena, after, &again, &err));
	ck_assert_uint_eq(again.move_count, 0);
	problem_free(after);
}

/* Starts what may start, ends one by chance, and looks at every moment. */
static void expect_scheduled(const BalanceProblem *problem, const BalancePlan *plan, uint64_t *seed)
{
	ScheduleLimits limits = {1 + random_below(seed, 6), 1 + random_below(seed, 3)};
	BalanceSchedule *schedule = schedule_new(problem, plan, limits);
	size_t running[8];
	size_t count = 0;
	size_t done = 0;
	double load[64];
	double most = fmax(plan->max_utilization_before, plan->peak) * (1 + 1e-9);

	for (uint32_t n = 0; n < problem->node_count; n++)
		load[n] = (double) plan->nodes[n].bytes_before;
	while (done < plan->move_count) {
		while (count < 8 && schedule_next(schedule, &running[count])) {
			load[plan->moves[running[count]].to] += (double) plan->moves[running[count]].bytes;
			ck_assert(load[plan->moves[running[count]].to] <=
			          most * problem->nodes[plan->moves[running[count]].to].capacity + 1);
			count++;
		}
		ck_assert(count > 0 && count <= limits.jobs && count == schedule_running(schedule));

		size_t which = random_below(seed, (uint32_t) count);
		bool retry = random_below(seed, 10) == 0;
		const BalanceMove *move = &plan->moves[running[which]];

		load[retry ? move->to : move->from] -= (double) move->bytes;
		schedule_end(schedule, running[which], retry ? MOVE_RETRY : MOVE_DONE);
		running[which] = running[--count];
		done += retry ? 0 : 1;
	}
	ck_assert_uint_eq(schedule_waiting(schedule), 0);
	schedule_free(schedule);
}

static void try_shape(uint64_t seed, int count, RandomShape shape)
{
	int planned = 0;

	for (int i = 0; i < count; i++) {
		BalanceProblem *problem = random_problem(&seed, shape);
		Arena *arena = arena_new();
		BalancePlan plan;
		BalancePlan same;
		Err err = ERR_INIT;

		if (plan_make(arena, problem, &plan, &err)) {
			planned++;
			expect_sound(problem, &plan);
			ck_assert(plan.max_utilization <= plan.target * (1 + 1e-9) + 1e-9);
			ck_assert_msg(plan.bounds.bytes <= plan.bytes && plan.bounds.moves <= (int64_t) plan.move_count, "problem %d: bytes %lld of %lld, moves %lld of %zu", i, (long long) plan.bounds.bytes, (long long) plan.bytes, (long long) plan.bounds.moves, plan.move_count);
			ck_assert(plan_make(arena, problem, &same, &err));
			expect_same(&plan, &same);
			expect_finished(problem, &plan, arena);
			expect_scheduled(problem, &plan, &seed);
		} else {
			ck_assert_int_eq(err.kind, ERR_USAGE);
		}
		err_clear(&err);
		arena_free(arena);
		problem_free(problem);
	}
	ck_assert_int_gt(planned, count / 2);
}

START_TEST(plans_of_few_groups_are_sound)
{
	try_shape(11, 150, (RandomShape) {6, 40, 1000, true, true, false});
}
END_TEST

START_TEST(plans_of_middling_size_are_sound)
{
	try_shape(12, 60, (RandomShape) {12, 400, 1000000, false, true, false});
}
END_TEST

START_TEST(plans_with_many_rules_are_sound)
{
	try_shape(13, 60, (RandomShape) {20, 600, 1000000, true, true, false});
}
END_TEST

/* Where a group can be as large as a node, what it pushes out matters. */
START_TEST(plans_of_large_groups_are_sound)
{
	try_shape(15, 120, (RandomShape) {12, 150, 1000000000, false, true, true});
}
END_TEST

START_TEST(plans_of_large_groups_with_rules_are_sound)
{
	try_shape(16, 60, (RandomShape) {30, 900, 1000000000, true, true, true});
}
END_TEST

/* Hundreds of groups a node: most are too small to be looked at one by one. */
START_TEST(plans_of_many_groups_on_few_nodes_are_sound)
{
	try_shape(17, 40, (RandomShape) {3, 1200, 1000000, true, true, false});
	try_shape(18, 40, (RandomShape) {4, 1200, 1000000000, false, true, true});
}
END_TEST

START_TEST(plans_of_thousands_are_sound)
{
	try_shape(14, 6, (RandomShape) {60, 9000, 1000000, false, false, false});
}
END_TEST

/* ---- hysteresis ----------------------------------------------------------- */

START_TEST(noise_moves_nothing_within_min_gain)
{
	BalanceProblem *problem = problem_new();
	Arena *arena = arena_new();
	BalancePlan plan;
	Err err = ERR_INIT;
	uint64_t seed = 5;

	problem->min_gain = 0.02;
	for (int n = 0; n < 4; n++)
		problem_add_node(problem, "n", 1, true);
	for (int g = 0; g < 400; g++)
		problem_add_group(problem, (BalanceGroup) {.bytes = 1000000 + random_below(&seed, 1000000),
		                                           .node = random_below(&seed, 3)});
	ck_assert(plan_make(arena, problem, &plan, &err));
	ck_assert_int_eq(plan.verdict, PLAN_MOVES);

	BalanceProblem *after = problem_after(problem, &plan);
	BalanceProblem *noisy = problem_new();

	noisy->min_gain = 0.02;
	for (int n = 0; n < 4; n++)
		problem_add_node(noisy, "n", 1, true);
	for (uint32_t g = 0; g < after->group_count; g++) {
		BalanceGroup group = after->groups[g];

		group.bytes += group.bytes * ((int64_t) random_below(&seed, 101) - 50) / 1000;
		problem_add_group(noisy, group);
	}
	ck_assert(plan_make(arena, noisy, &plan, &err));
	ck_assert_uint_eq(plan.move_count, 0);
	noisy->min_gain = 0;
	ck_assert(plan_make(arena, noisy, &plan, &err));
	ck_assert_int_eq(plan.verdict, PLAN_MOVES); /* or the test shows nothing */
	problem_free(noisy);
	problem_free(after);
	problem_free(problem);
	arena_free(arena);
}
END_TEST

/* ---- spread --------------------------------------------------------------- */

START_TEST(colocation_groups_stay_spread)
{
	BalanceProblem *problem = problem_new();
	Arena *arena = arena_new();
	BalancePlan plan;
	Err err = ERR_INIT;
	size_t of_family[4] = {0};

	problem->threshold = 0;
	for (int n = 0; n < 4; n++)
		problem_add_node(problem, "n", 1, true);
	for (uint32_t g = 0; g < 384; g++)
		problem_add_group(problem, (BalanceGroup) {.bytes = 1000, .node = g % 3, .colocation = g / 3 % 4});
	ck_assert(plan_make(arena, problem, &plan, &err));
	ck_assert_uint_eq(plan.move_count, 96);
	for (size_t m = 0; m < plan.move_count; m++)
		of_family[problem->groups[plan.moves[m].group].colocation]++;
	for (int f = 0; f < 4; f++)
		ck_assert_uint_eq(of_family[f], 24);
	ck_assert_int_eq(plan.spread_after, 0);
	problem_free(problem);
	arena_free(arena);
}
END_TEST

/* ---- schedule ------------------------------------------------------------- */

START_TEST(a_failed_move_holds_back_what_needs_its_room)
{
	BalanceProblem *problem = problem_of(&(Scenario) {.nodes = "a b", .groups = "a:40*2 b:100*2"});
	Arena *arena = arena_new();
	BalancePlan plan;
	Err err = ERR_INIT;
	size_t move = 9;

	ck_assert(plan_make(arena, problem, &plan, &err));
	ck_assert_uint_eq(plan.move_count, 2);

	BalanceSchedule *schedule = schedule_new(problem, &plan, (ScheduleLimits) {4, 4});

	ck_assert(schedule_next(schedule, &move));
	ck_assert_int_eq(plan.moves[move].bytes, 100);
	ck_assert(!schedule_next(schedule, &move)); /* 240 bytes would be on b */
	schedule_end(schedule, move, MOVE_FAILED);
	ck_assert(!schedule_next(schedule, &move));
	ck_assert_uint_eq(schedule_waiting(schedule), 1);
	ck_assert(schedule_first_waiting(schedule, &move) && plan.moves[move].bytes == 40);
	schedule_free(schedule);
	problem_free(problem);
	arena_free(arena);
}
END_TEST

Suite *plan_suite(void)
{
	Suite *suite = suite_create("plan");
	TCase *tests = tcase_create("plan");

	tcase_set_timeout(tests, 240);
	tcase_add_loop_test(tests, published_scenarios_are_planned_as_well_or_better, 0,
	                    sizeof(scenarios) / sizeof(scenarios[0]));
	tcase_add_test(tests, a_group_allowed_nowhere_is_named);
	tcase_add_test(tests, plans_of_few_groups_are_sound);
	tcase_add_test(tests, plans_of_middling_size_are_sound);
	tcase_add_test(tests, plans_with_many_rules_are_sound);
	tcase_add_test(tests, plans_of_large_groups_are_sound);
	tcase_add_test(tests, plans_of_large_groups_with_rules_are_sound);
	tcase_add_test(tests, plans_of_many_groups_on_few_nodes_are_sound);
	tcase_add_test(tests, plans_of_thousands_are_sound);
	tcase_add_test(tests, noise_moves_nothing_within_min_gain);
	tcase_add_test(tests, colocation_groups_stay_spread);
	tcase_add_test(tests, a_failed_move_holds_back_what_needs_its_room);
	suite_add_tcase(suite, tests);
	return suite;
}
