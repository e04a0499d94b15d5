/*
 * util/number.h - whole numbers: as people read them, and what divides them.
 *
 * Threads:   no state.
 */
#ifndef CITUSCTL_UTIL_NUMBER_H
#define CITUSCTL_UTIL_NUMBER_H

#include <stdint.h>

#define NUMBER_GROUPED_MAX 32 /* bytes that any of them fits in */

/* With commas between groups of three digits, into out; returns out. */
const char *number_grouped(int64_t value, char out[NUMBER_GROUPED_MAX]);

/* The greatest that divides both, neither negative; the other one where one is 0. */
int64_t number_divisor(int64_t a, int64_t b);

#endif
