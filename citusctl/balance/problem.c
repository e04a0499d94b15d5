#include "balance/problem.h"

#include <stdlib.h>
#include <string.h>

/* Sets are bits, words of 64 nodes each; slots find a set by its bits. */
typedef struct ProblemStore {
	BalanceNode *nodes;
	size_t node_capacity;
	BalanceGroup *groups;
	size_t group_capacity;
	Arena *arena; /* names */
	size_t words; /* of a set; fixed by the first set */
	uint64_t *sets;
	size_t set_capacity;
	uint32_t *slots; /* 0: free, else the number of a set */
	size_t slot_count;
} ProblemStore;

BalanceProblem *problem_new(void)
{
	BalanceProblem *problem = xmalloc(sizeof(*problem));
	ProblemStore *store = xmalloc(sizeof(*store));

	*store = (ProblemStore) {.arena = arena_new()};
	*problem = (BalanceProblem) {.set_count = 1, .threshold = 0.05, .store = store};
	return problem;
}

void problem_free(BalanceProblem *problem)
{
	if (problem == NULL)
		return;
	free(problem->store->nodes);
	free(problem->store->groups);
	free(problem->store->sets);
	free(problem->store->slots);
	arena_free(problem->store->arena);
	free(problem->store);
	free(problem);
}

uint32_t problem_add_node(BalanceProblem *problem, const char *name, double capacity, bool accepts_shards)
{
	ProblemStore *store = problem->store;

	if (problem->node_count == store->node_capacity) {
		store->node_capacity = store->node_capacity * 2 + 8;
		store->nodes = xrealloc(store->nodes, store->node_capacity * sizeof(*store->nodes));
		problem->nodes = store->nodes;
	}
	store->nodes[problem->node_count] =
		(BalanceNode) {arena_strdup(store->arena, name), capacity, accepts_shards};
	return (uint32_t) problem->node_count++;
}

void problem_reserve(BalanceProblem *problem, size_t groups)
{
	ProblemStore *store = problem->store;

	if (groups <= store->group_capacity)
		return;
	store->group_capacity = groups;
	store->groups = xrealloc(store->groups, groups * sizeof(*store->groups));
	problem->groups = store->groups;
}

uint32_t problem_add_group(BalanceProblem *problem, BalanceGroup group)
{
	if (problem->group_count == problem->store->group_capacity)
		problem_reserve(problem, problem->group_count + problem->group_count / 2 + 64);
	problem->store->groups[problem->group_count] = group;
	return (uint32_t) problem->group_count++;
}

void problem_drain(BalanceProblem *problem, uint32_t node)
{
	problem->store->nodes[node].accepts_shards = false;
}

static uint64_t *set_bits(const BalanceProblem *problem, NodeSet set)
{
	return problem->store->sets + (size_t) set * problem->store->words;
}

static size_t hash_bits(const uint64_t *bits, size_t words)
{
	uint64_t hash = 0x9E3779B97F4A7C15U;

	for (size_t w = 0; w < words; w++) {
		hash = (hash ^ bits[w]) * 0xFF51AFD7ED558CCDU;
		hash ^= hash >> 32;
	}
	return (size_t) hash;
}

/* Where the set with these bits is, or is to be. */
static uint32_t *find_slot(const BalanceProblem *problem, const uint64_t *bits)
{
	const ProblemStore *store = problem->store;
	size_t at = hash_bits(bits, store->words) & (store->slot_count - 1);

	while (store->slots[at] != 0 &&
	       memcmp(set_bits(problem, store->slots[at]), bits, store->words * sizeof(*bits)) != 0)
		at = (at + 1) & (store->slot_count - 1);
	return &store->slots[at];
}

/* At most half of the slots are taken. */
static void grow_sets(BalanceProblem *problem)
{
	ProblemStore *store = problem->store;

	if (problem->set_count + 1 >= store->set_capacity) {
		store->set_capacity = store->set_capacity * 2 + 8;
		store->sets = xrealloc(store->sets, store->set_capacity * store->words * sizeof(*store->sets));
	}
	if ((problem->set_count + 1) * 2 < store->slot_count)
		return;
	store->slot_count = store->slot_count == 0 ? 32 : store->slot_count * 2;
	free(store->slots);
	store->slots = xmalloc(store->slot_count * sizeof(*store->slots));
	memset(store->slots, 0, store->slot_count * sizeof(*store->slots));
	for (uint32_t set = 1; set < problem->set_count; set++)
		*find_slot(problem, set_bits(problem, set)) = set;
}

NodeSet problem_set(BalanceProblem *problem, const uint32_t nodes[], size_t count)
{
	ProblemStore *store = problem->store;
	size_t distinct = 0;

	if (problem->set_count == 1)
		store->words = problem->node_count / 64 + 1;
	grow_sets(problem);

	/* Made behind the last one, and left there when it is new. */
	uint64_t *bits = set_bits(problem, (NodeSet) problem->set_count);

	memset(bits, 0, store->words * sizeof(*bits));
	for (size_t i = 0; i < count; i++) {
		uint64_t bit = (uint64_t) 1 << (nodes[i] % 64);

		distinct += (bits[nodes[i] / 64] & bit) == 0 ? 1 : 0;
		bits[nodes[i] / 64] |= bit;
	}
	if (distinct == problem->node_count)
		return NODES_ALL;

	uint32_t *slot = find_slot(problem, bits);

	if (*slot == 0)
		*slot = (uint32_t) problem->set_count++;
	return *slot;
}

bool problem_set_has(const BalanceProblem *problem, NodeSet set, uint32_t node)
{
	return set == NODES_ALL || (set_bits(problem, set)[node / 64] >> (node % 64) & 1) != 0;
}

bool problem_node_open(const BalanceProblem *problem, uint32_t node)
{
	return problem->nodes[node].accepts_shards && problem->nodes[node].capacity > 0;
}

bool problem_may_hold(const BalanceProblem *problem, uint32_t node, const BalanceGroup *group)
{
	return problem_node_open(problem, node) && problem_set_has(problem, group->allowed, node) &&
	       (!group->pinned || group->node == node);
}
