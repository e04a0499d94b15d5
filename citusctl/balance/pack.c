#include "balance/pack.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "balance/place.h"

/* Looks at a pair of groups: bounds the time, on any machine alike. */
#define LOOKS_MAX 20000000

/* Kicks out of where no trade helps, and looks after each. */
#define KICKS 16
#define KICK_LOOKS_MAX 400000

/* The emptiest nodes that the fullest one trades with; of many groups, fewer. */
#define PARTNERS 256
#define PARTNERS_FEW 24
#define GROUPS_MANY 5000

/* ---- largest first -------------------------------------------------------- */

/* Those with the smallest choice of nodes first, then the largest. */
static uint32_t *order_by_choice(const Instance *instance)
{
	uint32_t *order = xmalloc((instance->group_count + 1) * sizeof(*order));
	uint32_t *starts = xmalloc((instance->open_count + 2) * sizeof(*starts));

	memset(starts, 0, (instance->open_count + 2) * sizeof(*starts));
	for (uint32_t g = 0; g < instance->group_count; g++)
		starts[instance->classes[instance_class(instance, g)].count + 1]++;
	for (uint32_t c = 1; c < instance->open_count + 2; c++)
		starts[c] += starts[c - 1];
	for (uint32_t i = 0; i < instance->group_count; i++) {
		uint32_t group = instance->by_size[i];

		order[starts[instance->classes[instance_class(instance, group)].count]++] = group;
	}
	free(starts);
	return order;
}

static Assignment *pack_in_order(const Instance *instance, const uint32_t order[])
{
	Assignment *packed = assignment_new(instance, false);
	Placer *placer = placer_new(packed, NULL, NULL);

	for (uint32_t i = 0; i < instance->group_count; i++)
		assignment_move(packed, order[i], placer_emptiest(placer, order[i]));
	placer_free(placer);
	return packed;
}

/* ---- trades that make the fullest node emptier ---------------------------- */

/* One or two groups of a node, or none. */
typedef struct Bundle {
	int64_t bytes;
	uint32_t groups[2]; /* NOWHERE: none */
} Bundle;

typedef struct Trade {
	Bundle give; /* of the fullest node; without groups: no trade */
	Bundle take; /* of its partner */
	uint32_t partner;
	double fullest; /* utilization of the fuller of both afterwards */
} Trade;

#define NO_BUNDLE ((Bundle) {0, {NOWHERE, NOWHERE}})

typedef struct Leveller {
	Assignment *assignment;
	const Instance *instance;
	int64_t looks;
	uint32_t *partners;
	uint32_t partners_max;
} Leveller;

static bool may_all(const Instance *instance, const Bundle *bundle, uint32_t node)
{
	for (int i = 0; i < 2; i++)
		if (bundle->groups[i] != NOWHERE && !instance_may(instance, bundle->groups[i], node))
			return false;
	return true;
}

static void judge_trade(const Leveller *l, uint32_t full, uint32_t partner, Bundle give, Bundle take, Trade *best)
{
	const Instance *instance = l->instance;
	int64_t bytes = give.bytes - take.bytes;
	double fullest = fmax((double) (l->assignment->load[full] - bytes) / instance->capacity[full],
	                      (double) (l->assignment->load[partner] + bytes) / instance->capacity[partner]);

	if (fullest < best->fullest && may_all(instance, &give, partner) && may_all(instance, &take, full))
		*best = (Trade) {give, take, partner, fullest};
}

static Bundle single(const Leveller *l, uint32_t group)
{
	return (Bundle) {l->instance->groups[group].bytes, {group, NOWHERE}};
}

/* The two whose sizes are next to wanted, at or after *at in a list that falls. */
static void try_near(Leveller *l, uint32_t full, uint32_t partner, uint32_t give, uint32_t *at, int64_t wanted,
                     Trade *best)
{
	const GroupList *list = &l->assignment->lists[partner];

	while (*at < list->count && l->instance->groups[list->items[*at]].bytes > wanted)
		(*at)++;
	for (uint32_t i = *at > 1 ? *at - 2 : 0; i < *at + 2 && i < list->count; i++)
		judge_trade(l, full, partner, single(l, give), single(l, list->items[i]), best);
	l->looks += 4;
}

static void try_partner(Leveller *l, uint32_t full, uint32_t partner, Trade *best)
{
	const Instance *instance = l->instance;
	const GroupList *gives = &l->assignment->lists[full];
	double wanted = ((double) l->assignment->load[full] * instance->capacity[partner] -
	                 (double) l->assignment->load[partner] * instance->capacity[full]) /
	                (instance->capacity[full] + instance->capacity[partner]);
	uint32_t at = 0;

	if (wanted < 1)
		return;

	uint32_t near = list_first_at_most(instance, gives, (int64_t) wanted);

	for (uint32_t i = near > 3 ? near - 4 : 0; i < near + 4 && i < gives->count; i++)
		judge_trade(l, full, partner, single(l, gives->items[i]), NO_BUNDLE, best);
	for (uint32_t i = 0; i < gives->count; i++) {
		int64_t size = instance->groups[gives->items[i]].bytes;

		l->looks++;
		if ((double) size > wanted)
			try_near(l, full, partner, gives->items[i], &at, size - (int64_t) wanted, best);
	}
}

static int compare_bundles(const void *a, const void *b)
{
	const Bundle *x = a;
	const Bundle *y = b;

	if (x->bytes != y->bytes)
		return x->bytes > y->bytes ? -1 : 1;
	if (x->groups[0] != y->groups[0])
		return x->groups[0] < y->groups[0] ? -1 : 1;
	return x->groups[1] < y->groups[1] ? -1 : x->groups[1] > y->groups[1];
}

/* Nothing, each group, and each two of a node's groups, up to so many groups; the largest first. */
#define PAIRED_MAX 48
#define BUNDLES_MAX (1 + PAIRED_MAX + PAIRED_MAX * (PAIRED_MAX - 1) / 2)

static uint32_t list_bundles(const Leveller *l, const GroupList *list, Bundle bundles[])
{
	uint32_t first = list->count > PAIRED_MAX ? list->count - PAIRED_MAX : 0; /* the smallest are what is fine */
	uint32_t count = 0;

	bundles[count++] = NO_BUNDLE;
	for (uint32_t i = first; i < list->count; i++) {
		Bundle one = single(l, list->items[i]);

		bundles[count++] = one;
		for (uint32_t k = i + 1; k < list->count; k++)
			bundles[count++] = (Bundle) {one.bytes + l->instance->groups[list->items[k]].bytes,
			                             {list->items[i], list->items[k]}};
	}
	qsort(bundles, count, sizeof(*bundles), compare_bundles);
	return count;
}

/* One or two for one, two or none. */
static void try_bundles(Leveller *l, uint32_t full, const Bundle gives[], uint32_t give_count, uint32_t partner,
                        Bundle takes[], Trade *best)
{
	const Instance *instance = l->instance;
	uint32_t take_count = list_bundles(l, &l->assignment->lists[partner], takes);
	double wanted = ((double) l->assignment->load[full] * instance->capacity[partner] -
	                 (double) l->assignment->load[partner] * instance->capacity[full]) /
	                (instance->capacity[full] + instance->capacity[partner]);
	uint32_t at = 0;

	for (uint32_t i = 0; i < give_count && wanted >= 1; i++) {
		int64_t near = gives[i].bytes - (int64_t) wanted;

		while (at < take_count && takes[at].bytes > near)
			at++;
		for (uint32_t k = at > 0 ? at - 1 : 0; k <= at && k < take_count; k++)
			judge_trade(l, full, partner, gives[i], takes[k], best);
	}
	l->looks += 8 * (int64_t) take_count + 4 * (int64_t) give_count;
}

/* Partners that trades of two are tried with. */
#define PAIR_PARTNERS 12

static void try_pairs(Leveller *l, uint32_t full, const uint32_t partners[], uint32_t count, double goal, Trade *best)
{
	Bundle *bundles = xmalloc((size_t) 2 * BUNDLES_MAX * sizeof(*bundles));
	uint32_t give_count = list_bundles(l, &l->assignment->lists[full], bundles);

	for (uint32_t i = 0; i < count && i < PAIR_PARTNERS && !(best->fullest <= goal); i++)
		try_bundles(l, full, bundles, give_count, partners[i], bundles + BUNDLES_MAX, best);
	free(bundles);
}

/* The open nodes but the fullest, the emptiest first, as many as are traded with. */
static uint32_t choose_partners(Leveller *l, uint32_t full)
{
	const Instance *instance = l->instance;
	uint32_t count = 0;

	for (uint32_t n = 0; n < instance->node_count; n++) {
		double utilization = (double) l->assignment->load[n] / instance->capacity[n];
		uint32_t at = count;

		if (!instance->open[n] || n == full)
			continue;
		while (at > 0 && utilization < (double) l->assignment->load[l->partners[at - 1]] /
		                                   instance->capacity[l->partners[at - 1]])
			at--;
		if (at == l->partners_max)
			continue;
		count += count < l->partners_max ? 1 : 0;
		memmove(&l->partners[at + 1], &l->partners[at], (count - 1 - at) * sizeof(*l->partners));
		l->partners[at] = n;
	}
	l->looks += (int64_t) instance->node_count * 4;
	return count;
}

static void level(Assignment *assignment, double goal, int64_t looks_max)
{
	uint32_t partners[PARTNERS + 1];
	Leveller l = {assignment, assignment->instance, 0, partners,
	              assignment->instance->group_count > GROUPS_MANY ? PARTNERS_FEW : PARTNERS};

	assignment_list(assignment);
	while (l.looks < looks_max) {
		uint32_t full = 0;
		Trade best = {NO_BUNDLE, NO_BUNDLE, 0, assignment_max(assignment, &full)};
		double now = best.fullest;

		if (now <= goal)
			return;

		uint32_t count = choose_partners(&l, full);

		for (uint32_t i = 0; i < count && !(best.fullest <= goal); i++)
			try_partner(&l, full, partners[i], &best);
		if (!(best.fullest < now))
			try_pairs(&l, full, partners, count, goal, &best);
		if (!(best.fullest < now))
			return;
		for (int i = 0; i < 2; i++) {
			if (best.give.groups[i] != NOWHERE)
				assignment_move(assignment, best.give.groups[i], best.partner);
			if (best.take.groups[i] != NOWHERE)
				assignment_move(assignment, best.take.groups[i], full);
		}
	}
}

/*
 * The fullest node gives a small group to one of the emptiest although that makes it
 * the fullest, and then all is made level again.  Returns the better of both, and
 * frees the other.
 */
static Assignment *level_after_kick(Assignment *packed, double goal, uint32_t kick)
{
	Assignment *other = assignment_copy(packed);
	uint32_t partners[PARTNERS + 1];
	Leveller l = {other, other->instance, 0, partners, PARTNERS};
	uint32_t full = 0;

	assignment_list(other);
	(void) assignment_max(other, &full);

	const GroupList *list = &other->lists[full];
	uint32_t count = choose_partners(&l, full);

	if (count > 0 && list->count > 0) {
		uint32_t group = list->items[list->count - 1 - kick / 2 % list->count];
		uint32_t to = partners[kick % count];

		if (instance_may(other->instance, group, to)) {
			assignment_move(other, group, to);
			level(other, goal, KICK_LOOKS_MAX);
		}
	}

	bool better = assignment_max(other, NULL) < assignment_max(packed, NULL);

	assignment_free(better ? packed : other);
	return better ? other : packed;
}

bool pack_relieve(Assignment *assignment, double goal, int64_t looks_max)
{
	level(assignment, goal, looks_max);
	return assignment_max(assignment, NULL) <= goal;
}

Assignment *pack_level(const Instance *instance, double goal)
{
	Assignment *packed = pack_in_order(instance, instance->by_size);

	if (instance->classes[NODES_ALL].groups < instance->group_count &&
	    assignment_max(packed, NULL) > goal) {
		uint32_t *order = order_by_choice(instance);
		Assignment *other = pack_in_order(instance, order);
		bool better = assignment_max(other, NULL) < assignment_max(packed, NULL);

		free(order);
		assignment_free(better ? packed : other);
		packed = better ? other : packed;
	}
	if (assignment_max(packed, NULL) > goal)
		level(packed, goal, LOOKS_MAX);
	for (uint32_t kick = 0; kick < KICKS && assignment_max(packed, NULL) > goal && instance->group_count <= GROUPS_MANY;
	     kick++)
		packed = level_after_kick(packed, goal, kick);
	return packed;
}

/* ---- other numbers for the nodes ------------------------------------------ */

typedef struct Overlap {
	int64_t bytes;
	uint32_t from, to;
} Overlap;

static int compare_overlaps(const void *a, const void *b)
{
	const Overlap *x = a;
	const Overlap *y = b;

	if (x->bytes != y->bytes)
		return x->bytes > y->bytes ? -1 : 1;
	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return x->to < y->to ? -1 : x->to > y->to;
}

/* Nodes up to which all pairs are looked at. */
#define RENAME_MAX 1000

void pack_rename(Assignment *assignment)
{
	const Instance *instance = assignment->instance;
	uint32_t count = instance->node_count;

	/* With rules, two nodes are seldom alike. */
	if (instance->classes[NODES_ALL].groups < instance->group_count || count > RENAME_MAX)
		return;

	Overlap *overlaps = xmalloc(((size_t) count * count + 1) * sizeof(*overlaps));
	uint32_t *names = xmalloc(count * sizeof(*names));
	bool *taken = arena_array(instance->arena, count, sizeof(*taken));

	for (size_t i = 0; i < (size_t) count * count; i++)
		overlaps[i] = (Overlap) {0, (uint32_t) (i / count), (uint32_t) (i % count)};
	for (uint32_t g = 0; g < instance->group_count; g++)
		overlaps[(size_t) assignment->place[g] * count + instance->groups[g].node].bytes += instance->groups[g].bytes;
	qsort(overlaps, (size_t) count * count, sizeof(*overlaps), compare_overlaps);
	memset(names, 0xFF, count * sizeof(*names));
	for (size_t i = 0; i < (size_t) count * count; i++) {
		const Overlap *o = &overlaps[i];

		if (names[o->from] != NOWHERE || taken[o->to] || !instance->open[o->from] || !instance->open[o->to] ||
		    instance->capacity[o->from] != instance->capacity[o->to])
			continue;
		names[o->from] = o->to;
		taken[o->to] = true;
	}
	for (uint32_t g = 0; g < instance->group_count; g++)
		assignment_move(assignment, g, names[assignment->place[g]]);
	free(names);
	free(overlaps);
}
