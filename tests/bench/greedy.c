#include "greedy.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What is balanced together. */
typedef struct State {
	const BalanceProblem *problem;
	uint32_t *groups; /* the largest first */
	uint32_t count;
	uint32_t *place;  /* of all groups of the problem */
	double *load;     /* of this state's groups on each node */
	uint32_t *by_load;
	uint32_t node_count; /* in by_load */
	GreedyResult *result;
} State;

static double utilization(const State *s, uint32_t node)
{
	return s->load[node] / s->problem->nodes[node].capacity;
}

static void move(State *s, uint32_t group, uint32_t to)
{
	double bytes = (double) s->problem->groups[group].bytes;

	s->load[s->place[group]] -= bytes;
	s->load[to] += bytes;
	s->place[group] = to;
	s->result->bytes += s->problem->groups[group].bytes;
	s->result->moves++;
}

/* Open nodes, the emptiest first. */
static void sort_nodes(State *s)
{
	for (uint32_t i = 1; i < s->node_count; i++) {
		uint32_t node = s->by_load[i];
		uint32_t at = i;

		for (; at > 0 && utilization(s, s->by_load[at - 1]) > utilization(s, node); at--)
			s->by_load[at] = s->by_load[at - 1];
		s->by_load[at] = node;
	}
}

static void move_what_may_not_stay(State *s)
{
	for (uint32_t i = 0; i < s->count; i++) {
		const BalanceGroup *group = &s->problem->groups[s->groups[i]];

		if (problem_may_hold(s->problem, s->place[s->groups[i]], group))
			continue;
		sort_nodes(s);
		for (uint32_t n = 0; n < s->node_count; n++) {
			if (problem_may_hold(s->problem, s->by_load[n], group)) {
				move(s, s->groups[i], s->by_load[n]);
				break;
			}
		}
	}
}

typedef struct Limits {
	double lower, upper, improvement;
} Limits;

/* Whether moving these bytes is good enough. */
static bool helps(const State *s, uint32_t from, uint32_t to, double bytes, const Limits *limits)
{
	double source = utilization(s, from);
	double target = utilization(s, to);
	double new_source = (s->load[from] - bytes) / s->problem->nodes[from].capacity;
	double new_target = (s->load[to] + bytes) / s->problem->nodes[to].capacity;

	if (new_target <= source && new_target <= new_source)
		return true;
	if (new_target > source || (new_target >= source && new_source > limits->lower))
		return false;

	double improvement = fmax(source - new_target, new_source - target);
	double added = fmin(new_target - target, source - new_source);

	return added > 0 && improvement / added >= limits->improvement;
}

static bool one_move(State *s, const Limits *limits)
{
	sort_nodes(s);
	for (uint32_t f = s->node_count; f-- > 0;) {
		uint32_t from = s->by_load[f];

		if (utilization(s, from) <= limits->lower)
			return false;
		for (uint32_t t = 0; t < s->node_count; t++) {
			uint32_t to = s->by_load[t];

			if (utilization(s, to) >= limits->upper ||
			    (utilization(s, to) >= limits->lower && utilization(s, from) <= limits->upper))
				break;
			for (uint32_t i = 0; i < s->count; i++) {
				uint32_t group = s->groups[i];

				if (s->place[group] == from && to != from &&
				    problem_may_hold(s->problem, to, &s->problem->groups[group]) &&
				    helps(s, from, to, (double) s->problem->groups[group].bytes, limits)) {
					move(s, group, to);
					return true;
				}
			}
		}
	}
	return false;
}

static void balance(State *s, double threshold, double improvement)
{
	double total = 0;
	double capacity = 0;

	memset(s->load, 0, s->problem->node_count * sizeof(*s->load));
	for (uint32_t i = 0; i < s->count; i++)
		s->load[s->place[s->groups[i]]] += (double) s->problem->groups[s->groups[i]].bytes;
	move_what_may_not_stay(s);
	for (uint32_t n = 0; n < s->node_count; n++) {
		total += s->load[s->by_load[n]];
		capacity += s->problem->nodes[s->by_load[n]].capacity;
	}

	Limits limits = {(1 - threshold) * total / capacity, (1 + threshold) * total / capacity, improvement};

	for (uint32_t moves = 0; moves < 100 * s->count && one_move(s, &limits); moves++)
		;
}

static const BalanceProblem *sorting;

static int compare_groups(const void *a, const void *b)
{
	const BalanceGroup *x = &sorting->groups[*(const uint32_t *) a];
	const BalanceGroup *y = &sorting->groups[*(const uint32_t *) b];

	if (x->colocation != y->colocation)
		return x->colocation < y->colocation ? -1 : 1;
	return x->bytes > y->bytes ? -1 : x->bytes < y->bytes;
}

static int compare_sizes(const void *a, const void *b)
{
	int64_t x = sorting->groups[*(const uint32_t *) a].bytes;
	int64_t y = sorting->groups[*(const uint32_t *) b].bytes;

	return x > y ? -1 : x < y;
}

GreedyResult greedy_plan(const BalanceProblem *problem, double improvement_threshold)
{
	GreedyResult result = {0};
	uint32_t count = (uint32_t) problem->group_count;
	uint32_t *order = malloc((count + 1) * sizeof(*order));
	uint32_t *small = malloc((count + 1) * sizeof(*small));
	State s = {.problem = problem,
	           .place = malloc((count + 1) * sizeof(uint32_t)),
	           .load = calloc(problem->node_count, sizeof(double)),
	           .by_load = malloc(problem->node_count * sizeof(uint32_t)),
	           .result = &result};
	uint32_t small_count = 0;

	for (uint32_t n = 0; n < problem->node_count; n++)
		if (problem_node_open(problem, n))
			s.by_load[s.node_count++] = n;
	for (uint32_t g = 0; g < count; g++) {
		order[g] = g;
		s.place[g] = problem->groups[g].node;
	}
	sorting = problem;
	qsort(order, count, sizeof(*order), compare_groups);
	for (uint32_t from = 0, to = 0; from < count; from = to) {
		while (to < count && problem->groups[order[to]].colocation == problem->groups[order[from]].colocation)
			to++;
		if (to - from < s.node_count) {
			memcpy(&small[small_count], &order[from], (to - from) * sizeof(*small));
			small_count += to - from;
			continue;
		}
		s.groups = &order[from];
		s.count = to - from;
		balance(&s, problem->threshold, improvement_threshold);
	}
	qsort(small, small_count, sizeof(*small), compare_sizes);
	s.groups = small;
	s.count = small_count;
	if (small_count > 0)
		balance(&s, problem->threshold, improvement_threshold);
	memset(s.load, 0, problem->node_count * sizeof(*s.load));
	for (uint32_t g = 0; g < count; g++)
		s.load[s.place[g]] += (double) problem->groups[g].bytes;
	for (uint32_t n = 0; n < s.node_count; n++)
		result.max_utilization = fmax(result.max_utilization, utilization(&s, s.by_load[n]));
	free(order);
	free(small);
	free(s.place);
	free(s.load);
	free(s.by_load);
	return result;
}
