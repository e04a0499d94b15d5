/*
 * How good the planner's plans are and how long they take: a table over sizes,
 * nodes and events, beside a greedy planner by Citus' rules where that ends in a
 * sensible time.
 *
 *   planner [quick]      quick: without the largest instances
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "balance/plan.h"
#include "greedy.h"
#include "util/clock.h"

typedef enum Sizes { EQUAL, LOGNORMAL, ZIPF, BIMODAL, SIZES } Sizes;
typedef enum Event { SCALE_OUT, DRAIN, DRIFT, EVENTS } Event;

static const char *const size_names[] = {"equal", "lognormal", "Zipf", "bimodal"};
static const char *const event_names[] = {"scale-out", "drain", "drift"};

typedef struct Setting {
	uint32_t nodes; /* after the event */
	uint32_t per_node;
	Sizes sizes;
	Event event;
	bool weighted;
} Setting;

static uint64_t seed;

static double uniform(void)
{
	seed = seed * 6364136223846793005U + 1442695040888963407U;
	return ((double) (seed >> 11) + 0.5) / 9007199254740992.0;
}

static double normal(void)
{
	return sqrt(-2 * log(uniform())) * cos(6.283185307179586 * uniform());
}

/* Bytes of one of count groups; about 100 MB on average. */
static double size_of(Sizes sizes, uint32_t index, uint32_t count)
{
	switch (sizes) {
		case LOGNORMAL:
			return 1e8 * exp(normal());
		case ZIPF: /* shuffled by the placement */
			return 1e8 * count / 10.0 / pow(1 + (double) index, 0.8) / pow(count, 0.2);
		case BIMODAL:
			return uniform() < 0.05 ? 1e9 * (0.8 + 0.4 * uniform()) : 5e7 * (0.8 + 0.4 * uniform());
		default:
			return 1e8;
	}
}

typedef struct Slot {
	double utilization;
	uint32_t node;
} Slot;

static void sift(Slot heap[], uint32_t count)
{
	Slot top = heap[0];
	uint32_t at = 0;

	for (;;) {
		uint32_t child = 2 * at + 1;

		if (child + 1 < count && heap[child + 1].utilization < heap[child].utilization)
			child++;
		if (child >= count || heap[child].utilization >= top.utilization)
			break;
		heap[at] = heap[child];
		at = child;
	}
	heap[at] = top;
}

static int descending(const void *a, const void *b)
{
	int64_t x = *(const int64_t *) a;
	int64_t y = *(const int64_t *) b;

	return x > y ? -1 : x < y;
}

/* Balanced on the old nodes, then the event. */
static BalanceProblem *make_problem(const Setting *s)
{
	BalanceProblem *problem = problem_new();
	uint32_t changed = s->nodes / 10 > 0 ? s->nodes / 10 : 1; /* a tenth of the nodes come or go */
	uint32_t all = s->event == DRAIN ? s->nodes + changed : s->nodes;
	uint32_t old = s->event == SCALE_OUT ? s->nodes - changed : all;
	uint32_t count = s->nodes * s->per_node;
	int64_t *bytes = malloc(count * sizeof(*bytes));
	Slot *heap = malloc(all * sizeof(*heap));

	for (uint32_t n = 0; n < all; n++) {
		char name[16];

		snprintf(name, sizeof(name), "n%u", n);
		problem_add_node(problem, name, s->weighted ? 1 << n % 3 : 1, n < s->nodes);
		heap[n] = (Slot) {0, n};
	}
	for (uint32_t g = 0; g < count; g++)
		bytes[g] = (int64_t) size_of(s->sizes, g, count) + 1;
	qsort(bytes, count, sizeof(*bytes), descending);
	problem_reserve(problem, count);
	for (uint32_t g = 0; g < count; g++) {
		BalanceGroup group = {.bytes = bytes[g], .colocation = g % 4, .node = heap[0].node};

		heap[0].utilization += (double) bytes[g] / problem->nodes[group.node].capacity;
		sift(heap, old);
		if (s->event == DRIFT)
			group.bytes = (int64_t) ((double) group.bytes * exp(0.5 * normal())) + 1;
		problem_add_group(problem, group);
	}
	free(bytes);
	free(heap);
	return problem;
}

/* What came out, for the verdicts at the end. */
typedef struct Outcome {
	Setting setting;
	double bytes; /* against the bound */
	double ms;
	long mb;
} Outcome;

/* Against the bound; infinite where nothing is needed and something is done. */
static double over(double value, double bound)
{
	return bound > 0 ? value / bound : value > 0 ? INFINITY : 1;
}

static void print_header(void)
{
	printf("%-9s %-9s %-8s %7s %5s | %8s %8s %8s %7s %6s | %8s %8s\n", "event", "sizes", "nodes", "groups",
	       "nodes", "max", "bytes", "moves", "ms", "MB", "greedy's", "its");
	printf("%-9s %-9s %-8s %7s %5s | %8s %8s %8s %7s %6s | %8s %8s\n", "", "", "", "", "", "/ bound", "/ bound",
	       "/ bound", "", "", "max", "bytes");
}

/* In a process of its own, which tells how much memory it took. */
static Outcome measure(const Setting *s)
{
	BalanceProblem *problem = make_problem(s);
	Arena *arena = arena_new();
	BalancePlan plan;
	Err err = ERR_INIT;
	int64_t from = clock_us();

	if (!plan_make(arena, problem, &plan, &err)) {
		printf("%s\n", err.message);
		exit(1);
	}

	double took = (double) (clock_us() - from) / 1e3;
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	printf("%-9s %-9s %-8s %7zu %5zu | %8.4f %8.4f %8.3f %7.1f %6ld | ", event_names[s->event],
	       size_names[s->sizes], s->weighted ? "weighted" : "alike", problem->group_count, problem->node_count,
	       over(plan.max_utilization, plan.bounds.max_utilization), over((double) plan.bytes, (double) plan.bounds.bytes),
	       over((double) plan.move_count, (double) plan.bounds.moves), took, usage.ru_maxrss / 1024);
	if (problem->group_count <= 10000) {
		GreedyResult greedy = greedy_plan(problem, 0.5);

		printf("%8.4f %8.4f", over(greedy.max_utilization, plan.bounds.max_utilization),
		       over((double) greedy.bytes, (double) plan.bounds.bytes));
	} else {
		printf("%8s %8s", "-", "-");
	}
	printf("%s\n", plan.order_is_safe ? "" : "  no safe order");

	Outcome outcome = {*s, over((double) plan.bytes, (double) plan.bounds.bytes), took, usage.ru_maxrss / 1024};

	problem_free(problem);
	arena_free(arena);
	return outcome;
}

static Outcome apart(const Setting *s)
{
	Outcome outcome;
	int ends[2];
	int status = 0;

	fflush(stdout);
	if (pipe(ends) != 0)
		exit(1);

	pid_t child = fork();

	if (child == 0) {
		seed = 42;
		outcome = measure(s);
		fflush(stdout);
		_exit(write(ends[1], &outcome, sizeof(outcome)) == (ssize_t) sizeof(outcome) ? 0 : 1);
	}
	waitpid(child, &status, 0);
	if (status != 0 || read(ends[0], &outcome, sizeof(outcome)) != (ssize_t) sizeof(outcome))
		exit(1);
	close(ends[0]);
	close(ends[1]);
	return outcome;
}

typedef struct Worst {
	double few, many; /* bytes against the bound: below 100 groups a node, and from there on */
	double ms[2];     /* of the 100000 groups, of the 1000000 */
	long mb;
} Worst;

static void keep_worst(Worst *worst, const Outcome *outcome)
{
	double *bytes = outcome->setting.per_node < 100 ? &worst->few : &worst->many;
	uint32_t groups = outcome->setting.nodes * outcome->setting.per_node;

	*bytes = fmax(*bytes, outcome->bytes);
	if (groups >= 100000) {
		double *ms = &worst->ms[groups > 100000 ? 1 : 0];

		*ms = fmax(*ms, outcome->ms);
	}
	worst->mb = outcome->mb > worst->mb ? outcome->mb : worst->mb;
}

static void print_verdict(const char *what, double value, const char *unit, double wanted)
{
	printf("%-48s %8.4g%s (wanted <= %g%s: %s)\n", what, value, unit, wanted, unit, value <= wanted ? "met" : "MISSED");
}

int main(int argc, char **argv)
{
	static const uint32_t shapes[][2] = {{10, 10}, {100, 10}, {10, 100}, {100, 100}, {100, 1000}, {1000, 1000}};
	size_t count = argc > 1 && strcmp(argv[1], "quick") == 0 ? 4 : 6;

	Worst worst = {1, 1, {0, 0}, 0};

	printf("Plans with threshold 5 %%; bounds are those of the certificate, and 1 is as good as can be.\n\n");
	print_header();
	for (size_t i = 0; i < count; i++) {
		for (int event = 0; event < EVENTS; event++)
			for (int sizes = 0; sizes < SIZES; sizes++)
				for (int weighted = 0; weighted < 2; weighted++) {
					Outcome outcome =
						apart(&(Setting) {shapes[i][0], shapes[i][1], (Sizes) sizes, (Event) event, weighted == 1});

					keep_worst(&worst, &outcome);
				}
		putchar('\n');
	}
	print_verdict("worst bytes / bound, 10 groups a node", worst.few, "", 1.1);
	print_verdict("worst bytes / bound, at least 100 groups a node", worst.many, "", 1.02);
	if (count == 6) {
		print_verdict("slowest, 100000 groups on 100 nodes", worst.ms[0], " ms", 300);
		print_verdict("slowest, 1000000 groups on 1000 nodes", worst.ms[1], " ms", 2000);
		print_verdict("most memory", (double) worst.mb, " MB", 300);
	}
	return 0;
}
