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
#define WAIT_WEIGHT 0.2     /* of that on the wait, in moves */
#define LEAST_FRACTION 0.05 /* of a running move, before it says anything on the rate */
#define JOBS_MAX 64

MoveRates estimate_assumed(bool blocks_writes)
{
	return (MoveRates) {
		.fixed_s = ASSUMED_FIXED_S,
		.s_per_byte = 1 / (blocks_writes ? ASSUMED_BLOCKING_BYTES_PER_S : ASSUMED_BYTES_PER_S),
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

static double worked(const MoveSample *s)
{
	return fmax(s->seconds - s->waited_s, 0);
}

static bool has_ended(const MoveSample *s)
{
	return s->stage == SAMPLE_DONE || s->stage == SAMPLE_GIVEN_UP;
}

/* The mean of those that were waited to their end, and of those that last longer. */
static double mean_wait(const MoveSample samples[], size_t count, double assumed)
{
	double weight = WAIT_WEIGHT;
	double sum = WAIT_WEIGHT * assumed;

	for (size_t i = 0; i < count; i++) {
		const MoveSample *s = &samples[i];
		bool over = s->stage == SAMPLE_FINISHING || s->stage == SAMPLE_DONE;

		if (s->is_first || !(over || (s->stage == SAMPLE_WAITING && s->waited_s > assumed)))
			continue;
		weight += 1;
		sum += s->waited_s;
	}
	return sum / weight;
}

MoveRates estimate_rates(const MoveSample samples[], size_t count, MoveRates assumed)
{
	Fit fit = {0};
	MoveRates rates = assumed;
	double mean = 0;

	for (size_t i = 0; i < count; i++)
		mean += samples[i].bytes / (double) count;
	fit_add(&fit, FIXED_WEIGHT, 0, assumed.fixed_s);
	fit_add(&fit, RATE_WEIGHT, mean, assumed.fixed_s + assumed.s_per_byte * mean);
	for (size_t i = 0; i < count; i++) {
		const MoveSample *s = &samples[i];

		if (s->stage == SAMPLE_AHEAD || s->stage == SAMPLE_GIVEN_UP || s->fraction < LEAST_FRACTION)
			continue;
		fit_add(&fit, s->fraction, s->fraction * s->bytes, worked(s));
		rates.measured = true;
	}
	rates.wait_s = mean_wait(samples, count, assumed.wait_s);

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

static double wait_left(MoveRates rates, const MoveSample *sample)
{
	if (sample->stage == SAMPLE_FINISHING || sample->is_first)
		return 0;
	return fmax(rates.wait_s - sample->waited_s, 0);
}

double estimate_left(MoveRates rates, const MoveSample *sample)
{
	double whole = rates.fixed_s + rates.s_per_byte * sample->bytes;
	double by_time = whole - worked(sample);
	double by_share = whole * (1 - sample->fraction);

	if (has_ended(sample))
		return 0;
	/* The two disagree most when a move is slower than the others: trust how far
	 * it has come. */
	return by_share * sample->fraction + fmax(by_time, 0) * (1 - sample->fraction) + wait_left(rates, sample);
}

double estimate_run(MoveRates rates, const MoveSample samples[], size_t count, size_t jobs)
{
	double ends[JOBS_MAX] = {0};
	double last = 0;
	size_t lanes = jobs < 1 ? 1 : jobs > JOBS_MAX ? JOBS_MAX : jobs;

	/* Those that run first, then the others in their order. */
	for (int running = 1; running >= 0; running--) {
		for (size_t i = 0; i < count; i++) {
			const MoveSample *s = &samples[i];
			size_t lane = 0;

			if (has_ended(s) || (s->stage != SAMPLE_AHEAD) != (running != 0))
				continue;
			for (size_t l = 1; l < lanes; l++)
				if (ends[l] < ends[lane])
					lane = l;
			ends[lane] += estimate_left(rates, s);
			if (ends[lane] > last)
				last = ends[lane];
		}
	}
	return last;
}
