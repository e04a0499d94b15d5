#include "demo/latency.h"

/* The highest set bit of value (at least 1), as a power of two. */
static int log2_of(uint64_t value)
{
	int bits = 0;

	while (value > 1) {
		value >>= 1;
		bits++;
	}
	return bits;
}

/*
 * Values below LATENCY_STEPS have a bucket each; above, each power of two is
 * cut into LATENCY_STEPS buckets of equal width.
 */
static int bucket_of(int64_t us)
{
	if (us < 0)
		return 0;
	if (us < LATENCY_STEPS)
		return (int) us;

	int shift = log2_of((uint64_t) us) - 5;
	int64_t bucket = (int64_t) shift * LATENCY_STEPS + (us >> shift);

	return bucket < LATENCY_BUCKETS ? (int) bucket : LATENCY_BUCKETS - 1;
}

/* The middle of a bucket in microseconds. */
static double bucket_middle(int bucket)
{
	if (bucket < LATENCY_STEPS)
		return bucket;

	int shift = bucket / LATENCY_STEPS - 1;
	int64_t low = (int64_t) (bucket % LATENCY_STEPS + LATENCY_STEPS) << shift;

	return (double) low + (double) ((int64_t) 1 << shift) / 2.0;
}

int64_t latency_bucket_end(int bucket)
{
	if (bucket < LATENCY_STEPS)
		return bucket + 1;

	int shift = bucket / LATENCY_STEPS - 1;

	return (int64_t) (bucket % LATENCY_STEPS + LATENCY_STEPS + 1) << shift;
}

void latency_add(Latency *latency, int64_t us)
{
	latency->counts[bucket_of(us)]++;
	latency->count++;
	latency->sum_us += us > 0 ? us : 0;
	if (us > latency->max_us)
		latency->max_us = us;
}

void latency_merge(Latency *into, const Latency *from)
{
	for (int i = 0; i < LATENCY_BUCKETS; i++)
		into->counts[i] += from->counts[i];
	into->count += from->count;
	into->sum_us += from->sum_us;
	if (from->max_us > into->max_us)
		into->max_us = from->max_us;
}

double latency_ms(const Latency *latency, double part)
{
	double wanted = part * (double) latency->count;
	int64_t seen = 0;

	for (int i = 0; i < LATENCY_BUCKETS; i++) {
		seen += latency->counts[i];
		if (seen > 0 && (double) seen >= wanted) {
			double us = bucket_middle(i);

			return (us < (double) latency->max_us ? us : (double) latency->max_us) / 1000.0;
		}
	}
	return 0.0;
}
