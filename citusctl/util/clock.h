/*
 * util/clock.h - time: monotonic microseconds, waiting, and the interrupt flag.
 *
 * Threads: all of it may be called from any thread; clock_interrupt() also
 * from a signal handler.
 */
#ifndef CITUSCTL_UTIL_CLOCK_H
#define CITUSCTL_UTIL_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "util/err.h"

/* Monotonic time in microseconds. */
int64_t clock_us(void);

/* Sleeps, less when interrupted. */
void clock_sleep_ms(int milliseconds);

/* The user pressed Ctrl-C (or TERM came): every long wait looks at this. */
void clock_interrupt(void);
bool clock_interrupted(void);

/* How often, since the start or clock_resume(). */
int clock_interrupt_count(void);

/* Forgets the interrupt, so that what must be cleaned up can be. */
void clock_resume(void);

/* Fills err with ERR_INTERRUPTED and returns false once interrupted. */
bool clock_go_on(Err *err);

/*
 * Calls probe(arg) until it returns true or timeout_ms is over; the pauses
 * grow from 5 to 100 ms.  False on time-out and on interrupt.
 */
bool clock_poll_until(int timeout_ms, bool (*probe)(void *arg), void *arg);

#endif
