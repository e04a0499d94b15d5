#include <math.h>

#include "ops/mover_state.h"
#include "util/clock.h"
#include "util/str.h"

#define TICK_EVERY_US 200000

/* The ETA is kept for the report when so much has been moved. */
#define KEEP_ETA_AT 0.1

MoveRates mover_rates(const Mover *m)
{
	return estimate_rates(&m->samples, estimate_assumed(m->r->request.mode != REBALANCE_ONLINE, m->r->retry_s));
}

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

/* The wait is what passes between two looks at its beginning and its end. */
static void set_stage(Mover *m, Slot *slot, MoveSample *sample, const MonitorView *view)
{
	int64_t now = clock_us();

	if (sample->stage == SAMPLE_WAITING)
		sample->waited_s += (double) (now - slot->looked_us) / 1e6;
	slot->looked_us = now;
	sample->stage = view->copying ? SAMPLE_COPYING : view->waiting ? SAMPLE_WAITING : SAMPLE_FINISHING;
	if (sample->stage == SAMPLE_FINISHING && sample->streamed_s <= 0)
		sample->streamed_s = (double) (now - m->began_us) / 1e6;
}

void mover_take_progress(Mover *m)
{
	MonitorView view;

	for (size_t i = 0; i < m->slot_count; i++) {
		Slot *slot = &m->slots[i];
		const RebalanceMove *what = &m->r->moves[slot->move];
		MoveProgress *move = &m->moves[slot->move];
		MoveSample *sample = &m->samples.items[slot->move];

		if (!slot->taken || !slot->lane.busy || !monitor_view(m->monitor, what->group, &view))
			continue;

		bool new_phase = !str_equal(move->phase, view.phase);

		move->phase = view.phase;
		sample->fraction = fraction_done(what, &view);
		set_stage(m, slot, sample, &view);
		move->bytes_done = (int64_t) ((double) what->group->bytes * sample->fraction);
		move->bytes_per_s = move->seconds > 0 ? (double) move->bytes_done / move->seconds : 0;
		if (new_phase)
			mover_tell(m, REBALANCE_PHASE, slot->move, NULL);
	}
}

static void estimate(Mover *m)
{
	MoveRates rates = {0};

	m->samples.now_s = m->progress.seconds;
	m->progress.bytes_done = 0;
	for (size_t i = 0; i < m->r->plan.move_count; i++) {
		MoveProgress *move = &m->moves[i];
		MoveSample *sample = &m->samples.items[i];

		sample->seconds = move->seconds;
		if (move->state == MOVE_MOVED) {
			sample->stage = SAMPLE_DONE;
			sample->fraction = 1;
			if (sample->streamed_s <= 0)
				sample->streamed_s = m->samples.now_s;
		} else if (move->state != MOVE_RUNNING || move->will_retry) {
			sample->stage = move->state == MOVE_GIVEN_UP ? SAMPLE_GIVEN_UP : SAMPLE_AHEAD;
			sample->seconds = sample->waited_s = sample->fraction = sample->streamed_s = 0;
		}
		m->progress.bytes_done += move->bytes_done;
	}
	rates = mover_rates(m);
	m->progress.eta_s = rates.measured ? estimate_run(rates, &m->samples, (size_t) m->r->jobs) : -1;
	if (m->options->max_rate > 0 && m->progress.eta_s >= 0)
		m->progress.eta_s = fmax(m->progress.eta_s, (double) (m->r->plan.bytes - m->bytes_started) /
		                                                (double) m->options->max_rate);
	for (size_t i = 0; i < m->r->plan.move_count; i++)
		if (m->moves[i].state == MOVE_RUNNING)
			m->moves[i].eta_s = rates.measured ? estimate_left(rates, &m->samples, i) : -1;
	if (m->progress.seconds > 0.5)
		m->progress.bytes_per_s = (double) m->progress.bytes_done / m->progress.seconds;
	if (m->kept_eta_s <= 0 && m->progress.eta_s > 0 &&
	    (double) m->progress.bytes_done >= KEEP_ETA_AT * (double) m->r->plan.bytes)
		m->kept_eta_s = m->progress.seconds + m->progress.eta_s;
}

/* The order is the schedule's, were all moves as fast as is assumed; of very many it would take long to say. */
#define ORDERED_MAX 1000

const size_t *mover_order(const Mover *m, ScheduleLimits limits)
{
	size_t count = m->r->plan.move_count;
	size_t *order = arena_array(m->r->arena, count, sizeof(*order));
	size_t *running = arena_array(m->r->arena, limits.jobs, sizeof(*running));
	BalanceSchedule *schedule = schedule_new(m->r->problem, &m->r->plan, limits);
	size_t begun = 0;
	size_t ended = 0;

	while (count <= ORDERED_MAX && schedule_waiting(schedule) > 0) {
		size_t next = 0;

		if (schedule_next(schedule, &next)) {
			running[begun % limits.jobs] = order[begun] = next;
			begun++;
		} else if (ended < begun) {
			schedule_end(schedule, running[ended % limits.jobs], MOVE_DONE);
			ended++;
		} else {
			break;
		}
	}
	schedule_free(schedule);
	return begun == count ? order : NULL;
}

void mover_tick(Mover *m)
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
	mover_tell(m, REBALANCE_TICK, 0, NULL);
}
