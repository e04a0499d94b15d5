#include "balance/bound.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "util/number.h"

/* ---- max utilization ------------------------------------------------------ */

static int64_t size_at(const Instance *instance, size_t index)
{
	return instance->groups[instance->by_size[index]].bytes;
}

/* The largest group of each class, on the largest node it may be on. */
static double bound_largest(const Instance *instance)
{
	bool *seen = arena_array(instance->arena, instance->class_count, sizeof(*seen));
	double bound = 0;

	for (uint32_t i = 0; i < instance->group_count; i++) {
		uint32_t group = instance->by_size[i];
		uint32_t class = instance_class(instance, group);

		if (!seen[class])
			bound = fmax(bound, (double) instance->groups[group].bytes / instance->classes[class].most_capacity);
		seen[class] = true;
	}
	return bound;
}

#define PIGEONS_MAX 4000

/* Of the qN+1 largest groups some node has q+1, at best the smallest of them. */
static double bound_pigeonhole(const Instance *instance)
{
	double bound = 0;

	for (size_t q = 1; q <= PIGEONS_MAX && q * instance->open_count < instance->group_count; q++) {
		int64_t sum = 0;

		for (size_t i = 0; i <= q; i++)
			sum += size_at(instance, q * instance->open_count - i);
		bound = fmax(bound, (double) sum / instance->most_capacity);
	}
	return bound;
}

/* The largest groups that slots are counted for. */
#define SLOTS_MAX 40000

typedef struct Slot {
	double next; /* utilization by one more group of 1 byte */
	double capacity;
	uint32_t used;
} Slot;

/* The first slot of a heap got fuller. */
static void sift_slot(Slot heap[], uint32_t count)
{
	Slot top = heap[0];
	uint32_t at = 0;

	for (;;) {
		uint32_t child = 2 * at + 1;

		if (child + 1 < count && heap[child + 1].next < heap[child].next)
			child++;
		if (child >= count || heap[child].next >= top.next)
			break;
		heap[at] = heap[child];
		at = child;
	}
	heap[at] = top;
}

static int compare_slots(const void *a, const void *b)
{
	double x = ((const Slot *) a)->next;
	double y = ((const Slot *) b)->next;

	return x < y ? -1 : x > y;
}

/*
 * The k largest groups are each at least as large as the k-th of them, and as
 * many such slots need a utilization of size times the k-th smallest of all m/c.
 */
static double bound_slots(const Instance *instance)
{
	Slot *heap = arena_array(instance->arena, instance->open_count + 1, sizeof(*heap));
	uint32_t count = 0;
	double bound = 0;

	for (uint32_t n = 0; n < instance->node_count; n++)
		if (instance->open[n])
			heap[count++] = (Slot) {1 / instance->capacity[n], instance->capacity[n], 0};
	qsort(heap, count, sizeof(*heap), compare_slots); /* what is sorted is a heap */
	for (uint32_t k = 0; k < instance->group_count && k < SLOTS_MAX; k++) {
		heap[0].used++;
		bound = fmax(bound, (double) size_at(instance, k) * heap[0].used / heap[0].capacity);
		heap[0].next = (heap[0].used + 1) / heap[0].capacity;
		sift_slot(heap, count);
	}
	return bound;
}

/* Every load is a multiple of what divides all sizes. */
static double bound_multiples(const Instance *instance, double start)
{
	int64_t unit = 0;
	double bound = start;

	for (uint32_t g = 0; g < instance->group_count && unit != 1; g++)
		unit = number_divisor(unit, instance->groups[g].bytes);
	if (unit <= 1)
		return start;
	for (;;) {
		int64_t room = 0;
		double next = INFINITY;

		for (uint32_t n = 0; n < instance->node_count; n++) {
			if (!instance->open[n])
				continue;

			int64_t slots = bytes_at(bound, instance->capacity[n]) / unit;

			room += slots;
			next = fmin(next, (double) ((slots + 1) * unit) / instance->capacity[n]);
		}
		if (room >= instance->total / unit)
			return bound;
		bound = next;
	}
}

typedef struct Level {
	double utilization;
	uint32_t node;
} Level;

static int compare_levels(const void *a, const void *b)
{
	const Level *x = a;
	const Level *y = b;

	if (x->utilization != y->utilization)
		return x->utilization < y->utilization ? -1 : 1;
	return x->node < y->node ? -1 : x->node > y->node;
}

/* Pours the bytes of a class over its nodes, the emptiest first. */
static void pour(const Instance *instance, const NodeClass *class, double *share, double *load, Level *levels)
{
	double left = (double) class->bytes;
	double room = 0;
	double level = 0;

	for (uint32_t i = 0; i < class->count; i++) {
		uint32_t n = class->nodes[i];

		load[n] -= share[i];
		levels[i] = (Level) {load[n] / instance->capacity[n], n};
	}
	qsort(levels, class->count, sizeof(*levels), compare_levels);
	for (uint32_t i = 0; i < class->count; i++) {
		if (i > 0 && (levels[i].utilization - level) * room >= left)
			break;
		left -= i > 0 ? (levels[i].utilization - level) * room : 0;
		level = levels[i].utilization;
		room += instance->capacity[levels[i].node];
	}
	level += left / room;
	for (uint32_t i = 0; i < class->count; i++) {
		uint32_t n = class->nodes[i];

		share[i] = fmax(0, level * instance->capacity[n] - load[n]);
		load[n] += share[i];
	}
}

/* What must be within the fullest nodes, for every number of them. */
static double bound_of_levels(const Instance *instance, const double load[], Level *levels)
{
	uint32_t *rank = arena_array(instance->arena, instance->node_count, sizeof(*rank));
	int64_t *within = arena_array(instance->arena, instance->node_count + 1, sizeof(*within));
	uint32_t count = 0;
	double capacity = 0;
	int64_t bytes = 0;
	double bound = 0;

	for (uint32_t n = 0; n < instance->node_count; n++)
		if (instance->open[n])
			levels[count++] = (Level) {-load[n] / instance->capacity[n], n};
	qsort(levels, count, sizeof(*levels), compare_levels);
	for (uint32_t i = 0; i < count; i++)
		rank[levels[i].node] = i;
	for (uint32_t c = 0; c < instance->class_count; c++) {
		uint32_t last = 0;

		for (uint32_t i = 0; i < instance->classes[c].count; i++)
			last = rank[instance->classes[c].nodes[i]] > last ? rank[instance->classes[c].nodes[i]] : last;
		if (instance->classes[c].groups > 0)
			within[last] += instance->classes[c].bytes;
	}
	for (uint32_t i = 0; i < count; i++) {
		bytes += within[i];
		capacity += instance->capacity[levels[i].node];
		bound = fmax(bound, (double) bytes / capacity);
	}
	return bound;
}

#define POURS 60
#define POUR_WORK_MAX 3e6

/*
 * Groups that may be on some nodes only: for any set of nodes, the bytes that
 * cannot be elsewhere, over its capacity.  Which sets to look at comes from
 * pouring the bytes of each class over its nodes until they are level.
 */
static double bound_classes(const Instance *instance)
{
	double *load = arena_array(instance->arena, instance->node_count, sizeof(*load));
	double **shares = arena_array(instance->arena, instance->class_count, sizeof(*shares));
	Level *levels = arena_array(instance->arena, instance->node_count, sizeof(*levels));
	double work = 1;

	for (uint32_t c = 0; c < instance->class_count; c++)
		work += instance->classes[c].groups > 0 ? instance->classes[c].count : 0;
	for (int round = 0; round < POURS && round * work < POUR_WORK_MAX; round++) {
		for (uint32_t c = 0; c < instance->class_count; c++) {
			const NodeClass *class = &instance->classes[c];

			if (class->groups == 0)
				continue;
			if (shares[c] == NULL)
				shares[c] = arena_array(instance->arena, class->count, sizeof(double));
			pour(instance, class, shares[c], load, levels);
		}
	}
	return bound_of_levels(instance, load, levels);
}

double bound_utilization(const Instance *instance)
{
	bool one_class = instance->classes[NODES_ALL].groups == instance->group_count;
	double bound = (double) instance->total / instance->total_capacity;

	if (instance->group_count == 0)
		return 0;
	bound = fmax(bound, bound_largest(instance));
	bound = fmax(bound, bound_pigeonhole(instance));
	bound = fmax(bound, bound_slots(instance));
	if (!one_class)
		bound = fmax(bound, bound_classes(instance));
	return bound_multiples(instance, bound);
}

/* ---- the smallest subset -------------------------------------------------- */

typedef struct Sum {
	int64_t bytes;
	uint32_t members;
} Sum;

static int bits_in(uint32_t members)
{
	int bits = 0;

	for (; members != 0; members &= members - 1)
		bits++;
	return bits;
}

static int compare_sums(const void *a, const void *b)
{
	const Sum *x = a;
	const Sum *y = b;

	if (x->bytes != y->bytes)
		return x->bytes < y->bytes ? -1 : 1;
	if (bits_in(x->members) != bits_in(y->members))
		return bits_in(x->members) - bits_in(y->members);
	return x->members < y->members ? -1 : x->members > y->members;
}

static uint32_t all_sums(Sum sums[], const int64_t sizes[], uint32_t count, uint32_t shift)
{
	uint32_t total = (uint32_t) 1 << count;

	sums[0] = (Sum) {0, 0};
	for (uint32_t i = 0; i < count; i++) {
		uint32_t half = (uint32_t) 1 << i;

		for (uint32_t s = 0; s < half; s++)
			sums[half + s] = (Sum) {sums[s].bytes + sizes[i], sums[s].members | half << shift};
	}
	qsort(sums, total, sizeof(*sums), compare_sums);
	return total;
}

uint32_t subset_at_least(const int64_t sizes[], uint32_t count, int64_t need)
{
	static _Thread_local Sum left[1 << (SUBSET_EXACT_MAX / 2)];
	static _Thread_local Sum right[1 << (SUBSET_EXACT_MAX - SUBSET_EXACT_MAX / 2)];
	uint32_t left_count = all_sums(left, sizes, count / 2, 0);
	uint32_t right_count = all_sums(right, sizes + count / 2, count - count / 2, count / 2);
	Sum best = {INT64_MAX, 0};

	/* As the left grows, the least right that suffices gets smaller. */
	for (uint32_t l = 0, r = right_count; l < left_count; l++) {
		while (r > 0 && left[l].bytes + right[r - 1].bytes >= need)
			r--;
		if (r == right_count)
			continue;

		/* Equal sums on the right stand by number of members. */
		uint32_t first = r;
		Sum sum = {left[l].bytes + right[first].bytes, left[l].members | right[first].members};

		if (sum.bytes < best.bytes ||
		    (sum.bytes == best.bytes && bits_in(sum.members) < bits_in(best.members)))
			best = sum;
	}
	return best.bytes == INT64_MAX ? 0 : best.members;
}

/* ---- bytes and moves ------------------------------------------------------ */

#define UNITS 2048
#define WORDS (UNITS / 64)

/* bits |= bits << by */
static void shift_in(uint64_t bits[WORDS], uint32_t by)
{
	uint32_t words = by / 64;
	uint32_t rest = by % 64;

	for (uint32_t w = WORDS; w-- > words;) {
		uint64_t moved = bits[w - words] << rest;

		if (rest > 0 && w > words)
			moved |= bits[w - words - 1] >> (64 - rest);
		bits[w] |= moved;
	}
}

/* The least that a sum which is one of bits and size reaches, of those from UNITS on. */
static int64_t least_crossing(const uint64_t bits[WORDS], int64_t size)
{
	uint32_t from = size >= UNITS ? 0 : (uint32_t) (UNITS - size);

	for (uint32_t b = from; b < UNITS; b++) {
		if (b % 64 == 0 && bits[b / 64] == 0) {
			b += 63;
			continue;
		}
		if ((bits[b / 64] >> (b % 64) & 1) != 0)
			return b + size;
	}
	return INT64_MAX;
}

/*
 * At least this is the smallest sum of sizes that reaches need.  Sizes are
 * rounded up to units of need / UNITS, which makes reaching easier, and what that
 * can have added is taken off.
 */
static int64_t subset_bound(const int64_t sizes[], uint32_t count, int64_t need)
{
	uint64_t bits[WORDS] = {1};
	int64_t unit = need / UNITS + 1;
	int64_t least = INT64_MAX;
	int64_t target = (need + unit - 1) / unit; /* at most UNITS */

	for (uint32_t i = 0; i < count; i++) {
		int64_t size = (sizes[i] + unit - 1) / unit;
		int64_t crossing = least_crossing(bits, size + (UNITS - target)) - (UNITS - target);

		if (crossing < least)
			least = crossing;
		if (size < UNITS)
			shift_in(bits, (uint32_t) size);
	}
	if (least > INT64_MAX / 2)
		return need;

	int64_t bound = least * unit - (unit > 1 ? (int64_t) count * unit : 0);

	return bound > need ? bound : need;
}

/* What a node has to give away, beyond what has to leave anyway. */
static void bound_node(const int64_t sizes[], uint32_t count, int64_t excess,
                       int64_t *bytes, int64_t *moves)
{
	int64_t unit = 0;
	int64_t least = excess;
	int64_t sum = 0;
	uint32_t few = 0;

	while (few < count && sum < excess)
		sum += sizes[few++];
	*moves += few;
	for (uint32_t i = 0; i < count; i++)
		unit = number_divisor(unit, sizes[i]);
	if (unit > 1)
		least = (excess + unit - 1) / unit * unit;
	if (count <= SUBSET_EXACT_MAX) {
		uint32_t members = subset_at_least(sizes, count, excess);
		int64_t exact = 0;

		for (uint32_t i = 0; i < count; i++)
			exact += (members >> i & 1) != 0 ? sizes[i] : 0;
		least = exact > least ? exact : least;
	} else {
		int64_t bound = subset_bound(sizes, count, excess);

		least = bound > least ? bound : least;
	}
	*bytes += least;
}

void bound_moving(const Assignment *home, double utilization, int64_t *bytes, int64_t *moves)
{
	const Instance *instance = home->instance;
	int64_t *sizes = xmalloc((instance->group_count + 1) * sizeof(*sizes));

	*bytes = 0;
	*moves = 0;
	for (uint32_t n = 0; n < instance->node_count; n++) {
		const GroupList *list = &home->lists[n];
		int64_t stays = 0;
		uint32_t count = 0;

		for (uint32_t i = 0; i < list->count; i++) {
			const BalanceGroup *group = &instance->groups[list->items[i]];

			if (instance_forced(instance, list->items[i])) {
				*bytes += group->bytes;
				(*moves)++;
				continue;
			}
			stays += group->bytes;
			if (instance->classes[instance_class(instance, list->items[i])].count > 1)
				sizes[count++] = group->bytes;
		}

		int64_t excess = stays - bytes_at(utilization, instance->capacity[n]);

		if (excess > 0)
			bound_node(sizes, count, excess, bytes, moves);
	}
	free(sizes);
}
