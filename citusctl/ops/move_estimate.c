#include "ops/move_estimate.h"

#include <math.h>
#include <stdlib.h>

#include "util/arena.h"

/* From moves between servers of one machine; a first guess, and said to be one. */
#define ASSUMED_FIXED_S 0.5
#define ASSUMED_BYTES_PER_S 40e6
#define ASSUMED_BLOCKING_BYTES_PER_S 80e6

#define FIXED_WEIGHT 0.5    /* of the assumption on the fixed part, in moves */
#define RATE_WEIGHT 0.002   /* of that on the rate */
#define WAIT_WEIGHT 0.5     /* of that on the wait, in waits */
#define LEAST_WAIT 0.2      /* of the retry interval: less is no wait for it */
#define LEAST_FRACTION 0.05 /* of a running move, before it says anything on the rate */
#define JOBS_MAX 64

/* Most of a move's work comes before its stream begins. */
#define SHARE_BEFORE 0.8

MoveRates estimate_assumed(bool blocks_writes, double retry_s)
{
	return (MoveRates) {
		.fixed_s = ASSUMED_FIXED_S,
		.s_per_byte = 1 / (blocks_writes ? ASSUMED_BLOCKING_BYTES_PER_S : ASSUMED_BYTES_PER_S),
		.retry_s = blocks_writes ? 0 : retry_s,
		.wait_s = retry_s,
	};
}

/* Sums of a weighted fit of seconds = fixed + s_per_byte * bytes. */
typedef struct Fit {
	double w, x, y, xx, xy;
} Fit;

static void fit_add(Fit *fit, double weight, double bytes, double seconds)
{
	fit->w += weight;
	fit->x += weight * bytes;
	fit->y += weight * seconds;
	fit->xx += weight * bytes * bytes;
	fit->xy += weight * bytes * seconds;
}

static bool has_ended(const MoveSample *s)
{
	return s->stage == SAMPLE_DONE || s->stage == SAMPLE_GIVEN_UP;
}

/* Where servers don't make moves wait, to catch up is work like any other. */
static double worked(MoveRates rates, const MoveSample *s)
{
	return fmax(s->seconds - (rates.retry_s > 0 ? s->waited_s : 0), 0);
}

/* The mean of the waits that are over, and of those that last longer than was thought. */
static double mean_wait(const MoveSamples *samples, MoveRates assumed)
{
	double weight = WAIT_WEIGHT;
	double sum = WAIT_WEIGHT * assumed.wait_s;

	for (size_t i = 0; i < samples->count; i++) {
		const MoveSample *s = &samples->items[i];
		bool over = s->stage == SAMPLE_FINISHING || s->stage == SAMPLE_DONE;

		if (s->waited_s < LEAST_WAIT * assumed.retry_s || !(over || s->waited_s > assumed.wait_s))
			continue;
		weight += 1;
		sum += s->waited_s;
	}
	return sum / weight;
}

MoveRates estimate_rates(const MoveSamples *samples, MoveRates assumed)
{
	Fit fit = {0};
	MoveRates rates = assumed;
	double mean = 0;

	for (size_t i = 0; i < samples->count; i++)
		mean += samples->items[i].bytes / (double) samples->count;
	fit_add(&fit, FIXED_WEIGHT, 0, assumed.fixed_s);
	fit_add(&fit, RATE_WEIGHT, mean, assumed.fixed_s + assumed.s_per_byte * mean);
	for (size_t i = 0; i < samples->count; i++) {
		const MoveSample *s = &samples->items[i];

		if (s->stage == SAMPLE_AHEAD || s->stage == SAMPLE_GIVEN_UP || s->fraction < LEAST_FRACTION)
			continue;
		fit_add(&fit, s->fraction, s->fraction * s->bytes, worked(rates, s));
		rates.measured = true;
	}
	rates.wait_s = mean_wait(samples, assumed);

	double spread = fit.w * fit.xx - fit.x * fit.x;

	if (!rates.measured || spread <= 0)
		return rates;
	rates.s_per_byte = (fit.w * fit.xy - fit.x * fit.y) / spread;
	rates.fixed_s = (fit.y - rates.s_per_byte * fit.x) / fit.w;

	/* Neither part can be negative: then the other one explains it all. */
	if (rates.s_per_byte < 0) {
		rates.s_per_byte = 0;
		rates.fixed_s = fit.y / fit.w;
	} else if (rates.fixed_s < 0) {
		rates.fixed_s = 0;
		rates.s_per_byte = fit.xy / fit.xx;
	}
	return rates;
}

/* The work alone. */
static double work_left(MoveRates rates, const MoveSample *sample)
{
	double whole = rates.fixed_s + rates.s_per_byte * sample->bytes;
	double by_time = whole - worked(rates, sample);
	double by_share = whole * (1 - sample->fraction);

	if (has_ended(sample))
		return 0;
	/* The two disagree most when a move is slower than the others: trust how far
	 * it has come. */
	return by_share * sample->fraction + fmax(by_time, 0) * (1 - sample->fraction);
}

/* Work and wait of a move that goes on at the time; last: when the last stream to
 * its target began, which becomes that of this one. */
static double left_at(MoveRates rates, const MoveSample *sample, double time, double *last)
{
	double work = work_left(rates, sample);
	double stream = time + work * (sample->stage == SAMPLE_AHEAD || sample->stage == SAMPLE_COPYING ? SHARE_BEFORE : 0);
	double wait = 0;

	if (rates.retry_s <= 0 || sample->stage == SAMPLE_FINISHING || has_ended(sample))
		return work;
	if (sample->stage == SAMPLE_WAITING && sample->waited_s > LEAST_WAIT * rates.retry_s)
		wait = fmax(rates.wait_s - sample->waited_s, 0);
	else if (*last > 0 && stream - *last < rates.retry_s)
		wait = rates.wait_s;
	*last = stream + wait;
	return work + wait;
}

static double last_stream(const MoveSamples *samples, size_t target)
{
	double last = 0;

	for (size_t i = 0; i < samples->count; i++)
		if (samples->items[i].target == target)
			last = fmax(last, samples->items[i].streamed_s);
	return last;
}

double estimate_left(MoveRates rates, const MoveSamples *samples, size_t move)
{
	const MoveSample *sample = &samples->items[move];
	double last = rates.retry_s > 0 ? last_stream(samples, sample->target) : 0;

	return left_at(rates, sample, samples->now_s, &last);
}

static double *last_streams(const MoveSamples *samples)
{
	size_t targets = 0;

	for (size_t i = 0; i < samples->count; i++)
		targets = samples->items[i].target >= targets ? samples->items[i].target + 1 : targets;

	double *last = xmalloc((targets + 1) * sizeof(*last));

	for (size_t t = 0; t < targets; t++)
		last[t] = 0;
	for (size_t i = 0; i < samples->count; i++)
		last[samples->items[i].target] = fmax(last[samples->items[i].target], samples->items[i].streamed_s);
	return last;
}

double estimate_run(MoveRates rates, const MoveSamples *samples, size_t jobs)
{
	double ends[JOBS_MAX] = {0};
	double end = 0;
	size_t lanes = jobs < 1 ? 1 : jobs > JOBS_MAX ? JOBS_MAX : jobs;
	double *last = last_streams(samples);

	/* Those that run first, then the others in their order. */
	for (int running = 1; running >= 0; running--) {
		for (size_t i = 0; i < samples->count; i++) {
			const MoveSample *s = &samples->items[samples->order != NULL ? samples->order[i] : i];
			size_t lane = 0;

			if (has_ended(s) || (s->stage != SAMPLE_AHEAD) != (running != 0))
				continue;
			for (size_t l = 1; l < lanes; l++)
				if (ends[l] < ends[lane])
					lane = l;
			ends[lane] += left_at(rates, s, samples->now_s + ends[lane], &last[s->target]);
			end = fmax(end, ends[lane]);
		}
	}
	free(last);
	return end;
}
