#include "balance/exact.h"

#include <string.h>

#define GROUPS_MAX EXACT_GROUPS_MAX
#define NODES_MAX EXACT_NODES_MAX

/* Nodes of one search tree. */
#define TREE_MAX 200000

typedef struct Tree {
	const Instance *instance;
	int64_t visited;
	bool alike; /* every group may be anywhere, so nodes differ by numbers only */
	int64_t load[NODES_MAX];
	int64_t left; /* bytes of the groups that are not placed yet */
	uint32_t place[GROUPS_MAX];

	double best;
	double bound;

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

typedef struct Cost {
	int64_t bytes;
	int64_t moves;
} Cost;

/*
 * Some groups are placed anew on some nodes, the others stay as they are.  Nodes
 * and groups have numbers of their own here, the largest group first.
 */
typedef struct Part {
	const Instance *instance;
	uint32_t nodes[NODES_MAX];
	uint32_t node_count;
	uint32_t groups[GROUPS_MAX];
	uint32_t group_count;
	uint32_t home[GROUPS_MAX]; /* number of the node, or NOWHERE */
	bool alike;
	bool count_only; /* moves matter, bytes don't */
	int64_t budget[NODES_MAX];
	int64_t load[NODES_MAX];
	int64_t expected[NODES_MAX]; /* load when all that is not placed yet stays at home */
	Cost spent;
	Cost due; /* for groups that are not placed yet and cannot be at home */
	Cost least;
	uint32_t place[GROUPS_MAX];
	uint32_t found[GROUPS_MAX];
	bool improved;
	int64_t visited, visits_max;
} Part;

static int64_t part_size(const Part *p, uint32_t group)
{
	return p->instance->groups[p->groups[group]].bytes;
}

/* At least this has to be spent in all. */
static Cost forecast(const Part *p)
{
	Cost cost = {p->spent.bytes + p->due.bytes, p->spent.moves + p->due.moves};

	for (uint32_t n = 0; n < p->node_count; n++) {
		if (p->expected[n] <= p->budget[n])
			continue;
		cost.bytes += p->expected[n] - p->budget[n];
		cost.moves++;
	}
	return cost;
}

static bool is_less(const Part *p, Cost a, Cost b)
{
	if (!p->count_only && a.bytes != b.bytes)
		return a.bytes < b.bytes;
	return a.moves < b.moves;
}

/* What is not at home there does not tell this node from an earlier one. */
static bool has_same(const Part *p, uint32_t node, uint32_t home)
{
	if (!p->alike || node == home || p->expected[node] != p->load[node])
		return false;
	for (uint32_t n = 0; n < node; n++)
		if (n != home && p->load[n] == p->load[node] && p->expected[n] == p->load[n] &&
		    p->budget[n] == p->budget[node])
			return true;
	return false;
}

static void place_cheap(Part *p, uint32_t group);

static void try_node(Part *p, uint32_t group, uint32_t node)
{
	int64_t bytes = part_size(p, group);
	uint32_t home = p->home[group];
	bool moves = node != home;

	if (p->load[node] + bytes > p->budget[node] || !instance_may(p->instance, p->groups[group], p->nodes[node]))
		return;
	p->load[node] += bytes;
	p->place[group] = node;
	if (moves) {
		p->expected[node] += bytes;
		p->spent.bytes += bytes;
		p->spent.moves++;
	}
	if (moves && home != NOWHERE)
		p->expected[home] -= bytes;
	place_cheap(p, group + 1);
	if (moves && home != NOWHERE)
		p->expected[home] += bytes;
	if (moves) {
		p->expected[node] -= bytes;
		p->spent.bytes -= bytes;
		p->spent.moves--;
	}
	p->load[node] -= bytes;
}

static void place_cheap(Part *p, uint32_t group)
{
	if (p->visited++ > p->visits_max || !is_less(p, forecast(p), p->least))
		return;
	if (group == p->group_count) {
		p->least = p->spent;
		memcpy(p->found, p->place, sizeof(p->found));
		p->improved = true;
		return;
	}

	uint32_t home = p->home[group];

	if (home == NOWHERE) {
		p->due.bytes -= part_size(p, group);
		p->due.moves--;
	} else {
		try_node(p, group, home);
	}
	for (uint32_t n = 0; n < p->node_count; n++)
		if (n != home && !has_same(p, n, home))
			try_node(p, group, n);
	if (home == NOWHERE) {
		p->due.bytes += part_size(p, group);
		p->due.moves++;
	}
}

static uint32_t part_node(const Part *p, uint32_t node)
{
	for (uint32_t n = 0; n < p->node_count; n++)
		if (p->nodes[n] == node)
			return n;
	return NOWHERE;
}

/* groups: the largest first; now is what they cost and where the others are. */
static void part_begin(Part *p, const Assignment *now, const int64_t budget[], const uint32_t nodes[],
                       uint32_t node_count, const uint32_t groups[], uint32_t group_count)
{
	const Instance *instance = now->instance;

	*p = (Part) {.instance = instance,
	             .node_count = node_count,
	             .group_count = group_count,
	             .alike = instance->classes[NODES_ALL].groups == instance->group_count,
	             .visits_max = TREE_MAX};
	for (uint32_t n = 0; n < node_count; n++) {
		p->nodes[n] = nodes[n];
		p->budget[n] = budget[nodes[n]];
		p->load[n] = now->load[nodes[n]];
	}
	for (uint32_t g = 0; g < group_count; g++) {
		const BalanceGroup *group = &instance->groups[groups[g]];
		uint32_t at = part_node(p, now->place[groups[g]]);

		p->groups[g] = groups[g];
		p->home[g] = instance_forced(instance, groups[g]) ? NOWHERE : part_node(p, group->node);
		if (at != NOWHERE)
			p->load[at] -= group->bytes;
		if (now->place[groups[g]] != group->node) {
			p->least.bytes += group->bytes;
			p->least.moves++;
		}
		if (p->home[g] == NOWHERE) {
			p->due.bytes += group->bytes;
			p->due.moves++;
		}
	}
	for (uint32_t n = 0; n < node_count; n++)
		p->expected[n] = p->load[n];
	for (uint32_t g = 0; g < group_count; g++)
		if (p->home[g] != NOWHERE)
			p->expected[p->home[g]] += part_size(p, g);
}

static void part_adopt(const Part *p, Assignment *assignment)
{
	for (uint32_t g = 0; p->improved && g < p->group_count; g++)
		assignment_move(assignment, p->groups[g], p->nodes[p->found[g]]);
}

/* All groups on all nodes. */
static void part_of_all(Part *p, const Assignment *now, const int64_t budget[])
{
	const Instance *instance = now->instance;
	uint32_t nodes[NODES_MAX];
	uint32_t count = 0;

	for (uint32_t n = 0; n < instance->node_count; n++)
		if (instance->open[n])
			nodes[count++] = n;
	part_begin(p, now, budget, nodes, count, instance->by_size, instance->group_count);
}

bool exact_bytes(Assignment *best, const int64_t budget[])
{
	Part part;

	part_of_all(&part, best, budget);
	place_cheap(&part, 0);
	part_adopt(&part, best);
	return part.visited <= part.visits_max;
}

bool exact_moves(const Assignment *home, const int64_t budget[], size_t known, size_t *moves)
{
	Part part;

	part_of_all(&part, home, budget);
	part.count_only = true;
	part.least.moves = (int64_t) known;
	place_cheap(&part, 0);
	*moves = (size_t) part.least.moves;
	return part.visited <= part.visits_max;
}

int64_t exact_part(Assignment *best, const int64_t budget[], const uint32_t nodes[], uint32_t node_count,
                   const uint32_t groups[], uint32_t group_count, int64_t visits_max)
{
	Part part;

	part_begin(&part, best, budget, nodes, node_count, groups, group_count);
	part.visits_max = visits_max;
	place_cheap(&part, 0);
	part_adopt(&part, best);
	return part.visited;
}
