#include "ops/mover.h"

#include <math.h>
#include <stdlib.h>

#include "ops/engine.h"
#include "ops/mover_state.h"
#include "util/clock.h"
#include "util/str.h"

#define ATTEMPTS_MAX 3
#define RETRY_AFTER_US ((int64_t) 2000000) /* the first time, then longer */
#define POLL_MS 5

void mover_tell(Mover *m, RebalanceEvent event, size_t move, const char *text)
{
	m->progress.seconds = (double) (clock_us() - m->began_us) / 1e6;
	if (m->options->watch != NULL)
		m->options->watch(m->options->watch_arg, event, move, text, &m->progress);
}

void mover_stop_starting(Mover *m, RebalanceOutcome outcome, const char *why)
{
	if (m->stopping != NULL)
		return;
	m->stopping = why;
	m->outcome = outcome;
	mover_tell(m, REBALANCE_STOPPING, 0, why);
}

/* ---- the ends of moves ---------------------------------------------------------- */

static const char *reason(const Mover *m, const Slot *slot, const Err *err)
{
	Arena *arena = m->r->arena;
	const char *text = err->message != NULL ? err->message : "failed";

	if (slot->cancelled != NULL)
		return slot->cancelled;
	if (err->detail != NULL && *err->detail != '\0')
		text = arena_printf(arena, "%s (%s)", text, err->detail);

	char *line = arena_strdup(arena, text);

	/* Reasons of servers have several lines; here each is one of a list. */
	for (char *c = line; *c != '\0'; c++)
		if (*c == '\n' || *c == '\t')
			*c = ' ';
	return line;
}

static void leave(Mover *m, Slot *slot, MoveEnd end)
{
	schedule_end(m->schedule, slot->move, end);
	slot->taken = false;
	slot->again_us = 0;
	slot->cancelled = NULL;
}

static void moved(Mover *m, Slot *slot)
{
	MoveProgress *move = &m->moves[slot->move];

	watch_source(m->watch, m->r->moves[slot->move].from, false);
	move->state = MOVE_MOVED;
	move->seconds = (double) (clock_us() - slot->started_us) / 1e6;
	move->bytes_done = m->r->moves[slot->move].group->bytes;
	move->phase = NULL;
	move->eta_s = 0;
	move->error = NULL;
	m->progress.moved++;
	m->progress.running--;
	mover_tell(m, REBALANCE_MOVED, slot->move, NULL);
	leave(m, slot, MOVE_DONE);
}

static void give_up(Mover *m, Slot *slot)
{
	MoveProgress *move = &m->moves[slot->move];

	move->state = MOVE_GIVEN_UP;
	move->will_retry = false;
	m->progress.failed++;
	m->progress.running--;
	mover_tell(m, REBALANCE_GAVE_UP, slot->move, move->error);
	leave(m, slot, MOVE_FAILED);
}

/* Whether the move needs a node that was waited for long enough. */
static bool is_blocked(const Mover *m, size_t move)
{
	return m->gave_nodes_up && (engine_traits(m->session->engine)->moves_need_every_node ||
	                            watch_is_dead(m->watch, m->r->moves[move].from) ||
	                            watch_is_dead(m->watch, m->r->moves[move].to));
}

/* Whatever the last attempt failed with, this is the reason. */
static void give_up_blocked(Mover *m, Slot *slot)
{
	m->moves[slot->move].error = arena_printf(m->r->arena, "node \"%s\" is down", watch_first_dead(m->watch)->name);
	give_up(m, slot);
}

/* What no second attempt can mend: a wrong statement, no permission, no such thing. */
static bool is_hopeless(const Err *err)
{
	return str_starts(err->sqlstate, "42") || str_starts(err->sqlstate, "0A") ||
	       str_starts(err->sqlstate, "22");
}

static void failed(Mover *m, Slot *slot, const Err *err)
{
	MoveProgress *move = &m->moves[slot->move];

	watch_source(m->watch, m->r->moves[slot->move].from, false);
	move->error = reason(m, slot, err);
	move->phase = NULL;
	move->bytes_done = 0;
	move->bytes_per_s = 0;
	if (m->interrupts > 1 || err->kind == ERR_INTERRUPTED) {
		move->state = MOVE_WAITING;
		m->progress.running--;
		leave(m, slot, MOVE_RETRY);
		return;
	}
	if (is_blocked(m, slot->move)) {
		give_up_blocked(m, slot);
		return;
	}
	if (move->attempts >= ATTEMPTS_MAX || is_hopeless(err)) {
		give_up(m, slot);
		return;
	}
	move->will_retry = true;
	slot->cancelled = NULL;
	slot->again_us = clock_us() + RETRY_AFTER_US * move->attempts;
	mover_tell(m, REBALANCE_RETRY, slot->move, move->error);
}

/* ---- starting ---------------------------------------------------------------- */

static void attempt(Mover *m, Slot *slot)
{
	const RebalanceMove *what = &m->r->moves[slot->move];
	MoveProgress *move = &m->moves[slot->move];
	Err err = ERR_INIT;

	slot->started_us = clock_us();
	slot->again_us = 0;
	move->state = MOVE_RUNNING;
	move->will_retry = false;
	move->attempts++;
	move->phase = "setting up";
	move->bytes_done = 0;
	move->eta_s = -1;
	m->samples.items[slot->move].fraction = m->samples.items[slot->move].waited_s = 0;
	m->samples.items[slot->move].stage = SAMPLE_COPYING;
	watch_source(m->watch, what->from, true);
	mover_tell(m, REBALANCE_STARTED, slot->move, NULL);
	if (!move_lane_open(&slot->lane, &m->coordinator, &err) || !move_lane_start(&slot->lane, what, &err))
		failed(m, slot, &err);
	err_clear(&err);
}

/*
 * The time is over: when it is, or when the next move would not fit into it,
 * which begins no earlier than the rate allows.
 */
static bool out_of_time(const Mover *m, size_t move)
{
	double seconds = (double) (clock_us() - m->began_us) / 1e6;
	MoveRates rates = mover_rates(m);

	if (m->options->max_seconds <= 0)
		return false;
	if (m->options->max_rate > 0)
		seconds = fmax(seconds, (double) m->bytes_started / (double) m->options->max_rate);
	if (rates.measured)
		seconds += estimate_left(rates, &m->samples, move);
	return seconds > m->options->max_seconds;
}

static bool too_fast(const Mover *m)
{
	double seconds = (double) (clock_us() - m->began_us) / 1e6;

	return m->options->max_rate > 0 && m->bytes_started > 0 &&
	       (double) m->bytes_started > seconds * (double) m->options->max_rate;
}

static Slot *free_slot(Mover *m)
{
	for (size_t i = 0; i < m->slot_count; i++)
		if (!m->slots[i].taken)
			return &m->slots[i];
	return NULL;
}

static void start_moves(Mover *m)
{
	Slot *slot = NULL;
	size_t next = 0;

	while (m->stopping == NULL && (m->dead_since_us == 0 || m->gave_nodes_up) && (slot = free_slot(m)) != NULL &&
	       schedule_first_waiting(m->schedule, &next)) {
		if (out_of_time(m, next)) {
			mover_stop_starting(m, REBALANCE_STOPPED, "the time given is over");
			return;
		}
		if (too_fast(m))
			return;
		if (!schedule_next(m->schedule, &next)) {
			if (m->progress.running == 0)
				mover_stop_starting(m, REBALANCE_FAILED, "what is left has no room since other moves failed");
			return;
		}
		slot->taken = true;
		slot->move = next;
		m->progress.running++;
		m->bytes_started += m->r->moves[next].group->bytes;
		if (is_blocked(m, next)) {
			give_up_blocked(m, slot);
			continue;
		}
		attempt(m, slot);
	}
}

/* ---- what happens meanwhile ------------------------------------------------------ */

static void take_results(Mover *m)
{
	for (size_t i = 0; i < m->slot_count; i++) {
		Slot *slot = &m->slots[i];
		Err err = ERR_INIT;

		if (!slot->taken || !slot->lane.busy)
			continue;

		LaneState state = move_lane_poll(&slot->lane, &err);

		if (state == LANE_MOVED)
			moved(m, slot);
		else if (state == LANE_FAILED)
			failed(m, slot, &err);
		err_clear(&err);
	}
}

/* Attempts that are due; those of a run that stops are not made. */
static void try_again(Mover *m)
{
	for (size_t i = 0; i < m->slot_count; i++) {
		Slot *slot = &m->slots[i];

		if (!slot->taken || slot->again_us == 0)
			continue;
		if (m->stopping != NULL) {
			m->moves[slot->move].state = MOVE_WAITING;
			m->moves[slot->move].will_retry = false;
			m->progress.running--;
			leave(m, slot, MOVE_RETRY);
		} else if (is_blocked(m, slot->move)) {
			give_up_blocked(m, slot);
		} else if ((m->dead_since_us == 0 || m->gave_nodes_up) && clock_us() >= slot->again_us) {
			attempt(m, slot);
		}
	}
}

void mover_cancel(Mover *m, const char *why, const Member *only)
{
	for (size_t i = 0; i < m->slot_count; i++) {
		Slot *slot = &m->slots[i];

		if (!slot->taken || !slot->lane.busy || slot->cancelled != NULL ||
		    (only != NULL && m->r->moves[slot->move].from != only && m->r->moves[slot->move].to != only))
			continue;
		slot->cancelled = why;
		move_lane_cancel(&slot->lane);
	}
}

static void look_at_interrupts(Mover *m)
{
	int count = clock_interrupt_count();

	if (count == 0)
		return;
	clock_resume();
	m->interrupts += count;
	if (m->progress.running > 0 && m->interrupts == 1)
		mover_stop_starting(m, REBALANCE_INTERRUPTED,
		              "interrupted: the moves that run are finished first; again to cancel them");
	else
		mover_stop_starting(m, REBALANCE_INTERRUPTED, "interrupted");
	m->outcome = REBALANCE_INTERRUPTED;
	if (m->interrupts > 1) {
		mover_tell(m, REBALANCE_STOPPING, 0, "interrupted again: the moves that run are cancelled");
		mover_cancel(m, "cancelled by Ctrl-C", NULL);
	}
}

static void look_at_news(Mover *m, MonitorNews news)
{
	if (news == MONITOR_PROGRESS)
		mover_take_progress(m);
	else if (news == MONITOR_OTHERS)
		mover_look_at_others(m);
}

/* ---- the loop ------------------------------------------------------------------ */

static bool is_working(const Mover *m)
{
	return m->progress.running > 0 || (m->stopping == NULL && schedule_waiting(m->schedule) > 0);
}

static void sleep_until_news(Mover *m)
{
	size_t n = watch_sockets(m->watch, m->fds);

	for (size_t i = 0; i < m->slot_count; i++)
		if (move_lane_socket(&m->slots[i].lane) >= 0)
			m->fds[n++] = (struct pollfd) {.fd = move_lane_socket(&m->slots[i].lane), .events = POLLIN};
	if (monitor_socket(m->monitor) >= 0)
		m->fds[n++] = (struct pollfd) {.fd = monitor_socket(m->monitor), .events = POLLIN};
	poll(m->fds, (nfds_t) n, POLL_MS);
}

static bool loop(Mover *m, Err *err)
{
	while (is_working(m)) {
		bool moving = m->progress.running > 0;

		look_at_interrupts(m);
		if (!watch_turn(m->watch, moving, err))
			return false;
		mover_look_at_nodes(m);
		if (m->dead_since_us != 0 && watch_is_dead(m->watch, &m->r->snapshot.nodes[0]) &&
		    m->r->snapshot.nodes[0].group == 0)
			return err_set(err, ERR_UNREACHABLE, "the coordinator is down");
		take_results(m);
		try_again(m);
		look_at_news(m, monitor_turn(m->monitor));
		start_moves(m);
		mover_tick(m);
		sleep_until_news(m);
	}
	return true;
}

static bool set_up(Mover *m, Err *err)
{
	const ScheduleLimits limits = {.jobs = (size_t) m->r->jobs, .per_node = m->r->per_node};

	m->coordinator = session_superuser(m->session, cluster_coordinator(m->session->cluster),
	                                   m->session->cluster->postgres.database);
	m->slot_count = (size_t) m->r->jobs;
	m->slots = arena_array(m->r->arena, m->slot_count, sizeof(Slot));
	m->moves = arena_array(m->r->arena, m->r->plan.move_count, sizeof(MoveProgress));
	m->samples.items = arena_array(m->r->arena, m->r->plan.move_count, sizeof(MoveSample));
	m->samples.count = m->r->plan.move_count;
	m->samples.order = mover_order(m, limits);
	for (size_t i = 0; i < m->r->plan.move_count; i++)
		m->samples.items[i] = (MoveSample) {.bytes = (double) m->r->moves[i].group->bytes,
		                                    .target = (size_t) (m->r->moves[i].to - m->r->snapshot.nodes)};
	m->progress.rebalance = m->r;
	m->progress.moves = m->moves;
	m->progress.eta_s = -1;
	m->schedule = schedule_new(m->r->problem, &m->r->plan, limits);
	m->watch = watch_open(m->session, m->r, err);
	if (m->watch == NULL)
		return false;
	m->fds = arena_array(m->r->arena, watch_sockets_max(m->watch) + m->slot_count + 1, sizeof(struct pollfd));
	m->monitor = monitor_open(&m->coordinator, engine_traits(m->session->engine)->others_move, err);
	return m->monitor != NULL;
}

static void fill_result(Mover *m, RebalanceResult *result)
{
	*result = (RebalanceResult) {
		.outcome = m->outcome,
		.stopped_by = m->outcome == REBALANCE_YIELDED ? m->stopping : NULL,
		.moves = m->moves,
		.moved = m->progress.moved,
		.failed = m->progress.failed,
		.left = m->r->plan.move_count - m->progress.moved - m->progress.failed,
		.seconds = (double) (clock_us() - m->began_us) / 1e6,
		.estimated_s = m->kept_eta_s,
	};
	for (size_t i = 0; i < m->r->plan.move_count; i++)
		if (m->moves[i].state == MOVE_MOVED)
			result->bytes += m->r->moves[i].group->bytes;
	if (result->outcome == REBALANCE_DONE && result->failed > 0)
		result->outcome = REBALANCE_FAILED;
}

bool mover_run(Session *session, Rebalance *rebalance, const RebalanceOptions *options,
               RebalanceResult *result, Err *err)
{
	Mover m = {.session = session, .r = rebalance, .options = options, .began_us = clock_us(),
	           .outcome = REBALANCE_DONE};
	bool ok = set_up(&m, err) && loop(&m, err);

	/* Lanes that are busy still (the coordinator is lost) are dropped: the server
	 * takes their moves back. */
	for (size_t i = 0; i < m.slot_count; i++)
		move_lane_close(&m.slots[i].lane);
	monitor_close(m.monitor);
	watch_close(m.watch);
	schedule_free(m.schedule);
	if (!ok && m.outcome == REBALANCE_DONE)
		m.outcome = REBALANCE_FAILED;
	fill_result(&m, result);
	return ok;
}
