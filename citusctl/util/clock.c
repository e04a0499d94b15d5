#include "util/clock.h"

#include <signal.h>
#include <stdatomic.h>
#include <time.h>

/* A probe costs little next to what is waited for. */
#define PAUSE_MAX_MS 16

/* Set by the signal handler, so it has to be global; lock-free on every target. */
static atomic_int interrupts;

int64_t clock_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void clock_sleep_ms(int milliseconds)
{
	struct timespec pause = {milliseconds / 1000, (long) (milliseconds % 1000) * 1000000};

	nanosleep(&pause, NULL);
}

void clock_interrupt(void)
{
	atomic_fetch_add(&interrupts, 1);
}

bool clock_interrupted(void)
{
	return atomic_load(&interrupts) > 0;
}

int clock_interrupt_count(void)
{
	return atomic_load(&interrupts);
}

void clock_resume(void)
{
	atomic_store(&interrupts, 0);
}

bool clock_go_on(Err *err)
{
	if (!clock_interrupted())
		return true;
	err_set(err, ERR_INTERRUPTED, "interrupted");
	return err_hint(err, "What was done so far stays; run the same command again to finish the job.");
}

bool clock_poll_until(int timeout_ms, bool (*probe)(void *arg), void *arg)
{
	int64_t deadline = clock_us() + (int64_t) timeout_ms * 1000;
	int pause_ms = 2;

	while (!clock_interrupted()) {
		if (probe(arg))
			return true;
		if (clock_us() >= deadline)
			return false;
		clock_sleep_ms(pause_ms);
		if (pause_ms < PAUSE_MAX_MS)
			pause_ms *= 2;
	}
	return false;
}
