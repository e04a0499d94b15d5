#include "demo/timeline.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/clock.h"

struct DemoTimeline {
	pthread_mutex_t lock; /* of the marks */
	Arena *arena;         /* their texts */
	DemoMark *marks;
	size_t count;
	size_t capacity;
	int64_t start_us; /* 0: not begun */
	void (*marked)(void *arg, const char *line);
	void *arg;

	pthread_t thread;
	bool is_started;
	const DemoEvent *event;
	double lead_s;
	atomic_bool is_cancelled;
	atomic_bool has_failed;
	_Atomic int64_t over_us; /* 0: still going on */
	Err err;                 /* of the thread; read after the join */
};

DemoTimeline *timeline_new(void (*marked)(void *arg, const char *line), void *arg)
{
	DemoTimeline *timeline = xmalloc(sizeof(*timeline));

	memset(timeline, 0, sizeof(*timeline));
	pthread_mutex_init(&timeline->lock, NULL);
	timeline->arena = arena_new();
	timeline->marked = marked;
	timeline->arg = arg;
	return timeline;
}

void timeline_free(DemoTimeline *timeline)
{
	if (timeline == NULL)
		return;
	pthread_mutex_destroy(&timeline->lock);
	err_clear(&timeline->err);
	arena_free(timeline->arena);
	free(timeline->marks);
	free(timeline);
}

void timeline_begin(DemoTimeline *timeline, int64_t start_us)
{
	pthread_mutex_lock(&timeline->lock);
	timeline->start_us = start_us;
	pthread_mutex_unlock(&timeline->lock);
}

static void keep_mark(DemoTimeline *timeline, DemoMark mark)
{
	if (timeline->count == timeline->capacity) {
		timeline->capacity = timeline->capacity > 0 ? timeline->capacity * 2 : 16;
		timeline->marks = xrealloc(timeline->marks, timeline->capacity * sizeof(DemoMark));
	}
	timeline->marks[timeline->count++] = mark;
}

void timeline_mark(DemoTimeline *timeline, const char *format, ...)
{
	va_list args;
	char line[400];

	pthread_mutex_lock(&timeline->lock);
	va_start(args, format);

	const char *text = arena_vprintf(timeline->arena, format, args);
	double at_s = timeline->start_us > 0 ? (double) (clock_us() - timeline->start_us) / 1e6 : 0;

	va_end(args);
	keep_mark(timeline, (DemoMark) {at_s, text});
	snprintf(line, sizeof(line), "%6.1f s  %s", at_s, text);
	if (timeline->marked != NULL)
		timeline->marked(timeline->arg, line);
	pthread_mutex_unlock(&timeline->lock);
}

double timeline_now_s(DemoTimeline *timeline)
{
	pthread_mutex_lock(&timeline->lock);

	double now_s = timeline->start_us > 0 ? (double) (clock_us() - timeline->start_us) / 1e6 : 0;

	pthread_mutex_unlock(&timeline->lock);
	return now_s;
}

void timeline_copy(DemoTimeline *timeline, Arena *arena, DemoReport *report)
{
	pthread_mutex_lock(&timeline->lock);
	report->mark_count = timeline->count;
	report->marks = arena_array(arena, timeline->count, sizeof(DemoMark));
	for (size_t i = 0; i < timeline->count; i++)
		report->marks[i] = (DemoMark) {timeline->marks[i].at_s, arena_strdup(arena, timeline->marks[i].text)};
	pthread_mutex_unlock(&timeline->lock);
}

bool timeline_goes_on(DemoTimeline *timeline)
{
	return !atomic_load(&timeline->is_cancelled) && !clock_interrupted();
}

bool timeline_sleep(DemoTimeline *timeline, double seconds)
{
	int64_t until = clock_us() + (int64_t) (seconds * 1e6);

	while (timeline_goes_on(timeline) && clock_us() < until)
		clock_sleep_ms(20);
	return timeline_goes_on(timeline);
}

static void *run_event(void *arg)
{
	DemoTimeline *timeline = arg;
	const DemoEvent *event = timeline->event;

	if (timeline_sleep(timeline, timeline->lead_s) && !event->run(event->arg, timeline, &timeline->err))
		atomic_store(&timeline->has_failed, true);
	atomic_store(&timeline->over_us, clock_us());
	return NULL;
}

bool timeline_start(DemoTimeline *timeline, const DemoEvent *event, double lead_s, Err *err)
{
	timeline->event = event;
	timeline->lead_s = lead_s;
	if (pthread_create(&timeline->thread, NULL, run_event, timeline) != 0)
		return err_set(err, ERR_FAILED, "cannot start a thread");
	timeline->is_started = true;
	return true;
}

bool timeline_is_over(DemoTimeline *timeline, int64_t *over_us)
{
	*over_us = timeline->is_started ? atomic_load(&timeline->over_us) : timeline->start_us;
	return *over_us > 0;
}

bool timeline_failed(DemoTimeline *timeline)
{
	return atomic_load(&timeline->has_failed);
}

void timeline_cancel(DemoTimeline *timeline)
{
	atomic_store(&timeline->is_cancelled, true);
}

bool timeline_join(DemoTimeline *timeline, Err *err)
{
	if (!timeline->is_started)
		return true;
	pthread_join(timeline->thread, NULL);
	timeline->is_started = false;
	if (!timeline_failed(timeline))
		return true;
	err_move(err, &timeline->err);
	return err_wrap(err, "%s during the workload", timeline->event->name);
}
