#include "ops/mover.h"

#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "balance/schedule.h"
#include "ops/engine.h"
#include "ops/move_estimate.h"
#include "ops/move_lane.h"
#include "ops/move_monitor.h"
#include "ops/move_watch.h"
#include "util/clock.h"
#include "util/str.h"

#define ATTEMPTS_MAX 3
#define RETRY_AFTER_US ((int64_t) 2000000) /* the first time, then longer */

/* How long a node that died is waited for before its moves are given up. */
#define NODE_WAIT_US 60000000

#define TICK_EVERY_US 200000
#define POLL_MS 5

/* The ETA is kept for the report when so much has been moved. */
#define KEEP_ETA_AT 0.1

/* Its attempt count lives in MoveProgress. */
typedef struct Slot {
	MoveLane lane;
	size_t move;
	bool taken;           /* it has a move: running, or waiting for its next attempt */
	int64_t started_us;   /* of the attempt */
	int64_t again_us;     /* of the next attempt; 0: one is running */
	const char *cancelled; /* NULL, or why it was cancelled */
} Slot;

typedef struct Mover {
	const Session *session;
	Rebalance *r;
	const RebalanceOptions *options;
	PgTarget coordinator;
	BalanceSchedule *schedule;
	MoveWatch *watch;
	MoveMonitor *monitor;
	Slot *slots;
	size_t slot_count;
	MoveProgress *moves;
	MoveSample *samples;
	RebalanceProgress progress;
	int64_t began_us, ticked_us;
	int64_t bytes_started;  /* for the rate limit */
	int64_t dead_since_us;  /* 0: every node is alive */
	bool gave_nodes_up;     /* dead ones were waited for long enough */
	int interrupts;
	const char *stopping; /* NULL, or why no more moves are started */
	RebalanceOutcome outcome;
	struct pollfd *fds;
	double kept_eta_s;
} Mover;

static void tell(Mover *m, RebalanceEvent event, size_t move, const char *text)
{
	m->progress.seconds = (double) (clock_us() - m->began_us) / 1e6;
	if (m->options->watch != NULL)
		m->options->watch(m->options->watch_arg, event, move, text, &m->progress);
}

static void stop_starting(Mover *m, RebalanceOutcome outcome, const char *why)
{
	if (m->stopping != NULL)
		return;
	m->stopping = why;
	m->outcome = outcome;
	tell(m, REBALANCE_STOPPING, 0, why);
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
	tell(m, REBALANCE_MOVED, slot->move, NULL);
	leave(m, slot, MOVE_DONE);
}

static void give_up(Mover *m, Slot *slot)
{
	MoveProgress *move = &m->moves[slot->move];

	move->state = MOVE_GIVEN_UP;
	move->will_retry = false;
	m->progress.failed++;
	m->progress.running--;
	tell(m, REBALANCE_GAVE_UP, slot->move, move->error);
	leave(m, slot, MOVE_FAILED);
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
	if (move->attempts >= ATTEMPTS_MAX || is_hopeless(err) || m->gave_nodes_up) {
		give_up(m, slot);
		return;
	}
	move->will_retry = true;
	slot->cancelled = NULL;
	slot->again_us = clock_us() + RETRY_AFTER_US * move->attempts;
	tell(m, REBALANCE_RETRY, slot->move, move->error);
}

/* ---- starting ---------------------------------------------------------------- */

static bool touches_dead(const Mover *m, size_t move)
{
	return watch_is_dead(m->watch, m->r->moves[move].from) || watch_is_dead(m->watch, m->r->moves[move].to);
}

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
	m->samples[slot->move].fraction = 0;
	m->samples[slot->move].copying = false;
	watch_source(m->watch, what->from, true);
	tell(m, REBALANCE_STARTED, slot->move, NULL);
	if (!move_lane_open(&slot->lane, &m->coordinator, &err) || !move_lane_start(&slot->lane, what, &err))
		failed(m, slot, &err);
	err_clear(&err);
}

static MoveRates rates_now(const Mover *m)
{
	MoveRates assumed = estimate_assumed(m->r->request.mode != REBALANCE_ONLINE);

	assumed.fixed_s += m->r->retry_s;
	return estimate_rates(m->samples, m->r->plan.move_count, assumed);
}

/*
 * The time is over: when it is, or when the next move would not fit into it,
 * which begins no earlier than the rate allows.
 */
static bool out_of_time(const Mover *m, size_t move)
{
	double seconds = (double) (clock_us() - m->began_us) / 1e6;
	MoveRates rates = rates_now(m);

	if (m->options->max_seconds <= 0)
		return false;
	if (m->options->max_rate > 0)
		seconds = fmax(seconds, (double) m->bytes_started / (double) m->options->max_rate);
	if (rates.measured)
		seconds += estimate_left(rates, &m->samples[move]);
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
			stop_starting(m, REBALANCE_STOPPED, "the time given is over");
			return;
		}
		if (too_fast(m))
			return;
		if (!schedule_next(m->schedule, &next)) {
			if (m->progress.running == 0)
				stop_starting(m, REBALANCE_FAILED, "what is left has no room since other moves failed");
			return;
		}
		slot->taken = true;
		slot->move = next;
		m->progress.running++;
		m->bytes_started += m->r->moves[next].group->bytes;
		if (m->gave_nodes_up && (touches_dead(m, next) || engine_traits(m->session->engine)->moves_need_every_node)) {
			m->moves[next].error = arena_printf(m->r->arena, "node \"%s\" is down",
			                                    watch_first_dead(m->watch)->name);
			give_up(m, slot);
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
		} else if (m->gave_nodes_up) {
			give_up(m, slot);
		} else if (m->dead_since_us == 0 && clock_us() >= slot->again_us) {
			attempt(m, slot);
		}
	}
}

static void cancel_moves(Mover *m, const char *why, const SnapshotNode *only)
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

static void look_at_nodes(Mover *m)
{
	const SnapshotNode *dead = watch_first_dead(m->watch);
	int64_t now = clock_us();

	if (dead == NULL) {
		m->dead_since_us = 0;
		m->gave_nodes_up = false;
		return;
	}
	if (m->dead_since_us == 0) {
		m->dead_since_us = now;
		tell(m, REBALANCE_WARNING, 0,
		     arena_printf(m->r->arena, "node \"%s\" is down: its moves are cancelled; when it is back within %d s, "
		                               "the run goes on", dead->name, NODE_WAIT_US / 1000000));
	}
	for (size_t n = 0; n < m->r->snapshot.node_count; n++)
		if (watch_is_dead(m->watch, &m->r->snapshot.nodes[n]))
			cancel_moves(m, arena_printf(m->r->arena, "node \"%s\" is down", m->r->snapshot.nodes[n].name),
			             &m->r->snapshot.nodes[n]);
	if (!m->gave_nodes_up && now - m->dead_since_us > NODE_WAIT_US)
		m->gave_nodes_up = true;
}

static void look_at_interrupts(Mover *m)
{
	int count = clock_interrupt_count();

	if (count == 0)
		return;
	clock_resume();
	m->interrupts += count;
	if (m->progress.running > 0 && m->interrupts == 1)
		stop_starting(m, REBALANCE_INTERRUPTED,
		              "interrupted: the moves that run are finished first; again to cancel them");
	else
		stop_starting(m, REBALANCE_INTERRUPTED, "interrupted");
	m->outcome = REBALANCE_INTERRUPTED;
	if (m->interrupts > 1) {
		tell(m, REBALANCE_STOPPING, 0, "interrupted again: the moves that run are cancelled");
		cancel_moves(m, "cancelled by Ctrl-C", NULL);
	}
}

/* ---- progress ----------------------------------------------------------------- */

/*
 * How much of the move is done, as time goes: bytes of indexes are made twice as
 * fast as others are copied.
 */
static double fraction_done(const RebalanceMove *what, const MonitorView *view)
{
	double copy = (double) what->copy_bytes;
	double rest = 0.5 * fmax((double) what->group->bytes - copy, 0) + 0.02 * (double) what->group->bytes;
	double copied = copy > 0 ? fmin((double) view->target_bytes / copy, 1) : 0;
	double share = copy + rest > 0 ? copy / (copy + rest) : 0;

	return view->copying ? share * copied : share + (1 - share) * view->rest_done;
}

static void take_progress(Mover *m)
{
	MonitorView view;

	for (size_t i = 0; i < m->slot_count; i++) {
		Slot *slot = &m->slots[i];
		const RebalanceMove *what = &m->r->moves[slot->move];
		MoveProgress *move = &m->moves[slot->move];

		if (!slot->taken || !slot->lane.busy || !monitor_view(m->monitor, what->group, &view))
			continue;

		bool new_phase = !str_equal(move->phase, view.phase);

		move->phase = view.phase;
		m->samples[slot->move].fraction = fraction_done(what, &view);
		m->samples[slot->move].copying = view.copying;
		move->bytes_done = (int64_t) ((double) what->group->bytes * m->samples[slot->move].fraction);
		move->bytes_per_s = move->seconds > 0 ? (double) move->bytes_done / move->seconds : 0;
		if (new_phase)
			tell(m, REBALANCE_PHASE, slot->move, NULL);
	}
}

static void estimate(Mover *m)
{
	MoveRates rates = {0};

	m->progress.bytes_done = 0;
	for (size_t i = 0; i < m->r->plan.move_count; i++) {
		MoveProgress *move = &m->moves[i];
		MoveSample *sample = &m->samples[i];

		sample->ended = move->state == MOVE_MOVED || move->state == MOVE_GIVEN_UP;
		sample->seconds = move->state == MOVE_RUNNING || move->state == MOVE_MOVED ? move->seconds : 0;
		if (move->state == MOVE_MOVED)
			sample->fraction = 1;
		else if (move->state != MOVE_RUNNING)
			sample->fraction = 0;
		m->progress.bytes_done += move->bytes_done;
	}
	rates = rates_now(m);
	m->progress.eta_s = rates.measured ? estimate_run(rates, m->samples, m->r->plan.move_count, (size_t) m->r->jobs) : -1;
	if (m->options->max_rate > 0 && m->progress.eta_s >= 0)
		m->progress.eta_s = fmax(m->progress.eta_s, (double) (m->r->plan.bytes - m->bytes_started) /
		                                                (double) m->options->max_rate);
	for (size_t i = 0; i < m->r->plan.move_count; i++)
		if (m->moves[i].state == MOVE_RUNNING)
			m->moves[i].eta_s = rates.measured ? estimate_left(rates, &m->samples[i]) : -1;
	if (m->progress.seconds > 0.5)
		m->progress.bytes_per_s = (double) m->progress.bytes_done / m->progress.seconds;
	if (m->kept_eta_s <= 0 && m->progress.eta_s > 0 &&
	    (double) m->progress.bytes_done >= KEEP_ETA_AT * (double) m->r->plan.bytes)
		m->kept_eta_s = m->progress.seconds + m->progress.eta_s;
}

static void tick(Mover *m)
{
	int64_t now = clock_us();

	if (now - m->ticked_us < TICK_EVERY_US)
		return;
	m->ticked_us = now;
	for (size_t i = 0; i < m->slot_count; i++)
		if (m->slots[i].taken && m->slots[i].lane.busy)
			m->moves[m->slots[i].move].seconds = (double) (now - m->slots[i].started_us) / 1e6;
	m->progress.seconds = (double) (now - m->began_us) / 1e6;
	estimate(m);
	tell(m, REBALANCE_TICK, 0, NULL);
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
		look_at_nodes(m);
		if (m->dead_since_us != 0 && watch_is_dead(m->watch, &m->r->snapshot.nodes[0]) &&
		    m->r->snapshot.nodes[0].group == 0)
			return err_set(err, ERR_UNREACHABLE, "the coordinator is down");
		take_results(m);
		try_again(m);
		if (monitor_turn(m->monitor, moving))
			take_progress(m);
		start_moves(m);
		tick(m);
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
	m->samples = arena_array(m->r->arena, m->r->plan.move_count, sizeof(MoveSample));
	for (size_t i = 0; i < m->r->plan.move_count; i++)
		m->samples[i] = (MoveSample) {.bytes = (double) m->r->moves[i].group->bytes, .to_come_s = m->r->retry_s};
	m->progress.rebalance = m->r;
	m->progress.moves = m->moves;
	m->progress.eta_s = -1;
	m->schedule = schedule_new(m->r->problem, &m->r->plan, limits);
	m->watch = watch_open(m->session, m->r, err);
	if (m->watch == NULL)
		return false;
	m->fds = arena_array(m->r->arena, watch_sockets_max(m->watch) + m->slot_count + 1, sizeof(struct pollfd));
	m->monitor = monitor_open(&m->coordinator, err);
	return m->monitor != NULL;
}

static void fill_result(Mover *m, RebalanceResult *result)
{
	*result = (RebalanceResult) {
		.outcome = m->outcome,
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

bool mover_run(const Session *session, Rebalance *rebalance, const RebalanceOptions *options,
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
