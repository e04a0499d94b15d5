#include "balance/search.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "balance/bound.h"
#include "balance/exact.h"
#include "balance/pack.h"
#include "balance/place.h"

/* Bytes beyond the excess that are accepted to need fewer moves: one part in so many. */
#define TOLERANCE 400

/* Pairs of groups looked at while repairing: bounds the time, on any machine alike. */
#define LOOKS_MAX 40000000
#define LOOKS_MAX_OF_DRAFT 1500000 /* there are many drafts */

/* Rounds of shed and fill: what a large group pushes out of its new node may push out others. */
#define ROUNDS 4

/* Nodes with most room that a node trades with. */
#define PARTNERS 64

typedef struct Search {
	const Instance *instance;
	const Assignment *home;
	const int64_t *budget;
	Assignment *now;
	Spread *spread;
	int64_t largest_gap; /* of one node, before anything is filled in */
	int64_t looks, looks_max;
} Search;

static int64_t size_of(const Search *s, uint32_t group)
{
	return s->instance->groups[group].bytes;
}

static void put(Search *s, uint32_t group, uint32_t to)
{
	spread_move(s->spread, group, s->now->place[group], to);
	assignment_move(s->now, group, to);
}

/* ---- shed ----------------------------------------------------------------- */

static bool can_stay_or_go(const Search *s, uint32_t group, int64_t most)
{
	return s->now->place[group] == s->instance->groups[group].node && size_of(s, group) <= most &&
	       s->instance->classes[instance_class(s->instance, group)].count > 1;
}

/* With few groups the best choice is found. */
static bool shed_exactly(Search *s, const GroupList *list, int64_t excess, int64_t most)
{
	int64_t sizes[SUBSET_EXACT_MAX] = {0};
	uint32_t groups[SUBSET_EXACT_MAX] = {0};
	uint32_t count = 0;

	for (uint32_t i = 0; i < list->count; i++) {
		if (!can_stay_or_go(s, list->items[i], most))
			continue;
		if (count == SUBSET_EXACT_MAX)
			return false;
		sizes[count] = size_of(s, list->items[i]);
		groups[count++] = list->items[i];
	}

	uint32_t members = subset_at_least(sizes, count, excess);

	for (uint32_t i = 0; i < count; i++)
		if ((members >> i & 1) != 0)
			put(s, groups[i], NOWHERE);
	return members != 0;
}

/* Up to three groups that together cover what is left. */
typedef struct Cover {
	uint32_t groups[3];
	uint32_t count;
	int64_t bytes; /* INT64_MAX: none found */
} Cover;

static void keep_cover(const Search *s, Cover *best, const uint32_t groups[], uint32_t count, int64_t left)
{
	int64_t bytes = 0;

	for (uint32_t i = 0; i < count; i++)
		bytes += size_of(s, groups[i]);
	if (bytes < left || bytes >= best->bytes)
		return;
	best->bytes = bytes;
	best->count = count;
	memcpy(best->groups, groups, count * sizeof(*groups));
}

/* Of pairs whose sum covers left, the smallest: one hand falls as the other climbs. */
static void cover_with_pairs(const Search *s, Cover *best, const uint32_t groups[], uint32_t count,
                             uint32_t third, int64_t left)
{
	int64_t with = third == NOWHERE ? 0 : size_of(s, third);

	for (uint32_t large = 0, small = count; large < count; large++) {
		uint32_t members[3] = {groups[large], 0, third};

		while (small > 0 && size_of(s, groups[large]) + size_of(s, groups[small - 1]) + with < left)
			small--;
		if (small == 0 || small - 1 <= large)
			break;
		members[1] = groups[small - 1];
		keep_cover(s, best, members, third == NOWHERE ? 2 : 3, left);
	}
}

/* Groups of a node up to which pairs, and threes, are looked at. */
#define PAIRS_MAX 4000
#define THREES_MAX 160

static Cover find_cover(const Search *s, const uint32_t groups[], uint32_t count, int64_t left)
{
	int64_t tolerance = left / TOLERANCE;
	Cover best = {.bytes = INT64_MAX};

	for (uint32_t i = count; i-- > 0 && best.bytes == INT64_MAX;)
		keep_cover(s, &best, &groups[i], 1, left);
	if (best.bytes <= left + tolerance || count > PAIRS_MAX)
		return best;
	cover_with_pairs(s, &best, groups, count, NOWHERE, left);
	for (uint32_t i = 0; i < count && count <= THREES_MAX && best.bytes > left + tolerance; i++)
		cover_with_pairs(s, &best, &groups[i + 1], count - i - 1, groups[i], left);
	return best;
}

/*
 * Closes what is left with up to three groups when that is precise enough, and
 * else gives the largest that fits, until all is covered.
 */
static void shed_rest(Search *s, const GroupList *list, int64_t left, int64_t most)
{
	uint32_t *groups = xmalloc((list->count + 1) * sizeof(*groups));
	uint32_t count = 0;
	Cover last = {.bytes = INT64_MAX};
	uint32_t at = 0;

	for (uint32_t i = 0; i < list->count; i++)
		if (can_stay_or_go(s, list->items[i], most))
			groups[count++] = list->items[i];
	for (;;) {
		bool near = count > 0 && left <= 3 * size_of(s, groups[0]);
		Cover cover = near ? find_cover(s, groups, count, left) : (Cover) {.bytes = INT64_MAX};

		if (cover.bytes < INT64_MAX)
			last = cover;
		if (cover.bytes <= left + left / TOLERANCE)
			break;
		while (at < count && size_of(s, groups[at]) > left)
			at++;
		if (at == count)
			break;

		/* The cover found before is worse than what is left allows: it is found again. */
		put(s, groups[at], NOWHERE);
		left -= size_of(s, groups[at]);
		count--;
		memmove(&groups[at], &groups[at + 1], (count - at) * sizeof(*groups));
		last.bytes = INT64_MAX;
		if (left <= 0)
			break;
	}
	if (left > 0 && last.bytes == INT64_MAX)
		last = find_cover(s, groups, count, left);
	for (uint32_t i = 0; left > 0 && last.bytes < INT64_MAX && i < last.count; i++)
		put(s, last.groups[i], NOWHERE);
	free(groups);
}

/* Large ones first, as they fit, of colocation groups that have more than their share here. */
static int64_t shed_crowded(Search *s, uint32_t node, int64_t left, int64_t most)
{
	const GroupList *list = &s->home->lists[node];

	for (uint32_t i = list_first_at_most(s->instance, list, left); i < list->count && left > 0; i++) {
		uint32_t group = list->items[i];

		if (size_of(s, group) > left || !can_stay_or_go(s, group, most) ||
		    spread_excess(s->spread, group, node) <= 0)
			continue;
		put(s, group, NOWHERE);
		left -= size_of(s, group);
	}
	return left;
}

static void shed(Search *s, uint32_t node)
{
	const GroupList *list = &s->home->lists[node];
	int64_t excess = s->now->load[node] - s->budget[node];

	if (excess <= 0 || list->count == 0 || !s->instance->open[node])
		return;
	if (shed_exactly(s, list, excess, s->largest_gap) ||
	    (list->count <= SUBSET_EXACT_MAX && shed_exactly(s, list, excess, INT64_MAX)))
		return;

	/* The last few are chosen freely, or the sum would not be precise. */
	if (excess > 4 * size_of(s, list->items[0]))
		shed_crowded(s, node, excess - 4 * size_of(s, list->items[0]), s->largest_gap);
	shed_rest(s, list, s->now->load[node] - s->budget[node], s->largest_gap);
	if (s->now->load[node] > s->budget[node])
		shed_rest(s, list, s->now->load[node] - s->budget[node], INT64_MAX);
}

static void shed_all(Search *s)
{
	const Instance *instance = s->instance;

	for (uint32_t g = 0; g < instance->group_count; g++)
		if (s->now->place[g] != NOWHERE && !instance_may(instance, g, s->now->place[g]))
			put(s, g, NOWHERE);
	s->largest_gap = 0;
	for (uint32_t n = 0; n < instance->node_count; n++)
		if (instance->open[n] && s->budget[n] - s->now->load[n] > s->largest_gap)
			s->largest_gap = s->budget[n] - s->now->load[n];
	for (uint32_t n = 0; n < instance->node_count; n++)
		shed(s, n);
}

/* ---- fill ----------------------------------------------------------------- */

static bool fits_all(const Search *s)
{
	for (uint32_t n = 0; n < s->instance->node_count; n++)
		if (s->instance->open[n] && s->now->load[n] > s->budget[n])
			return false;
	return true;
}

/* Bytes of groups that are at home on each node, and fit into the room that others have. */
static int64_t *small_at_home(const Search *s)
{
	const Instance *instance = s->instance;
	int64_t *bytes = xmalloc((instance->node_count + 1) * sizeof(*bytes));

	memset(bytes, 0, (instance->node_count + 1) * sizeof(*bytes));
	for (uint32_t g = 0; g < instance->group_count; g++)
		if (can_stay_or_go(s, g, s->largest_gap))
			bytes[s->now->place[g]] += size_of(s, g);
	return bytes;
}

/* Where a group that fits nowhere pushes out the least, and only what finds room elsewhere; or NOWHERE. */
static uint32_t find_push(Search *s, uint32_t group, int64_t small[])
{
	const NodeClass *class = &s->instance->classes[instance_class(s->instance, group)];
	int64_t size = size_of(s, group);
	int64_t least = INT64_MAX;
	uint32_t best = NOWHERE;

	for (uint32_t i = 0; i < class->count; i++) {
		uint32_t n = class->nodes[i];
		int64_t pushed = s->now->load[n] + size - s->budget[n];

		if (size <= s->budget[n] && pushed <= small[n] && pushed < least) {
			least = pushed;
			best = n;
		}
	}
	s->looks += class->count;
	if (best != NOWHERE)
		small[best] -= least > 0 ? least : 0;
	return best;
}

/* Into the room that there is, or where it pushes out the least. */
static uint32_t find_place(Search *s, Placer *placer, uint32_t group, int64_t **small)
{
	uint32_t node = placer_find(placer, group);

	if (node == NOWHERE && s->looks < s->looks_max) {
		if (*small == NULL)
			*small = small_at_home(s);
		node = find_push(s, group, *small);
	}
	return node != NOWHERE ? node : placer_emptiest(placer, group);
}

static void fill(Search *s)
{
	Placer *placer = placer_new(s->now, s->budget, s->spread);
	int64_t *small = NULL;

	for (uint32_t i = 0; i < s->instance->group_count; i++) {
		uint32_t group = s->instance->by_size[i];

		if (s->now->place[group] != NOWHERE)
			continue;

		put(s, group, find_place(s, placer, group, &small));
	}
	free(small);
	placer_free(placer);
}

/* ---- repair --------------------------------------------------------------- */

/* What of the full node goes to the partner, and perhaps what comes back. */
typedef struct Repair {
	uint32_t give; /* NOWHERE: none found */
	uint32_t take; /* or NOWHERE */
	uint32_t partner;
	int64_t relief; /* bytes of excess that it removes */
	int64_t cost;   /* bytes that are moved more (or less) than before */
} Repair;

static int64_t cost_of(const Search *s, uint32_t group, uint32_t to)
{
	uint32_t home = s->instance->groups[group].node;

	return (to == home ? 0 : size_of(s, group)) - (s->now->place[group] == home ? 0 : size_of(s, group));
}

/* Whole relief at the lowest cost, else much relief for the cost. */
static bool is_better(const Repair *a, const Repair *b, int64_t excess)
{
	bool a_whole = a->relief >= excess;
	bool b_whole = b->relief >= excess;

	if (b->give == NOWHERE || a_whole != b_whole)
		return b->give == NOWHERE || a_whole;
	if (a_whole)
		return a->cost < b->cost;
	return (double) a->relief * (double) (b->cost > 0 ? b->cost + 1 : 1) >
	       (double) b->relief * (double) (a->cost > 0 ? a->cost + 1 : 1);
}

static void judge_repair(const Search *s, uint32_t full, int64_t excess, Repair one, Repair *best)
{
	int64_t bytes = size_of(s, one.give) - (one.take == NOWHERE ? 0 : size_of(s, one.take));
	int64_t gap = s->budget[one.partner] - s->now->load[one.partner];

	if (bytes <= 0 || bytes > gap || !instance_may(s->instance, one.give, one.partner) ||
	    (one.take != NOWHERE && !instance_may(s->instance, one.take, full)))
		return;
	one.relief = bytes < excess ? bytes : excess;
	one.cost = cost_of(s, one.give, one.partner) + (one.take == NOWHERE ? 0 : cost_of(s, one.take, full));
	if (is_better(&one, best, excess))
		*best = one;
}

static void repair_with(Search *s, uint32_t full, uint32_t partner, Repair *best)
{
	const GroupList *gives = &s->now->lists[full];
	const GroupList *takes = &s->now->lists[partner];
	int64_t excess = s->now->load[full] - s->budget[full];
	int64_t gap = s->budget[partner] - s->now->load[partner];
	uint32_t low = 0;
	uint32_t high = 0;

	if (gap <= 0)
		return;
	for (uint32_t i = 0; i < gives->count; i++) {
		uint32_t give = gives->items[i];
		int64_t size = size_of(s, give);

		judge_repair(s, full, excess, (Repair) {give, NOWHERE, partner, 0, 0}, best);

		/* Ones to take: just above what the gap leaves, just below what the excess leaves. */
		while (low < takes->count && size_of(s, takes->items[low]) >= size - gap)
			low++;
		while (high < takes->count && size_of(s, takes->items[high]) > size - excess)
			high++;
		for (uint32_t k = low > 2 ? low - 3 : 0; k < low; k++)
			judge_repair(s, full, excess, (Repair) {give, takes->items[k], partner, 0, 0}, best);
		for (uint32_t k = high > 1 ? high - 2 : 0; k < high + 2 && k < takes->count; k++)
			judge_repair(s, full, excess, (Repair) {give, takes->items[k], partner, 0, 0}, best);
		s->looks += 8;
	}
}

/* Open nodes with room, the most of it first. */
static uint32_t choose_partners(Search *s, uint32_t partners[])
{
	const Instance *instance = s->instance;
	uint32_t count = 0;

	for (uint32_t n = 0; n < instance->node_count; n++) {
		int64_t gap = s->budget[n] - s->now->load[n];
		uint32_t at = count;

		if (!instance->open[n] || gap <= 0)
			continue;
		while (at > 0 && gap > s->budget[partners[at - 1]] - s->now->load[partners[at - 1]])
			at--;
		if (at == PARTNERS)
			continue;
		count += count < PARTNERS ? 1 : 0;
		memmove(&partners[at + 1], &partners[at], (count - 1 - at) * sizeof(*partners));
		partners[at] = n;
	}
	s->looks += instance->node_count;
	return count;
}

static bool repair_node(Search *s, uint32_t full)
{
	uint32_t partners[PARTNERS + 1];
	Repair best = {.give = NOWHERE};
	uint32_t count = choose_partners(s, partners);

	for (uint32_t i = 0; i < count; i++)
		repair_with(s, full, partners[i], &best);
	if (best.give == NOWHERE)
		return false;
	put(s, best.give, best.partner);
	if (best.take != NOWHERE)
		put(s, best.take, full);
	return true;
}

static bool repair(Search *s)
{
	assignment_list(s->now);
	for (uint32_t n = 0; n < s->instance->node_count; n++)
		while (s->instance->open[n] && s->now->load[n] > s->budget[n])
			if (s->looks > s->looks_max || !repair_node(s, n))
				return false;
	return true;
}

/* ---- trim ----------------------------------------------------------------- */

/* A smaller one of the same home goes instead, so that this one can be at home. */
static void send_smaller(Search *s, uint32_t group)
{
	uint32_t home = s->instance->groups[group].node;
	uint32_t away = s->now->place[group];
	const GroupList *list = &s->home->lists[home];
	int64_t slack = s->budget[home] - s->now->load[home];
	uint32_t at = list_first_at_most(s->instance, list, size_of(s, group) - slack - 1);

	for (int tries = 0; at > 0 && tries < 32; at--, tries++) {
		uint32_t other = list->items[at - 1];

		if (size_of(s, other) >= size_of(s, group))
			return;
		if (s->now->place[other] != home || !instance_may(s->instance, other, away))
			continue;
		put(s, group, home);
		put(s, other, away);
		return;
	}
}

static void trim(Search *s)
{
	for (int round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < s->instance->group_count; i++) {
			uint32_t group = s->instance->by_size[i];
			uint32_t home = s->instance->groups[group].node;

			if (s->now->place[group] == home || !instance_may(s->instance, group, home))
				continue;
			if (s->now->load[home] + size_of(s, group) <= s->budget[home])
				put(s, group, home);
			else if (s->budget[home] >= s->now->load[home])
				send_smaller(s, group);
		}
	}
}

/* ---- small parts, exactly ------------------------------------------------- */

/* Groups and nodes of a part; trees of all parts together, and of one. */
#define PART_GROUPS 20
#define PART_NODES 4
#define PARTS_MAX 600
#define PART_TREE 4000

static uint32_t next_random(uint64_t *seed, uint32_t limit)
{
	*seed = *seed * 6364136223846793005U + 1442695040888963407U;
	return (uint32_t) ((*seed >> 33) % limit);
}

static void add_node(uint32_t nodes[], uint32_t *count, uint32_t node)
{
	for (uint32_t i = 0; i < *count; i++)
		if (nodes[i] == node)
			return;
	if (*count < PART_NODES)
		nodes[(*count)++] = node;
}

/* What moves there is all in it, the rest of the nodes' groups by chance. */
static uint32_t choose_part(Search *s, uint64_t *seed, const uint32_t nodes[], uint32_t node_count,
                            uint32_t groups[])
{
	uint32_t count = 0;
	uint32_t all = 0;

	for (uint32_t n = 0; n < node_count; n++)
		all += s->now->lists[nodes[n]].count;
	for (uint32_t n = 0; n < node_count; n++) {
		const GroupList *list = &s->now->lists[nodes[n]];

		for (uint32_t i = 0; i < list->count && count < PART_GROUPS; i++) {
			bool moved = s->instance->groups[list->items[i]].node != nodes[n];

			if (moved ? next_random(seed, 4) > 0 : next_random(seed, all) < PART_GROUPS)
				groups[count++] = list->items[i];
		}
	}

	/* The largest first: insertion sort of few. */
	for (uint32_t i = 1; i < count; i++) {
		uint32_t group = groups[i];
		uint32_t at = i;

		for (; at > 0 && size_of(s, groups[at - 1]) < size_of(s, group); at--)
			groups[at] = groups[at - 1];
		groups[at] = group;
	}
	return count;
}

/* Around one move after another, a few nodes are planned anew without error. */
static void polish(Search *s)
{
	const Instance *instance = s->instance;
	uint32_t *moved = xmalloc((instance->group_count + 1) * sizeof(*moved));
	uint64_t seed = 1;

	assignment_list(s->now);
	for (int part = 0; part < PARTS_MAX; part++) {
		uint32_t nodes[PART_NODES];
		uint32_t groups[PART_GROUPS];
		uint32_t node_count = 0;
		uint32_t moved_count = 0;

		if (part % 16 == 0)
			for (uint32_t g = 0; g < instance->group_count; g++)
				if (s->now->place[g] != instance->groups[g].node)
					moved[moved_count++] = g;
		if (part % 16 != 0)
			moved_count = moved[instance->group_count];
		moved[instance->group_count] = moved_count;
		if (moved_count == 0)
			break;

		uint32_t group = moved[next_random(&seed, moved_count)];
		uint32_t other = moved[next_random(&seed, moved_count)];

		add_node(nodes, &node_count, s->now->place[group]);
		if (instance->open[instance->groups[group].node])
			add_node(nodes, &node_count, instance->groups[group].node);
		add_node(nodes, &node_count, s->now->place[other]);
		for (int i = 0; i < 2; i++) {
			uint32_t node = next_random(&seed, instance->node_count);

			if (instance->open[node])
				add_node(nodes, &node_count, node);
		}
		exact_part(s->now, s->budget, nodes, node_count, groups,
		           choose_part(s, &seed, nodes, node_count, groups), PART_TREE);
	}
	free(moved);
}

static Search search_begin(const Assignment *home, Assignment *now, const int64_t budget[])
{
	return (Search) {.instance = home->instance, .home = home, .budget = budget, .now = now,
	                 .spread = spread_new(now), .looks_max = LOOKS_MAX};
}

/* Trades of two groups for two, at any cost, are what is left: that is still near home. */
static bool relieve(Search *s)
{
	double goal = 0;

	for (uint32_t n = 0; n < s->instance->node_count; n++)
		if (s->instance->open[n])
			goal = fmax(goal, (double) s->budget[n] / s->instance->capacity[n]);
	if (!pack_relieve(s->now, goal, s->looks_max / 2) || !fits_all(s))
		return false;
	spread_free(s->spread);
	s->spread = spread_new(s->now);
	return true;
}

/* NULL, and now is freed, when the budgets are not met. */
static Assignment *search(const Assignment *home, Assignment *now, const int64_t budget[], int64_t looks_max)
{
	Search s = search_begin(home, now, budget);
	bool fits = false;

	s.looks_max = looks_max;
	for (int round = 0; round < ROUNDS && !fits; round++) {
		shed_all(&s);
		fill(&s);
		fits = fits_all(&s);
	}
	fits = fits || repair(&s) || relieve(&s);
	if (fits)
		trim(&s);
	spread_free(s.spread);
	if (fits)
		return s.now;
	assignment_free(s.now);
	return NULL;
}

Assignment *search_from_home(const Assignment *home, const int64_t budget[])
{
	return search(home, assignment_copy(home), budget, LOOKS_MAX);
}

Assignment *search_from_draft(const Assignment *home, Assignment *draft, const int64_t budget[])
{
	return search(home, draft, budget, LOOKS_MAX_OF_DRAFT);
}

void search_trim(const Assignment *home, Assignment *assignment, const int64_t budget[])
{
	Search s = search_begin(home, assignment, budget);

	trim(&s);
	spread_free(s.spread);
}

void search_polish(const Assignment *home, Assignment *assignment, const int64_t budget[])
{
	Search s = search_begin(home, assignment, budget);

	polish(&s);
	spread_free(s.spread);
}
