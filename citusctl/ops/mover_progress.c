#include <math.h>

#include "ops/mover_state.h"
#include "util/clock.h"
#include "util/str.h"

#define TICK_EVERY_US 200000

/* The ETA is kept for the report when so much has been moved. */
#define KEEP_ETA_AT 0.1

MoveRates mover_rates(const Mover *m)
{
	MoveRates assumed = estimate_assumed(m->r->request.mode != REBALANCE_ONLINE);

	assumed.wait_s = m->r->retry_s;
	return estimate_rates(m->samples, m->r->plan.move_count, assumed);
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
static void set_stage(Slot *slot, MoveSample *sample, const MonitorView *view)
{
	int64_t now = clock_us();

	if (sample->stage == SAMPLE_WAITING)
		sample->waited_s += (double) (now - slot->looked_us) / 1e6;
	slot->looked_us = now;
	sample->stage = view->copying ? SAMPLE_COPYING : view->waiting ? SAMPLE_WAITING : SAMPLE_FINISHING;
}

void mover_take_progress(Mover *m)
{
	MonitorView view;

	for (size_t i = 0; i < m->slot_count; i++) {
		Slot *slot = &m->slots[i];
		const RebalanceMove *what = &m->r->moves[slot->move];
		MoveProgress *move = &m->moves[slot->move];
		MoveSample *sample = &m->samples[slot->move];

		if (!slot->taken || !slot->lane.busy || !monitor_view(m->monitor, what->group, &view))
			continue;

		bool new_phase = !str_equal(move->phase, view.phase);

		move->phase = view.phase;
		sample->fraction = fraction_done(what, &view);
		set_stage(slot, sample, &view);
		move->bytes_done = (int64_t) ((double) what->group->bytes * sample->fraction);
		move->bytes_per_s = move->seconds > 0 ? (double) move->bytes_done / move->seconds : 0;
		if (new_phase)
			mover_tell(m, REBALANCE_PHASE, slot->move, NULL);
	}
}

static void estimate(Mover *m)
{
	MoveRates rates = {0};

	m->progress.bytes_done = 0;
	for (size_t i = 0; i < m->r->plan.move_count; i++) {
		MoveProgress *move = &m->moves[i];
		MoveSample *sample = &m->samples[i];

		sample->seconds = move->seconds;
		if (move->state == MOVE_MOVED) {
			sample->stage = SAMPLE_DONE;
			sample->fraction = 1;
		} else if (move->state != MOVE_RUNNING || move->will_retry) {
			sample->stage = move->state == MOVE_GIVEN_UP ? SAMPLE_GIVEN_UP : SAMPLE_AHEAD;
			sample->seconds = sample->waited_s = sample->fraction = 0;
		}
		m->progress.bytes_done += move->bytes_done;
	}
	rates = mover_rates(m);
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
