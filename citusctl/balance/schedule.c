#include "balance/schedule.h"

#include <stdlib.h>
#include <string.h>

typedef enum State { WAITING, RUNNING, ENDED } State;

/* Moves that touch a node, in the plan's order. */
typedef struct Touching {
	size_t *moves;
	size_t count;
	size_t first; /* those before it have ended */
} Touching;

struct BalanceSchedule {
	BalanceMove *moves;
	State *states;
	size_t count;
	size_t node_count;
	ScheduleLimits limits;
	int64_t *held;    /* bytes on each node, what is arriving included */
	int64_t *leaving; /* of them, what running moves take away */
	int64_t *room;    /* the most a node may hold */
	int64_t *ahead;   /* bytes of moves that touch a node and have not ended */
	size_t *busy;     /* running moves that touch a node */
	Touching *touching;
	size_t running;
	size_t waiting;
	size_t first; /* moves before it are not waiting */
};

static void *zeroed(size_t count, size_t size)
{
	void *memory = xmalloc((count + 1) * size);

	memset(memory, 0, (count + 1) * size);
	return memory;
}

static void index_moves(BalanceSchedule *s)
{
	for (size_t m = 0; m < s->count; m++) {
		s->touching[s->moves[m].from].count++;
		s->touching[s->moves[m].to].count++;
	}
	for (size_t n = 0; n < s->node_count; n++) {
		s->touching[n].moves = zeroed(s->touching[n].count, sizeof(size_t));
		s->touching[n].count = 0;
	}
	for (size_t m = 0; m < s->count; m++) {
		Touching *from = &s->touching[s->moves[m].from];
		Touching *to = &s->touching[s->moves[m].to];

		from->moves[from->count++] = m;
		to->moves[to->count++] = m;
		s->ahead[s->moves[m].from] += s->moves[m].bytes;
		s->ahead[s->moves[m].to] += s->moves[m].bytes;
	}
}

BalanceSchedule *schedule_new(const BalanceProblem *problem, const BalancePlan *plan, ScheduleLimits limits)
{
	BalanceSchedule *s = zeroed(1, sizeof(*s));
	double most = plan->max_utilization_before > plan->max_utilization ? plan->max_utilization_before
	                                                                   : plan->max_utilization;

	s->count = plan->move_count;
	s->node_count = problem->node_count;
	s->limits = limits;
	s->moves = zeroed(s->count, sizeof(*s->moves));
	s->states = zeroed(s->count, sizeof(*s->states));
	s->held = zeroed(s->node_count, sizeof(*s->held));
	s->leaving = zeroed(s->node_count, sizeof(*s->leaving));
	s->room = zeroed(s->node_count, sizeof(*s->room));
	s->ahead = zeroed(s->node_count, sizeof(*s->ahead));
	s->busy = zeroed(s->node_count, sizeof(*s->busy));
	s->touching = zeroed(s->node_count, sizeof(*s->touching));
	s->waiting = s->count;
	if (s->count > 0)
		memcpy(s->moves, plan->moves, s->count * sizeof(*s->moves));
	for (size_t n = 0; n < s->node_count; n++) {
		double fair = most * problem->nodes[n].capacity;

		s->held[n] = plan->nodes[n].bytes_before;
		s->room[n] = plan->nodes[n].bytes_peak;
		if (fair < (double) BALANCE_BYTES_MAX && (int64_t) fair > s->room[n])
			s->room[n] = (int64_t) fair;
	}
	index_moves(s);
	return s;
}

void schedule_free(BalanceSchedule *s)
{
	if (s == NULL)
		return;
	for (size_t n = 0; n < s->node_count; n++)
		free(s->touching[n].moves);
	free(s->touching);
	free(s->moves);
	free(s->states);
	free(s->held);
	free(s->leaving);
	free(s->room);
	free(s->ahead);
	free(s->busy);
	free(s);
}

/*
 * Whether the group fits now, and whether those that stand before it in the
 * plan's order still fit afterwards: else two moves could each wait for room
 * that the other one frees.
 */
static bool has_room(BalanceSchedule *s, size_t move)
{
	uint32_t node = s->moves[move].to;
	Touching *touching = &s->touching[node];
	int64_t bytes = s->moves[move].bytes;
	int64_t load = s->held[node] - s->leaving[node] + bytes;

	if (s->held[node] + bytes > s->room[node])
		return false;
	while (touching->first < touching->count && s->states[touching->moves[touching->first]] == ENDED)
		touching->first++;
	for (size_t i = touching->first; i < touching->count && touching->moves[i] < move; i++) {
		const BalanceMove *earlier = &s->moves[touching->moves[i]];

		if (s->states[touching->moves[i]] != WAITING)
			continue;
		load += earlier->to == node ? earlier->bytes : -earlier->bytes;
		if (earlier->to == node && load > s->room[node])
			return false;
	}
	return true;
}

static int64_t larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* Whether move a is to start before move b: the busiest node first. */
static bool comes_first(const BalanceSchedule *s, size_t a, size_t b)
{
	const BalanceMove *x = &s->moves[a];
	const BalanceMove *y = &s->moves[b];
	int64_t x_ahead = larger(s->ahead[x->from], s->ahead[x->to]);
	int64_t y_ahead = larger(s->ahead[y->from], s->ahead[y->to]);

	if (x->forced != y->forced)
		return x->forced;
	if (x_ahead != y_ahead)
		return x_ahead > y_ahead;
	return x->bytes != y->bytes ? x->bytes > y->bytes : a < b;
}

bool schedule_next(BalanceSchedule *s, size_t *move)
{
	bool found = false;

	if (s->running >= s->limits.jobs)
		return false;
	while (s->first < s->count && s->states[s->first] != WAITING)
		s->first++;
	for (size_t m = s->first; m < s->count; m++) {
		const BalanceMove *one = &s->moves[m];

		if (s->states[m] == WAITING && s->busy[one->from] < s->limits.per_node &&
		    s->busy[one->to] < s->limits.per_node && (!found || comes_first(s, m, *move)) && has_room(s, m)) {
			*move = m;
			found = true;
		}
	}
	if (!found)
		return false;

	const BalanceMove *one = &s->moves[*move];

	s->states[*move] = RUNNING;
	s->running++;
	s->waiting--;
	s->busy[one->from]++;
	s->busy[one->to]++;
	s->held[one->to] += one->bytes;
	s->leaving[one->from] += one->bytes;
	return true;
}

void schedule_end(BalanceSchedule *s, size_t move, MoveEnd end)
{
	const BalanceMove *one = &s->moves[move];

	s->running--;
	s->busy[one->from]--;
	s->busy[one->to]--;
	s->leaving[one->from] -= one->bytes;
	s->held[end == MOVE_DONE ? one->from : one->to] -= one->bytes;
	if (end == MOVE_RETRY) {
		s->states[move] = WAITING;
		s->waiting++;
		s->first = move < s->first ? move : s->first;
		return;
	}
	s->states[move] = ENDED;
	s->ahead[one->from] -= one->bytes;
	s->ahead[one->to] -= one->bytes;
}

size_t schedule_running(const BalanceSchedule *s)
{
	return s->running;
}

size_t schedule_waiting(const BalanceSchedule *s)
{
	return s->waiting;
}

bool schedule_first_waiting(const BalanceSchedule *s, size_t *move)
{
	for (size_t m = s->first; m < s->count; m++) {
		if (s->states[m] == WAITING) {
			*move = m;
			return true;
		}
	}
	return false;
}
