#include "balance/exact.h"

#include <string.h>

#define GROUPS_MAX 64
#define NODES_MAX 32

/* Nodes of one search tree. */
#define TREE_MAX 1500000

typedef struct Cost {
	int64_t bytes;
	int64_t moves;
} Cost;

typedef struct Tree {
	const Instance *instance;
	int64_t visited;
	bool alike; /* every group may be anywhere, so nodes differ by numbers only */
	int64_t load[NODES_MAX];
	int64_t left; /* bytes of the groups that are not placed yet */
	uint32_t place[GROUPS_MAX];

	/* Of exact_utilization(). */
	double best;
	double bound;

	/* Of the others. */
	const int64_t *budget;
	bool count_only;            /* moves matter, bytes don't */
	int64_t expected[NODES_MAX]; /* load when all that is not placed yet stays */
	Cost spent;
	Cost forced; /* of groups that are not placed yet and have to leave */
	Cost least;

	uint32_t found[GROUPS_MAX];
	bool improved;
} Tree;

bool exact_suits(const Instance *instance)
{
	return instance->group_count <= GROUPS_MAX && instance->node_count <= NODES_MAX;
}

static void keep(Tree *t)
{
	memcpy(t->found, t->place, sizeof(t->found));
	t->improved = true;
}

static void adopt(const Tree *t, Assignment *assignment)
{
	for (uint32_t g = 0; t->improved && g < t->instance->group_count; g++)
		assignment_move(assignment, g, t->found[g]);
}

static Tree tree_of(const Instance *instance)
{
	return (Tree) {.instance = instance,
	               .left = instance->total,
	               .alike = instance->classes[NODES_ALL].groups == instance->group_count};
}

/* ---- max utilization ------------------------------------------------------ */

/* An emptier or equal node of the same capacity stands for this one. */
static bool has_twin(const Tree *t, uint32_t node)
{
	for (uint32_t n = 0; t->alike && n < node; n++)
		if (t->instance->open[n] && t->load[n] == t->load[node] &&
		    t->instance->capacity[n] == t->instance->capacity[node])
			return true;
	return false;
}

static bool leaves_room(const Tree *t)
{
	int64_t room = 0;

	for (uint32_t n = 0; n < t->instance->node_count; n++) {
		double most = t->best * t->instance->capacity[n] + 1;
		int64_t gap = (most < (double) BALANCE_BYTES_MAX ? (int64_t) most : BALANCE_BYTES_MAX) - t->load[n];

		room += t->instance->open[n] && gap > 0 ? gap : 0;
		if (room >= t->left)
			return true;
	}
	return t->left <= room;
}

static void place_level(Tree *t, uint32_t depth, double fullest)
{
	const Instance *instance = t->instance;

	if (t->visited++ > TREE_MAX || t->best <= t->bound)
		return;
	if (depth == instance->group_count) {
		t->best = fullest;
		keep(t);
		return;
	}
	if (!leaves_room(t))
		return;

	uint32_t group = instance->by_size[depth];
	int64_t bytes = instance->groups[group].bytes;

	t->left -= bytes;
	for (uint32_t n = 0; n < instance->node_count; n++) {
		if (!instance_may(instance, group, n) || has_twin(t, n))
			continue;

		double utilization = (double) (t->load[n] + bytes) / instance->capacity[n];

		if (utilization >= t->best)
			continue;
		t->load[n] += bytes;
		t->place[group] = n;
		place_level(t, depth + 1, utilization > fullest ? utilization : fullest);
		t->load[n] -= bytes;
	}
	t->left += bytes;
}

bool exact_utilization(Assignment *best, double bound)
{
	Tree tree = tree_of(best->instance);

	tree.bound = bound;
	tree.best = assignment_max(best, NULL);
	place_level(&tree, 0, 0);
	adopt(&tree, best);
	return tree.visited <= TREE_MAX;
}

/* ---- bytes and moves ------------------------------------------------------ */

/* At least this has to be spent in all. */
static Cost forecast(const Tree *t)
{
	Cost cost = {t->spent.bytes + t->forced.bytes, t->spent.moves + t->forced.moves};

	for (uint32_t n = 0; n < t->instance->node_count; n++) {
		if (!t->instance->open[n] || t->expected[n] <= t->budget[n])
			continue;
		cost.bytes += t->expected[n] - t->budget[n];
		cost.moves++;
	}
	return cost;
}

static bool is_less(const Tree *t, Cost a, Cost b)
{
	if (!t->count_only && a.bytes != b.bytes)
		return a.bytes < b.bytes;
	return a.moves < b.moves;
}

/* What is not at home there does not tell this node from an earlier one. */
static bool has_same(const Tree *t, uint32_t node, uint32_t home)
{
	if (!t->alike || node == home || t->expected[node] != t->load[node])
		return false;
	for (uint32_t n = 0; n < node; n++)
		if (t->instance->open[n] && n != home && t->load[n] == t->load[node] && t->expected[n] == t->load[n] &&
		    t->budget[n] == t->budget[node])
			return true;
	return false;
}

static void place_cheap(Tree *t, uint32_t depth);

static void try_node(Tree *t, uint32_t depth, uint32_t group, uint32_t node)
{
	const BalanceGroup *g = &t->instance->groups[group];
	bool forced = instance_forced(t->instance, group);
	bool moves = node != g->node;

	if (!instance_may(t->instance, group, node) || t->load[node] + g->bytes > t->budget[node])
		return;
	t->load[node] += g->bytes;
	t->place[group] = node;
	if (moves) {
		t->expected[node] += g->bytes;
		t->expected[g->node] -= forced ? 0 : g->bytes;
		t->spent.bytes += g->bytes;
		t->spent.moves++;
	}
	if (forced) {
		t->forced.bytes -= g->bytes;
		t->forced.moves--;
	}
	place_cheap(t, depth + 1);
	if (forced) {
		t->forced.bytes += g->bytes;
		t->forced.moves++;
	}
	if (moves) {
		t->expected[node] -= g->bytes;
		t->expected[g->node] += forced ? 0 : g->bytes;
		t->spent.bytes -= g->bytes;
		t->spent.moves--;
	}
	t->load[node] -= g->bytes;
}

static void place_cheap(Tree *t, uint32_t depth)
{
	if (t->visited++ > TREE_MAX || !is_less(t, forecast(t), t->least))
		return;
	if (depth == t->instance->group_count) {
		t->least = t->spent;
		keep(t);
		return;
	}

	uint32_t group = t->instance->by_size[depth];
	uint32_t home = t->instance->groups[group].node;

	try_node(t, depth, group, home);
	for (uint32_t n = 0; n < t->instance->node_count; n++)
		if (n != home && t->instance->open[n] && !has_same(t, n, home))
			try_node(t, depth, group, n);
}

static Tree cheap_tree(const Assignment *home, const int64_t budget[])
{
	const Instance *instance = home->instance;
	Tree tree = tree_of(instance);

	tree.budget = budget;
	for (uint32_t g = 0; g < instance->group_count; g++) {
		if (instance_forced(instance, g)) {
			tree.forced.bytes += instance->groups[g].bytes;
			tree.forced.moves++;
		} else {
			tree.expected[instance->groups[g].node] += instance->groups[g].bytes;
		}
	}
	return tree;
}

bool exact_bytes(const Assignment *home, Assignment *best, const int64_t budget[])
{
	Tree tree = cheap_tree(home, budget);
	size_t moves = 0;

	tree.least.bytes = assignment_bytes(best, &moves);
	tree.least.moves = (int64_t) moves;
	place_cheap(&tree, 0);
	adopt(&tree, best);
	return tree.visited <= TREE_MAX;
}

bool exact_moves(const Assignment *home, const int64_t budget[], size_t known, size_t *moves)
{
	Tree tree = cheap_tree(home, budget);

	tree.count_only = true;
	tree.least.moves = (int64_t) known;
	place_cheap(&tree, 0);
	*moves = (size_t) tree.least.moves;
	return tree.visited <= TREE_MAX;
}
