/*
 * demo/timeline.h - what happened while the workload ran, and when: kept by the
 * thread in which it happens, read by the one that reports.
 *
 * Ownership: timeline_free() releases everything; timeline_copy() copies into an arena.
 * Threads:   any number may mark and ask; one begins, and one ends.
 */
#ifndef CITUSCTL_DEMO_TIMELINE_H
#define CITUSCTL_DEMO_TIMELINE_H

#include "demo/demo.h"

typedef struct DemoTimeline DemoTimeline;

/* marked (may be NULL) is told of each mark as a line for people. */
DemoTimeline *timeline_new(void (*marked)(void *arg, const char *line), void *arg);
void timeline_free(DemoTimeline *timeline); /* NULL is allowed */

/* Time counts from here; marks made earlier are at 0. */
void timeline_begin(DemoTimeline *timeline, int64_t start_us);

void timeline_mark(DemoTimeline *timeline, const char *format, ...) PRINTF_LIKE(2, 3);

/* Since it began. */
double timeline_now_s(DemoTimeline *timeline);

/* The marks so far, in order. */
void timeline_copy(DemoTimeline *timeline, Arena *arena, DemoReport *report);

/*
 * Runs the event in a thread of its own, after lead_s seconds; the thread is
 * joined by timeline_join(), which says how it ended.  cancelled events see it
 * by timeline_goes_on() between what they do.
 */
bool timeline_start(DemoTimeline *timeline, const DemoEvent *event, double lead_s, Err *err) MUST_CHECK;
bool timeline_is_over(DemoTimeline *timeline, int64_t *over_us);
bool timeline_failed(DemoTimeline *timeline);
void timeline_cancel(DemoTimeline *timeline);
bool timeline_goes_on(DemoTimeline *timeline);
bool timeline_join(DemoTimeline *timeline, Err *err) MUST_CHECK;

/* Sleeps, but not on when the event is cancelled; false then. */
bool timeline_sleep(DemoTimeline *timeline, double seconds);

#endif
