#include "balance/place.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- spread --------------------------------------------------------------- */

typedef struct SpreadSlot {
	uint32_t family; /* NOWHERE: free */
	uint32_t node;
	int32_t count;
} SpreadSlot;

struct Spread {
	const Instance *instance;
	uint32_t *family;       /* of each group; NOWHERE: alone in it */
	uint32_t *family_size;
	uint32_t *family_group; /* one of its groups */
	uint32_t family_count;
	double *class_capacity;
	SpreadSlot *slots; /* counts that are not 0, found by hash */
	size_t slot_mask;
	size_t used;
};

static size_t hash_pair(uint32_t a, uint32_t b)
{
	uint64_t hash = ((uint64_t) a << 32 | b) * 0x9E3779B97F4A7C15U;

	return (size_t) (hash ^ hash >> 29);
}

static SpreadSlot *spread_slot(const Spread *spread, uint32_t family, uint32_t node)
{
	size_t at = hash_pair(family, node) & spread->slot_mask;

	while (spread->slots[at].family != NOWHERE &&
	       (spread->slots[at].family != family || spread->slots[at].node != node))
		at = (at + 1) & spread->slot_mask;
	return &spread->slots[at];
}

static void make_slots(Spread *spread, size_t count)
{
	spread->slot_mask = count - 1;
	spread->slots = xmalloc(count * sizeof(*spread->slots));
	for (size_t i = 0; i < count; i++)
		spread->slots[i].family = NOWHERE;
}

/* A slot that may be new; at most half of them are used. */
static SpreadSlot *spread_claim(Spread *spread, uint32_t family, uint32_t node)
{
	SpreadSlot *slot = spread_slot(spread, family, node);

	if (slot->family != NOWHERE)
		return slot;
	if (spread->used * 2 > spread->slot_mask) {
		SpreadSlot *old = spread->slots;
		size_t count = spread->slot_mask + 1;

		make_slots(spread, count * 2);
		for (size_t i = 0; i < count; i++)
			if (old[i].family != NOWHERE)
				*spread_slot(spread, old[i].family, old[i].node) = old[i];
		free(old);
		slot = spread_slot(spread, family, node);
	}
	spread->used++;
	*slot = (SpreadSlot) {family, node, 0};
	return slot;
}

/* Numbers the colocation groups that have several shard groups. */
static void find_families(Spread *spread)
{
	const Instance *instance = spread->instance;
	uint32_t count = instance->group_count;
	size_t mask = 1;

	while (mask < (size_t) count * 2)
		mask *= 2;
	mask--;

	uint32_t *first = xmalloc((mask + 1) * sizeof(*first)); /* a group of it, by hash */

	memset(first, 0xFF, (mask + 1) * sizeof(*first));
	for (uint32_t g = 0; g < count; g++) {
		uint32_t colocation = instance->groups[g].colocation;
		size_t at = hash_pair(colocation, 0) & mask;

		while (first[at] != NOWHERE && instance->groups[first[at]].colocation != colocation)
			at = (at + 1) & mask;
		spread->family[g] = NOWHERE;
		if (first[at] == NOWHERE) {
			first[at] = g;
			continue;
		}
		if (spread->family[first[at]] == NOWHERE) {
			spread->family_group[spread->family_count] = g;
			spread->family[first[at]] = spread->family_count++;
			spread->family_size[spread->family[first[at]]] = 1;
		}
		spread->family[g] = spread->family[first[at]];
		spread->family_size[spread->family[g]]++;
	}
	free(first);
}

Spread *spread_new(const Assignment *assignment)
{
	const Instance *instance = assignment->instance;
	Spread *spread = xmalloc(sizeof(*spread));

	*spread = (Spread) {.instance = instance,
	                    .family = xmalloc((instance->group_count + 1) * sizeof(uint32_t)),
	                    .family_size = xmalloc((instance->group_count / 2 + 1) * sizeof(uint32_t)),
	                    .family_group = xmalloc((instance->group_count / 2 + 1) * sizeof(uint32_t)),
	                    .class_capacity = xmalloc(instance->class_count * sizeof(double))};
	find_families(spread);
	make_slots(spread, 1024);
	for (uint32_t c = 0; c < instance->class_count; c++) {
		spread->class_capacity[c] = 0;
		for (uint32_t i = 0; i < instance->classes[c].count; i++)
			spread->class_capacity[c] += instance->capacity[instance->classes[c].nodes[i]];
	}
	for (uint32_t g = 0; g < instance->group_count; g++)
		spread_move(spread, g, NOWHERE, assignment->place[g]);
	return spread;
}

void spread_free(Spread *spread)
{
	if (spread == NULL)
		return;
	free(spread->family);
	free(spread->family_size);
	free(spread->family_group);
	free(spread->class_capacity);
	free(spread->slots);
	free(spread);
}

void spread_move(Spread *spread, uint32_t group, uint32_t from, uint32_t to)
{
	uint32_t family = spread->family[group];

	if (family == NOWHERE)
		return;
	if (from != NOWHERE)
		spread_claim(spread, family, from)->count--;
	if (to != NOWHERE)
		spread_claim(spread, family, to)->count++;
}

static int64_t excess_of(const Spread *spread, uint32_t family, uint32_t group, uint32_t node, int32_t count)
{
	const Instance *instance = spread->instance;
	double fair = spread->family_size[family] * instance->capacity[node] /
	              spread->class_capacity[instance_class(instance, group)];

	return count - (int64_t) ceil(fair - 1e-9);
}

int64_t spread_excess(const Spread *spread, uint32_t group, uint32_t node)
{
	uint32_t family = spread->family[group];

	if (family == NOWHERE)
		return -1;

	const SpreadSlot *slot = spread_slot(spread, family, node);

	return excess_of(spread, family, group, node, slot->family == NOWHERE ? 0 : slot->count);
}

int64_t spread_worst(const Spread *spread)
{
	int64_t worst = 0;

	for (size_t i = 0; i <= spread->slot_mask; i++) {
		const SpreadSlot *slot = &spread->slots[i];

		if (slot->family == NOWHERE || slot->count == 0 || !spread->instance->open[slot->node])
			continue;

		int64_t excess =
			excess_of(spread, slot->family, spread->family_group[slot->family], slot->node, slot->count);

		worst = excess > worst ? excess : worst;
	}
	return worst;
}

/* ---- placer --------------------------------------------------------------- */

/* Classes up to this size are looked through, larger ones have a heap. */
#define SCAN_MAX 256

/* How many of the emptiest nodes are looked at. */
#define LOOKS 8

typedef struct HeapItem {
	double utilization; /* when it was looked at; it can only have grown */
	uint32_t node;
	float capacity;
} HeapItem;

typedef struct Heap {
	HeapItem *items; /* NULL: not made yet */
	uint32_t count;
} Heap;

struct Placer {
	const Assignment *assignment;
	const int64_t *budget;
	const Spread *spread;
	Heap *heaps; /* of each class */
};

Placer *placer_new(const Assignment *assignment, const int64_t *budget, const Spread *spread)
{
	Placer *placer = xmalloc(sizeof(*placer));
	uint32_t classes = assignment->instance->class_count;

	*placer = (Placer) {assignment, budget, spread, xmalloc(classes * sizeof(Heap))};
	memset(placer->heaps, 0, classes * sizeof(Heap));
	return placer;
}

void placer_free(Placer *placer)
{
	for (uint32_t c = 0; c < placer->assignment->instance->class_count; c++)
		free(placer->heaps[c].items);
	free(placer->heaps);
	free(placer);
}

static bool is_before(HeapItem a, HeapItem b)
{
	if (a.utilization < b.utilization || a.utilization > b.utilization)
		return a.utilization < b.utilization;

	/* Of empty nodes the largest: a large group fills it least. */
	return a.capacity > b.capacity || (a.capacity >= b.capacity && a.node < b.node);
}

static void sift_down(Heap *heap, uint32_t at)
{
	HeapItem item = heap->items[at];

	for (;;) {
		uint32_t child = 2 * at + 1;

		if (child + 1 < heap->count && is_before(heap->items[child + 1], heap->items[child]))
			child++;
		if (child >= heap->count || !is_before(heap->items[child], item))
			break;
		heap->items[at] = heap->items[child];
		at = child;
	}
	heap->items[at] = item;
}

static void sift_up(Heap *heap, uint32_t at)
{
	HeapItem item = heap->items[at];

	while (at > 0 && is_before(item, heap->items[(at - 1) / 2])) {
		heap->items[at] = heap->items[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	heap->items[at] = item;
}

static double utilization_of(const Placer *placer, uint32_t node)
{
	return (double) placer->assignment->load[node] / placer->assignment->instance->capacity[node];
}

static Heap *heap_of(Placer *placer, uint32_t class_index)
{
	const NodeClass *class = &placer->assignment->instance->classes[class_index];
	Heap *heap = &placer->heaps[class_index];

	if (heap->items == NULL) {
		heap->items = xmalloc(class->count * sizeof(*heap->items));
		heap->count = class->count;
		for (uint32_t i = 0; i < class->count; i++)
			heap->items[i] = (HeapItem) {utilization_of(placer, class->nodes[i]), class->nodes[i],
			                             (float) placer->assignment->instance->capacity[class->nodes[i]]};
		for (uint32_t i = class->count / 2; i-- > 0;)
			sift_down(heap, i);
	}
	return heap;
}

/* The emptiest node of the heap, which is taken out. */
static HeapItem heap_pop(Placer *placer, Heap *heap)
{
	for (;;) {
		double now = utilization_of(placer, heap->items[0].node);

		if (now <= heap->items[0].utilization)
			break;
		heap->items[0].utilization = now;
		sift_down(heap, 0);
	}

	HeapItem top = heap->items[0];

	heap->items[0] = heap->items[--heap->count];
	if (heap->count > 0)
		sift_down(heap, 0);
	return top;
}

/* The better of the nodes so far, for a group. */
typedef struct Choice {
	uint32_t node;
	bool crowded;       /* with more of its colocation group than its fair share */
	double utilization; /* with the group */
} Choice;

static void consider(const Placer *placer, uint32_t group, uint32_t node, bool within, Choice *best)
{
	const Instance *instance = placer->assignment->instance;
	int64_t load = placer->assignment->load[node] + instance->groups[group].bytes;

	if (within && placer->budget != NULL && load > placer->budget[node])
		return;

	Choice one = {node, placer->spread != NULL && spread_excess(placer->spread, group, node) >= 0,
	              (double) load / instance->capacity[node]};

	if (best->node == NOWHERE || (one.crowded != best->crowded ? best->crowded
	                                                           : one.utilization < best->utilization))
		*best = one;
}

static uint32_t find(Placer *placer, uint32_t group, bool within)
{
	const Instance *instance = placer->assignment->instance;
	uint32_t class_index = instance_class(instance, group);
	const NodeClass *class = &instance->classes[class_index];
	Choice best = {NOWHERE, false, 0};

	if (class->count <= SCAN_MAX) {
		for (uint32_t i = 0; i < class->count; i++)
			consider(placer, group, class->nodes[i], within, &best);
		return best.node;
	}

	Heap *heap = heap_of(placer, class_index);
	HeapItem looked[LOOKS];
	uint32_t count = 0;
	uint32_t looks = placer->budget == NULL && placer->spread == NULL ? 1 : LOOKS;

	while (count < looks && heap->count > 0 && (best.node == NOWHERE || best.crowded)) {
		looked[count] = heap_pop(placer, heap);
		consider(placer, group, looked[count++].node, within, &best);
	}
	while (count > 0) {
		heap->items[heap->count++] = looked[--count];
		sift_up(heap, heap->count - 1);
	}
	return best.node;
}

uint32_t placer_find(Placer *placer, uint32_t group)
{
	return find(placer, group, true);
}

uint32_t placer_emptiest(Placer *placer, uint32_t group)
{
	return find(placer, group, false);
}
