#include "balance/price.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A group is large on a node when it takes more than this part of the budget. */
#define LARGE_PART 12

/* Nodes of a search tree over the large groups of a node, and over its small ones. */
#define LARGE_TREE 160
#define SMALL_TREE 100
#define LARGE_DEPTH 40

/* Turns, and groups looked at in all of them: with many nodes there are fewer turns. */
#define TURNS_MAX 120
#define TURNS_LEAST 12
#define LOOKS_MAX 10000000

/* Groups below this part of the smallest budget find room anyhow, and get no price. */
#define PRICED_PART 100

/* How high prices can get in few turns, as a part of a group's bytes. */
#define REACH 2.0

/* A step, as a part of a group's bytes: of the first turn and of the last. */
#define STEP_FIRST 0.05
#define STEP_LAST 0.001

/* What may be in a node's knapsack. */
typedef struct Item {
	double value;
	int64_t bytes;
	uint32_t group; /* NOWHERE: sand, which can be divided */
} Item;

typedef struct Knapsack {
	Item *large, *small; /* by value for bytes, the best first */
	uint32_t large_count, small_count;
	double value; /* at most, of all that fits */
	bool *chosen; /* of large, then of small, what comes near it */

	/* While it is searched. */
	uint32_t path[LARGE_DEPTH];
	uint32_t depth;
	uint32_t visits;
	uint32_t best_path[LARGE_DEPTH];
	uint32_t best_depth;
	int64_t best_room;
	double best_small;
	uint32_t small_visits;
} Knapsack;

struct Prices {
	const Instance *instance;
	const Assignment *home;
	const int64_t *budget;
	double *price;      /* of each group */
	uint32_t *market;   /* all groups that have a price, and some that had one */
	uint32_t market_count;
	bool *listed;       /* of each group: it is in the market */
	uint32_t *own;      /* groups that are looked at one by one, those of a node together */
	uint32_t *own_from; /* of each node, and one more */
	int64_t *sand;      /* of each node: bytes of the others that may stay or go */
	bool *has_forced;   /* of each node: a group that has to go */
	int64_t *stuck;     /* of each node: bytes that cannot go */
	int64_t forced;     /* bytes that have to go, and are not looked at one by one */
	uint32_t *kept;     /* of each group: the last turn in which it stayed */
	uint32_t *order;    /* of the nodes in a turn */
	uint64_t seed;
	Knapsack knapsack;
	int64_t least_priced;
	uint32_t turn, turns;
	uint32_t stamp; /* of a turn, none twice */
	double step, shrink;
	int64_t looks;
	int64_t bound;
	double *best_price; /* of each group, where the bound was found */
};

/* ---- a knapsack ------------------------------------------------------------- */

static int compare_items(const void *a, const void *b)
{
	const Item *x = a;
	const Item *y = b;
	double x_rate = x->value * (double) y->bytes;
	double y_rate = y->value * (double) x->bytes;

	if (x_rate != y_rate)
		return x_rate > y_rate ? -1 : 1;
	if (x->bytes != y->bytes)
		return x->bytes > y->bytes ? -1 : 1;
	return x->group < y->group ? -1 : x->group > y->group;
}

/* Groups up to which they are sorted by insertion. */
#define INSERTED_MAX 400

/* Insertion sort: they come nearly sorted, the node's own by their bytes; the market is small. */
static void sort_items(Item items[], uint32_t count)
{
	if (count > INSERTED_MAX) {
		qsort(items, count, sizeof(*items), compare_items);
		return;
	}
	for (uint32_t i = 1; i < count; i++) {
		Item item = items[i];
		uint32_t at = i;

		for (; at > 0 && compare_items(&item, &items[at - 1]) < 0; at--)
			items[at] = items[at - 1];
		items[at] = item;
	}
}

/* The value of the best of what is left, when the last one may be cut. */
static double cut_value(const Knapsack *k, uint32_t large, uint32_t small, int64_t room)
{
	double value = 0;

	while (room > 0 && (large < k->large_count || small < k->small_count)) {
		const Item *item = NULL;

		if (small == k->small_count ||
		    (large < k->large_count && compare_items(&k->large[large], &k->small[small]) < 0))
			item = &k->large[large++];
		else
			item = &k->small[small++];
		if (item->bytes > room)
			return value + item->value * (double) room / (double) item->bytes;
		value += item->value;
		room -= item->bytes;
	}
	return value;
}

/*
 * Without error, as long as the tree is small.  sand: what fills the room that is left
 * in the end; it is set aside when its turn comes, and not poured in before the others.
 */
static void fill_small(Knapsack *k, uint32_t small, int64_t room, int64_t sand, double value)
{
	int64_t poured = sand < room ? sand : room;

	if (k->small_visits++ > SMALL_TREE)
		return;
	if (value + (double) poured > k->best_small)
		k->best_small = value + (double) poured;
	if (small == k->small_count || value + (double) poured + cut_value(k, k->large_count, small, room - poured) <=
	                                   k->best_small * (1 + 1e-12))
		return;

	const Item *item = &k->small[small];

	if (item->group == NOWHERE) {
		fill_small(k, small + 1, room, item->bytes, value);
		return;
	}
	if (item->bytes <= room)
		fill_small(k, small + 1, room - item->bytes, sand, value + item->value);
	fill_small(k, small + 1, room, sand, value);
}

static void end_path(Knapsack *k, uint32_t large, int64_t room, double value)
{
	double most = value + cut_value(k, large, 0, room);

	if (most <= k->value)
		return;
	if (large == k->large_count) {
		k->best_small = 0;
		k->small_visits = 0;
		fill_small(k, 0, room, 0, 0);
		if (k->small_visits <= SMALL_TREE)
			most = value + k->best_small;
		if (most <= k->value)
			return;
	}
	k->value = most;
	k->best_room = room;
	k->best_depth = k->depth;
	memcpy(k->best_path, k->path, sizeof(k->path));
}

/*
 * Which of the large ones: where the search ends early, what is left may be cut, so
 * that the value is never too small.
 */
static void choose_large(Knapsack *k, uint32_t large, int64_t room, double value)
{
	if (value + cut_value(k, large, 0, room) <= k->value * (1 + 1e-12))
		return;
	if (large == k->large_count || k->visits++ > LARGE_TREE || k->depth == LARGE_DEPTH) {
		end_path(k, large, room, value);
		return;
	}

	const Item *item = &k->large[large];
	uint32_t next = large + 1;

	if (item->bytes <= room) {
		k->path[k->depth++] = large;
		choose_large(k, large + 1, room - item->bytes, value + item->value);
		k->depth--;
	}
	while (next < k->large_count && compare_items(item, &k->large[next]) == 0)
		next++;
	choose_large(k, next, room, value);
}

static void solve(Knapsack *k, int64_t room)
{
	sort_items(k->large, k->large_count);
	sort_items(k->small, k->small_count);
	k->value = -1;
	k->depth = k->best_depth = k->visits = 0;
	k->best_room = room;
	choose_large(k, 0, room, 0);
	memset(k->chosen, 0, (k->large_count + k->small_count) * sizeof(bool));
	for (uint32_t i = 0; i < k->best_depth; i++)
		k->chosen[k->best_path[i]] = true;
	for (uint32_t i = 0; i < k->small_count; i++) {
		bool fits = k->small[i].bytes <= k->best_room;

		k->chosen[k->large_count + i] = fits;
		k->best_room -= fits ? k->small[i].bytes : 0;
	}
}

/* ---- a node ----------------------------------------------------------------- */

static int64_t size_of(const Prices *p, uint32_t group)
{
	return p->instance->groups[group].bytes;
}

static void add_item(Knapsack *k, int64_t room, uint32_t group, int64_t bytes, double value)
{
	if (bytes > room || bytes <= 0)
		return;
	if (group != NOWHERE && bytes > room / LARGE_PART)
		k->large[k->large_count++] = (Item) {value, bytes, group};
	else
		k->small[k->small_count++] = (Item) {value, bytes, group};
}

/* Decides for a node at the prices of now.  False: there is nothing to choose, all stays. */
static bool decide(Prices *p, uint32_t node)
{
	Knapsack *k = &p->knapsack;
	int64_t room = p->budget[node] - p->stuck[node];
	int64_t sand = p->sand[node] < room ? p->sand[node] : room;

	k->large_count = k->small_count = 0;
	k->value = 0;
	p->looks += p->market_count + 1;
	if (!p->instance->open[node] || room <= 0)
		return true;
	for (uint32_t i = 0; i < p->market_count; i++) {
		uint32_t group = p->market[i];

		if (p->price[group] > 0 && p->instance->groups[group].node != node && instance_may(p->instance, group, node))
			add_item(k, room, group, size_of(p, group), p->price[group]);
	}
	if (k->large_count + k->small_count == 0 && p->home->load[node] <= p->budget[node] && !p->has_forced[node])
		return false;
	for (uint32_t i = p->own_from[node]; i < p->own_from[node + 1]; i++)
		if (!instance_forced(p->instance, p->own[i]))
			add_item(k, room, p->own[i], size_of(p, p->own[i]), (double) size_of(p, p->own[i]) + p->price[p->own[i]]);
	add_item(k, room, NOWHERE, sand, (double) sand);
	solve(k, room);

	/* Sorting, and the search for the large ones. */
	p->looks += (int64_t) 4 * (k->large_count + k->small_count) + (int64_t) 8 * k->visits;
	if (k->large_count + k->small_count > INSERTED_MAX)
		p->looks += (int64_t) 20 * (k->large_count + k->small_count);
	return true;
}

static const Item *item_at(const Knapsack *k, uint32_t index)
{
	return index < k->large_count ? &k->large[index] : &k->small[index - k->large_count];
}

/* ---- turns ------------------------------------------------------------------ */

static void list_own(Prices *p, uint32_t most)
{
	const Instance *instance = p->instance;
	uint32_t count = 0;

	for (uint32_t n = 0; n < instance->node_count; n++) {
		const GroupList *list = &p->home->lists[n];

		p->own_from[n] = count;
		for (uint32_t i = 0; i < list->count; i++) {
			uint32_t group = list->items[i];
			bool forced = instance_forced(instance, group);

			p->has_forced[n] = p->has_forced[n] || forced;
			if (!forced && instance->classes[instance_class(instance, group)].count == 1)
				p->stuck[n] += size_of(p, group);
			else if (count - p->own_from[n] < most)
				p->own[count++] = group;
			else if (forced)
				p->forced += size_of(p, group);
			else
				p->sand[n] += size_of(p, group);
		}
	}
	p->own_from[instance->node_count] = count;
}

static void *zeroed(size_t count, size_t size)
{
	void *memory = xmalloc((count + 1) * size);

	memset(memory, 0, (count + 1) * size);
	return memory;
}

Prices *prices_new(const Assignment *home, const int64_t budget[], uint32_t own)
{
	const Instance *instance = home->instance;
	Prices *p = zeroed(1, sizeof(*p));
	size_t own_most = (size_t) instance->node_count * own;

	own_most = own_most < instance->group_count ? own_most : instance->group_count;
	p->instance = instance;
	p->home = home;
	p->budget = budget;
	p->price = zeroed(instance->group_count, sizeof(double));
	p->listed = zeroed(instance->group_count, sizeof(bool));
	p->kept = zeroed(instance->group_count, sizeof(uint32_t));
	p->market = zeroed(own_most, sizeof(uint32_t));
	p->own = zeroed(own_most, sizeof(uint32_t));
	p->order = zeroed(instance->node_count, sizeof(uint32_t));
	for (uint32_t n = 0; n < instance->node_count; n++)
		p->order[n] = n;
	p->own_from = zeroed(instance->node_count, sizeof(uint32_t));
	p->sand = zeroed(instance->node_count, sizeof(int64_t));
	p->has_forced = zeroed(instance->node_count, sizeof(bool));
	p->stuck = zeroed(instance->node_count, sizeof(int64_t));
	p->knapsack.large = zeroed(own_most + 1, sizeof(Item));
	p->knapsack.small = zeroed(own_most + 1, sizeof(Item));
	p->knapsack.chosen = zeroed(own_most + 1, sizeof(bool));
	list_own(p, own);
	p->best_price = zeroed(instance->group_count, sizeof(double));
	p->least_priced = INT64_MAX;
	for (uint32_t n = 0; n < instance->node_count; n++)
		if (instance->open[n] && budget[n] / PRICED_PART < p->least_priced)
			p->least_priced = budget[n] / PRICED_PART;
	p->turns = TURNS_MAX;
	p->step = STEP_FIRST;
	p->shrink = pow(STEP_LAST / STEP_FIRST, 1.0 / TURNS_MAX);
	return p;
}

void prices_free(Prices *p)
{
	if (p == NULL)
		return;
	free(p->price);
	free(p->best_price);
	free(p->listed);
	free(p->kept);
	free(p->market);
	free(p->own);
	free(p->order);
	free(p->own_from);
	free(p->sand);
	free(p->stuck);
	free(p->has_forced);
	free(p->knapsack.large);
	free(p->knapsack.small);
	free(p->knapsack.chosen);
	free(p);
}

void prices_set_budget(Prices *p, const int64_t budget[])
{
	p->looks = p->looks > LOOKS_MAX / 2 ? LOOKS_MAX / 2 : p->looks;
	p->turn = 0;
	p->turns = p->turns / 3 + 1;
	p->step = STEP_FIRST / 4;
	p->shrink = pow(STEP_LAST / p->step, 1.0 / p->turns);
	p->budget = budget;
	p->bound = 0;
	memcpy(p->price, p->best_price, p->instance->group_count * sizeof(double));
	p->market_count = 0;
	for (uint32_t i = 0; i < p->own_from[p->instance->node_count]; i++) {
		p->listed[p->own[i]] = p->price[p->own[i]] > 0;
		if (p->listed[p->own[i]])
			p->market[p->market_count++] = p->own[i];
	}
}

static void make_dearer(Prices *p, uint32_t group)
{
	if (size_of(p, group) < p->least_priced)
		return;
	p->price[group] += p->step * (double) size_of(p, group);
	if (!p->listed[group])
		p->market[p->market_count++] = group;
	p->listed[group] = true;
}

static void make_cheaper(Prices *p, uint32_t group)
{
	p->price[group] = fmax(0, p->price[group] - p->step * (double) size_of(p, group));
}

/* Marks the groups that the node has in the end; what it takes in gets cheaper. */
static void settle(Prices *p, uint32_t node)
{
	const Knapsack *k = &p->knapsack;

	for (uint32_t i = 0; i < k->large_count + k->small_count; i++) {
		uint32_t group = item_at(k, i)->group;

		if (group == NOWHERE || !k->chosen[i])
			continue;
		if (p->instance->groups[group].node == node)
			p->kept[group] = p->stamp;
		else
			make_cheaper(p, group);
	}
	for (uint32_t i = p->own_from[node]; i < p->own_from[node + 1]; i++)
		if (p->kept[p->own[i]] != p->stamp)
			make_dearer(p, p->own[i]);
}

/* As many turns as the looks of those before allow; the steps get small in them. */
static void limit_turns(Prices *p)
{
	int64_t each = p->looks / p->turn + 1;
	int64_t left = (LOOKS_MAX - p->looks) / (2 * each); /* the market grows, and there are other looks at it */

	left = left > TURNS_MAX - p->turn ? TURNS_MAX - p->turn : left;
	left = left < TURNS_LEAST - p->turn ? TURNS_LEAST - p->turn : left;
	p->turns = p->turn + (uint32_t) left;
	p->step = fmax(p->step, REACH / (double) left);
	p->shrink = pow(STEP_LAST / p->step, 1.0 / (double) left);
}

/* Without those that nobody pays for any more. */
static void clear_market(Prices *p)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < p->market_count; i++) {
		p->listed[p->market[i]] = p->price[p->market[i]] > 0;
		if (p->listed[p->market[i]])
			p->market[count++] = p->market[i];
	}
	p->market_count = count;
}

/* Another order each turn: else those that come last see all prices too high, or too low. */
static void shuffle(Prices *p)
{
	for (uint32_t i = p->instance->node_count; i > 1; i--) {
		p->seed = p->seed * 6364136223846793005U + 1442695040888963407U;

		uint32_t other = (uint32_t) ((p->seed >> 33) % i);
		uint32_t swap = p->order[i - 1];

		p->order[i - 1] = p->order[other];
		p->order[other] = swap;
	}
}

bool prices_turn(Prices *p)
{
	if (p->turn >= p->turns || p->looks > LOOKS_MAX)
		return false;
	p->turn++;
	p->stamp++;
	clear_market(p);
	shuffle(p);
	for (uint32_t i = 0; i < p->instance->node_count; i++) {
		if (decide(p, p->order[i]))
			settle(p, p->order[i]);
	}
	p->step *= p->shrink;
	if (p->turn == TURNS_LEAST / 2 && p->turns == TURNS_MAX)
		limit_turns(p);
	return true;
}

int64_t prices_bound(Prices *p)
{
	double bytes = (double) p->forced;

	for (uint32_t n = 0; n < p->instance->node_count; n++) {
		double value = (double) p->sand[n];

		for (uint32_t i = p->own_from[n]; i < p->own_from[n + 1]; i++)
			value += (double) size_of(p, p->own[i]) + p->price[p->own[i]];
		bytes += decide(p, n) ? value - p->knapsack.value : 0;
	}

	/* Sums of floating point numbers may be a little too large. */
	bytes = ceil(bytes - 1e-9 * (double) p->instance->total);
	if (bytes > (double) p->bound) {
		p->bound = (int64_t) bytes;
		memcpy(p->best_price, p->price, p->instance->group_count * sizeof(double));
	}
	return p->bound;
}

Assignment *prices_draft(Prices *p)
{
	Assignment *draft = assignment_copy(p->home);
	const Instance *instance = p->instance;

	for (uint32_t i = 0; i < p->own_from[instance->node_count]; i++)
		assignment_move(draft, p->own[i], NOWHERE);
	for (uint32_t n = 0; n < instance->node_count; n++) {
		const Knapsack *k = &p->knapsack;

		if (!decide(p, n)) {
			for (uint32_t i = p->own_from[n]; i < p->own_from[n + 1]; i++)
				assignment_move(draft, p->own[i], n);
			continue;
		}
		for (uint32_t i = 0; i < k->large_count + k->small_count; i++) {
			uint32_t group = item_at(k, i)->group;

			if (group != NOWHERE && k->chosen[i] && (draft->place[group] == NOWHERE || instance->groups[group].node == n))
				assignment_move(draft, group, n);
		}
	}
	return draft;
}
