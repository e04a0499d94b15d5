#include "balance/instance.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- checks --------------------------------------------------------------- */

static const char *name_of(const Instance *instance, uint32_t group, char *out, size_t size)
{
	const BalanceProblem *problem = instance->problem;

	if (problem->name_group != NULL)
		problem->name_group(problem->context, group, out, size);
	else
		snprintf(out, size, "#%u", group);
	return out;
}

/* Bytes divided by less, or multiplied by more, could not be counted. */
#define CAPACITY_LEAST 1e-100
#define CAPACITY_MOST 1e100

static bool capacity_is_sane(double capacity)
{
	return (capacity >= 0 && capacity <= 0) || (capacity >= CAPACITY_LEAST && capacity <= CAPACITY_MOST);
}

static bool check_numbers(const Instance *instance, Err *err)
{
	const BalanceProblem *problem = instance->problem;
	char name[128];
	int64_t total = 0;

	if (problem->node_count >= NOWHERE || problem->group_count >= NOWHERE)
		return err_set(err, ERR_USAGE, "more nodes or shard groups than can be counted");
	if (!(problem->threshold >= 0) || !(problem->min_gain >= 0) || !isfinite(problem->threshold))
		return err_set(err, ERR_USAGE, "the threshold and the least gain must not be below 0");
	for (uint32_t n = 0; n < instance->node_count; n++)
		if (!capacity_is_sane(problem->nodes[n].capacity))
			return err_set(err, ERR_USAGE, "node \"%s\": the capacity must be 0, or a number from %g to %g",
			               problem->nodes[n].name, CAPACITY_LEAST, CAPACITY_MOST);
	for (uint32_t g = 0; g < instance->group_count; g++) {
		const BalanceGroup *group = &instance->groups[g];

		if (group->bytes < 0 || group->bytes > BALANCE_BYTES_MAX - total)
			return err_set(err, ERR_USAGE, "shard group %s: %lld bytes is below 0, or more than can be planned",
			               name_of(instance, g, name, sizeof(name)), (long long) group->bytes);
		if (group->node >= instance->node_count || group->allowed >= problem->set_count)
			return err_set(err, ERR_USAGE, "shard group %s is on a node that does not exist",
			               name_of(instance, g, name, sizeof(name)));
		total += group->bytes;
	}
	return true;
}

/* Why a group has nowhere to be. */
static bool refuse_homeless(const Instance *instance, uint32_t group, Err *err)
{
	const BalanceGroup *g = &instance->groups[group];
	const char *home = instance->problem->nodes[g->node].name;
	char name[128];

	name_of(instance, group, name, sizeof(name));
	if (g->pinned) {
		err_set(err, ERR_USAGE, "shard group %s is pinned to node \"%s\", which %s", name, home,
		        instance->open[g->node] ? "its own rules do not allow" : "takes no shards");
		return err_hint(err, "Unpin it, or let it stay there.");
	}
	if (instance->open_count == 0) {
		err_set(err, ERR_USAGE, "no node takes shards");
		return err_hint(err, "Leave at least one node that accepts shards, is not drained, and has a "
		                     "capacity above 0.");
	}
	err_set(err, ERR_USAGE, "shard group %s (on node \"%s\") is allowed on no node that takes shards", name,
	        home);
	for (uint32_t n = 0; n < instance->node_count; n++)
		if (problem_set_has(instance->problem, g->allowed, n))
			return err_hint(err, "It is allowed on \"%s\", for instance, which is drained or takes no shards.",
			                instance->problem->nodes[n].name);
	return err_hint(err, "Its placement rules fit no node: check the labels of the nodes.");
}

/* ---- resolving ------------------------------------------------------------ */

static void resolve_nodes(Instance *instance)
{
	bool *open = arena_array(instance->arena, instance->node_count + 1, sizeof(*open));
	double *capacity = arena_array(instance->arena, instance->node_count + 1, sizeof(*capacity));

	for (uint32_t n = 0; n < instance->node_count; n++) {
		open[n] = problem_node_open(instance->problem, n);
		capacity[n] = open[n] ? instance->problem->nodes[n].capacity : 0;
		instance->total_capacity += capacity[n];
		instance->open_count += open[n] ? 1 : 0;
		instance->most_capacity = fmax(instance->most_capacity, capacity[n]);
	}
	instance->open = open;
	instance->capacity = capacity;
}

/* Only of classes that have groups. */
static void list_class(const Instance *instance, NodeClass *class, uint32_t index)
{
	size_t sets = instance->problem->set_count;
	uint32_t *nodes = arena_array(instance->arena, index < sets ? instance->open_count + 1 : 1, sizeof(*nodes));

	for (uint32_t n = 0; n < instance->node_count; n++) {
		bool in = index < sets ? problem_set_has(instance->problem, index, n) : n == index - sets;

		if (!in || !instance->open[n])
			continue;
		nodes[class->count++] = n;
		class->most_capacity = fmax(class->most_capacity, instance->capacity[n]);
	}
	class->nodes = nodes;
}

static bool resolve_classes(Instance *instance, Err *err)
{
	uint32_t count = (uint32_t) instance->problem->set_count + instance->node_count;
	NodeClass *classes = arena_array(instance->arena, count, sizeof(*classes));

	instance->classes = classes;
	instance->class_count = count;
	for (uint32_t g = 0; g < instance->group_count; g++) {
		NodeClass *class = &classes[instance_class(instance, g)];

		if (class->groups++ == 0)
			list_class(instance, class, instance_class(instance, g));
		if (class->count == 0 || (instance->groups[g].pinned && !problem_may_hold(instance->problem, instance->groups[g].node, &instance->groups[g])))
			return refuse_homeless(instance, g, err);
		class->bytes += instance->groups[g].bytes;
		instance->total += instance->groups[g].bytes;
	}
	return true;
}

typedef struct SortKey {
	uint64_t key;
	uint32_t group;
} SortKey;

/* Radix sort, the largest first; equal ones stay in their order. */
static void sort_groups(Instance *instance)
{
	size_t count = instance->group_count;
	SortKey *from = xmalloc((count + 1) * sizeof(*from));
	SortKey *to = xmalloc((count + 1) * sizeof(*to));
	uint32_t *sorted = arena_array(instance->arena, count + 1, sizeof(*sorted));
	uint64_t any = 0;

	for (uint32_t g = 0; g < count; g++) {
		from[g] = (SortKey) {(uint64_t) instance->groups[g].bytes, g};
		any |= from[g].key;
	}
	for (unsigned shift = 0; shift < 64; shift += 11) {
		size_t starts[2049] = {0};

		if (((any >> shift) & 2047) == 0)
			continue;
		for (size_t i = 0; i < count; i++)
			starts[2048 - (from[i].key >> shift & 2047)]++;
		for (size_t d = 1; d <= 2048; d++)
			starts[d] += starts[d - 1];
		for (size_t i = 0; i < count; i++)
			to[starts[2047 - (from[i].key >> shift & 2047)]++] = from[i];

		SortKey *swap = from;

		from = to;
		to = swap;
	}
	for (size_t i = 0; i < count; i++)
		sorted[i] = from[i].group;
	instance->by_size = sorted;
	free(from);
	free(to);
}

bool instance_make(Instance *instance, Arena *arena, const BalanceProblem *problem, Err *err)
{
	*instance = (Instance) {.arena = arena,
	                        .problem = problem,
	                        .groups = problem->groups,
	                        .group_count = (uint32_t) problem->group_count,
	                        .node_count = (uint32_t) problem->node_count};
	if (!check_numbers(instance, err))
		return false;
	resolve_nodes(instance);
	if (!resolve_classes(instance, err))
		return false;
	sort_groups(instance);
	return true;
}

/* ---- assignments ---------------------------------------------------------- */

Assignment *assignment_new(const Instance *instance, bool at_home)
{
	Assignment *made = xmalloc(sizeof(*made));

	*made = (Assignment) {.instance = instance,
	                      .place = xmalloc((instance->group_count + 1) * sizeof(uint32_t)),
	                      .load = xmalloc((instance->node_count + 1) * sizeof(int64_t))};
	memset(made->load, 0, (instance->node_count + 1) * sizeof(int64_t));
	for (uint32_t g = 0; g < instance->group_count; g++) {
		made->place[g] = at_home ? instance->groups[g].node : NOWHERE;
		if (at_home)
			made->load[made->place[g]] += instance->groups[g].bytes;
	}
	return made;
}

Assignment *assignment_copy(const Assignment *from)
{
	Assignment *made = assignment_new(from->instance, false);

	memcpy(made->place, from->place, from->instance->group_count * sizeof(uint32_t));
	memcpy(made->load, from->load, from->instance->node_count * sizeof(int64_t));
	return made;
}

void assignment_free(Assignment *assignment)
{
	if (assignment == NULL)
		return;
	for (uint32_t n = 0; assignment->lists != NULL && n < assignment->instance->node_count; n++)
		free(assignment->lists[n].items);
	free(assignment->lists);
	free(assignment->place);
	free(assignment->load);
	free(assignment);
}

static void list_push(GroupList *list, uint32_t group)
{
	if (list->count == list->capacity) {
		list->capacity = list->capacity + list->capacity / 2 + 16;
		list->items = xrealloc(list->items, list->capacity * sizeof(*list->items));
	}
	list->items[list->count++] = group;
}

void assignment_list(Assignment *assignment)
{
	const Instance *instance = assignment->instance;

	if (assignment->lists != NULL)
		return;
	assignment->lists = xmalloc((instance->node_count + 1) * sizeof(GroupList));
	memset(assignment->lists, 0, (instance->node_count + 1) * sizeof(GroupList));
	for (uint32_t i = 0; i < instance->group_count; i++)
		if (assignment->place[instance->by_size[i]] != NOWHERE)
			list_push(&assignment->lists[assignment->place[instance->by_size[i]]], instance->by_size[i]);
}

uint32_t list_first_at_most(const Instance *instance, const GroupList *list, int64_t bytes)
{
	uint32_t low = 0;
	uint32_t high = list->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (instance->groups[list->items[middle]].bytes > bytes)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The group's place in the list's order: by bytes, then by number. */
static uint32_t list_find(const Instance *instance, const GroupList *list, uint32_t group)
{
	uint32_t at = list_first_at_most(instance, list, instance->groups[group].bytes);

	while (at < list->count && instance->groups[list->items[at]].bytes == instance->groups[group].bytes &&
	       list->items[at] < group)
		at++;
	return at;
}

static void list_insert(const Instance *instance, GroupList *list, uint32_t group)
{
	uint32_t at = list_find(instance, list, group);

	list_push(list, group);
	memmove(&list->items[at + 1], &list->items[at], (list->count - 1 - at) * sizeof(*list->items));
	list->items[at] = group;
}

static void list_remove(const Instance *instance, GroupList *list, uint32_t group)
{
	uint32_t at = list_find(instance, list, group);

	list->count--;
	memmove(&list->items[at], &list->items[at + 1], (list->count - at) * sizeof(*list->items));
}

void assignment_move(Assignment *assignment, uint32_t group, uint32_t to)
{
	const Instance *instance = assignment->instance;
	uint32_t from = assignment->place[group];

	if (from != NOWHERE) {
		assignment->load[from] -= instance->groups[group].bytes;
		if (assignment->lists != NULL)
			list_remove(instance, &assignment->lists[from], group);
	}
	assignment->place[group] = to;
	if (to != NOWHERE) {
		assignment->load[to] += instance->groups[group].bytes;
		if (assignment->lists != NULL)
			list_insert(instance, &assignment->lists[to], group);
	}
}

double assignment_max(const Assignment *assignment, uint32_t *node)
{
	const Instance *instance = assignment->instance;
	double most = -1;

	for (uint32_t n = 0; n < instance->node_count; n++) {
		if (!instance->open[n])
			continue;

		double utilization = (double) assignment->load[n] / instance->capacity[n];

		if (utilization > most) {
			most = utilization;
			if (node != NULL)
				*node = n;
		}
	}
	return most > 0 ? most : 0;
}

int64_t assignment_bytes(const Assignment *assignment, size_t *moves)
{
	const Instance *instance = assignment->instance;
	int64_t bytes = 0;

	*moves = 0;
	for (uint32_t g = 0; g < instance->group_count; g++) {
		if (assignment->place[g] == instance->groups[g].node)
			continue;
		bytes += instance->groups[g].bytes;
		(*moves)++;
	}
	return bytes;
}

int64_t bytes_at(double utilization, double capacity)
{
	double bytes = utilization * capacity;

	/* A sum that is equal but for rounding fits. */
	bytes = floor(bytes + fmax(1e-9, bytes * 1e-13));
	return bytes < (double) BALANCE_BYTES_MAX ? (int64_t) bytes : BALANCE_BYTES_MAX;
}
