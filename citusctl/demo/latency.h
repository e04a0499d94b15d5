/*
 * demo/latency.h - how long operations took: counts in buckets whose width
 * grows with the value, so that any percentile is known to about 3 % at a
 * fixed size, however many values are added.
 *
 * Ownership: a Latency is plain memory, zeroed to begin with.
 * Threads:   used by one thread at a time.
 */
#ifndef CITUSCTL_DEMO_LATENCY_H
#define CITUSCTL_DEMO_LATENCY_H

#include <stdint.h>

/* 32 buckets for each power of two; 2^40 us are twelve days. */
#define LATENCY_STEPS 32
#define LATENCY_BUCKETS 1152 /* 36 powers of two of LATENCY_STEPS each */

typedef struct Latency {
	int64_t counts[LATENCY_BUCKETS];
	int64_t count;
	int64_t sum_us;
	int64_t max_us;
} Latency;

/* The smallest value in microseconds that a bucket does not hold any more. */
int64_t latency_bucket_end(int bucket);

/* Negative values count as 0, those beyond the last bucket in it. */
void latency_add(Latency *latency, int64_t us);

/* Adds everything counted in from. */
void latency_merge(Latency *into, const Latency *from);

/*
 * The value in milliseconds that a part of the values, 0..1, does not exceed:
 * 0.5 is the median.  0 when nothing was added; never above the largest value.
 */
double latency_ms(const Latency *latency, double part);

#endif
