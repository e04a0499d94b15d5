#include "balance/search.h"

#include <stdlib.h>
#include <string.h>

#include "balance/bound.h"
#include "balance/place.h"

/* Bytes beyond the excess that are accepted to need fewer moves: one part in so many. */
#define TOLERANCE 400

/* Pairs of groups looked at while repairing: bounds the time, on any machine alike. */
#define LOOKS_MAX 40000000

/* Nodes with most room that a node trades with. */
#define PARTNERS 64

typedef struct Search {
	const Instance *instance;
	const Assignment *home;
	const int64_t *budget;
	Assignment *now;
	Spread *spread;
	int64_t largest_gap; /* of one node, before anything is filled in */
	int64_t looks;
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

/* The smallest that covers what is left, when it is not much larger. */
static bool shed_last(Search *s, const GroupList *list, int64_t left, int64_t tolerance, int64_t most)
{
	uint32_t at = list_first_at_most(s->instance, list, left - 1);

	for (; at > 0 && size_of(s, list->items[at - 1]) <= left + tolerance; at--) {
		if (!can_stay_or_go(s, list->items[at - 1], most))
			continue;
		put(s, list->items[at - 1], NOWHERE);
		return true;
	}
	return false;
}

/* Large ones first, as they fit; crowded: only where the colocation group has more than its share. */
static int64_t shed_pass(Search *s, uint32_t node, int64_t left, int64_t most, bool crowded)
{
	const GroupList *list = &s->home->lists[node];
	int64_t tolerance = left / TOLERANCE;

	for (uint32_t i = 0; i < list->count && left > 0; i++) {
		uint32_t group = list->items[i];

		if (size_of(s, group) > left) {
			if (i + 1 < list->count && size_of(s, list->items[i + 1]) > left)
				i = list_first_at_most(s->instance, list, left) - 1;
			continue;
		}
		if (!can_stay_or_go(s, group, most) || (crowded && spread_excess(s->spread, group, node) <= 0))
			continue;
		if (!crowded && shed_last(s, list, left, tolerance, most))
			return 0;
		put(s, group, NOWHERE);
		left -= size_of(s, group);
	}
	return left;
}

static void shed(Search *s, uint32_t node)
{
	const GroupList *list = &s->home->lists[node];
	int64_t excess = s->now->load[node] - s->budget[node];

	if (excess <= 0 || !s->instance->open[node])
		return;
	if (shed_exactly(s, list, excess, s->largest_gap) ||
	    (list->count <= SUBSET_EXACT_MAX && shed_exactly(s, list, excess, INT64_MAX)))
		return;

	int64_t left = shed_pass(s, node, excess, s->largest_gap, true);

	if (left > 0)
		left = shed_pass(s, node, left, s->largest_gap, false);
	if (left > 0)
		shed_last(s, list, left, INT64_MAX / 2, INT64_MAX);
}

static void shed_all(Search *s)
{
	const Instance *instance = s->instance;

	for (uint32_t g = 0; g < instance->group_count; g++)
		if (instance_forced(instance, g))
			put(s, g, NOWHERE);
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

static void fill(Search *s)
{
	Placer *placer = placer_new(s->now, s->budget, s->spread);

	for (uint32_t i = 0; i < s->instance->group_count; i++) {
		uint32_t group = s->instance->by_size[i];

		if (s->now->place[group] != NOWHERE)
			continue;

		uint32_t node = placer_find(placer, group);

		put(s, group, node != NOWHERE ? node : placer_emptiest(placer, group));
	}
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
			if (s->looks > LOOKS_MAX || !repair_node(s, n))
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

static Search search_begin(const Assignment *home, Assignment *now, const int64_t budget[])
{
	return (Search) {.instance = home->instance, .home = home, .budget = budget, .now = now,
	                 .spread = spread_new(now)};
}

Assignment *search_from_home(const Assignment *home, const int64_t budget[])
{
	Search s = search_begin(home, assignment_copy(home), budget);

	shed_all(&s);
	fill(&s);

	bool fits = fits_all(&s) || repair(&s);

	if (fits)
		trim(&s);
	spread_free(s.spread);
	if (fits)
		return s.now;
	assignment_free(s.now);
	return NULL;
}

void search_trim(const Assignment *home, Assignment *assignment, const int64_t budget[])
{
	Search s = search_begin(home, assignment, budget);

	trim(&s);
	spread_free(s.spread);
}
