#include "balance/order.h"

#include <stdlib.h>
#include <string.h>

/* Moves up to which every order is looked at, as sets of moves that are done. */
#define EXACT_MAX 16

typedef struct Ranked {
	BalanceMove move;
	double urgency; /* utilization of the source at the start */
} Ranked;

/* Rules first, then the fullest nodes, then the largest. */
static int compare_ranked(const void *a, const void *b)
{
	const Ranked *x = a;
	const Ranked *y = b;

	if (x->move.forced != y->move.forced)
		return x->move.forced ? -1 : 1;
	if (x->urgency != y->urgency)
		return x->urgency > y->urgency ? -1 : 1;
	if (x->move.bytes != y->move.bytes)
		return x->move.bytes > y->move.bytes ? -1 : 1;
	return x->move.group < y->move.group ? -1 : x->move.group > y->move.group;
}

static void rank(const Assignment *home, BalanceMove moves[], size_t count)
{
	const BalanceProblem *problem = home->instance->problem;
	Ranked *ranked = xmalloc((count + 1) * sizeof(*ranked));

	for (size_t m = 0; m < count; m++) {
		double capacity = problem->nodes[moves[m].from].capacity;

		ranked[m] = (Ranked) {moves[m], capacity > 0 ? (double) home->load[moves[m].from] / capacity : 0};
	}
	qsort(ranked, count, sizeof(*ranked), compare_ranked);
	for (size_t m = 0; m < count; m++)
		moves[m] = ranked[m].move;
	free(ranked);
}

/* Each in turn that fits, again and again.  Returns how many found their place. */
static size_t in_turns(const int64_t start[], size_t node_count, BalanceMove moves[], size_t count,
                       const int64_t limit[])
{
	int64_t *load = xmalloc((node_count + 1) * sizeof(*load));
	BalanceMove *waiting = xmalloc((count + 1) * sizeof(*waiting));
	size_t left = count;
	size_t done = 0;
	size_t before = 0;

	memcpy(load, start, node_count * sizeof(*load));
	memcpy(waiting, moves, count * sizeof(*waiting));
	do {
		size_t still = 0;

		before = done;
		for (size_t m = 0; m < left; m++) {
			BalanceMove move = waiting[m];

			if (load[move.to] + move.bytes <= limit[move.to]) {
				load[move.to] += move.bytes;
				load[move.from] -= move.bytes;
				moves[done++] = move;
			} else {
				waiting[still++] = move;
			}
		}
		left = still;
	} while (left > 0 && done > before);
	memcpy(&moves[done], waiting, left * sizeof(*waiting));
	free(load);
	free(waiting);
	return done;
}

/* From every set of moves that can be done, the sets with one more. */
static bool among_all_orders(const int64_t start[], size_t node_count, BalanceMove moves[], size_t count,
                             const int64_t limit[])
{
	uint32_t sets = (uint32_t) 1 << count;
	uint8_t *last = xmalloc(sets); /* the move that led here; count: unreachable */
	int64_t *load = xmalloc((node_count + 1) * sizeof(*load));
	BalanceMove ordered[EXACT_MAX];

	memset(last, (int) count, sets);
	for (uint32_t set = 0; set < sets; set++) {
		if (set > 0 && last[set] == count)
			continue;
		memcpy(load, start, node_count * sizeof(*load));
		for (size_t m = 0; m < count; m++) {
			if ((set >> m & 1) != 0) {
				load[moves[m].to] += moves[m].bytes;
				load[moves[m].from] -= moves[m].bytes;
			}
		}
		for (size_t m = 0; m < count; m++)
			if ((set >> m & 1) == 0 && load[moves[m].to] + moves[m].bytes <= limit[moves[m].to])
				last[set | (uint32_t) 1 << m] = (uint8_t) m;
	}

	bool found = last[sets - 1] != count;

	for (uint32_t set = sets - 1, at = (uint32_t) count; found && set > 0; set &= ~((uint32_t) 1 << last[set]))
		ordered[--at] = moves[last[set]];
	if (found)
		memcpy(moves, ordered, count * sizeof(*moves));
	free(load);
	free(last);
	return found;
}

/* The end made the start: what is an order backwards is one forwards. */
static bool backwards(const Assignment *home, BalanceMove moves[], size_t count, const int64_t limit[])
{
	size_t nodes = home->instance->node_count;
	int64_t *load = xmalloc((nodes + 1) * sizeof(*load));
	BalanceMove *back = xmalloc((count + 1) * sizeof(*back));

	memcpy(load, home->load, nodes * sizeof(*load));
	for (size_t m = 0; m < count; m++) {
		load[moves[m].to] += moves[m].bytes;
		load[moves[m].from] -= moves[m].bytes;
		back[m] = moves[m];
		back[m].from = moves[m].to;
		back[m].to = moves[m].from;
	}

	bool found = in_turns(load, nodes, back, count, limit) == count;

	for (size_t m = 0; found && m < count; m++) {
		moves[m] = back[count - 1 - m];
		moves[m].from = back[count - 1 - m].to;
		moves[m].to = back[count - 1 - m].from;
	}
	free(load);
	free(back);
	return found;
}

bool order_moves(const Assignment *home, BalanceMove moves[], size_t count, const int64_t limit[])
{
	size_t nodes = home->instance->node_count;

	rank(home, moves, count);
	if (in_turns(home->load, nodes, moves, count, limit) == count)
		return true;
	if (count <= EXACT_MAX)
		return among_all_orders(home->load, nodes, moves, count, limit);
	return backwards(home, moves, count, limit);
}
