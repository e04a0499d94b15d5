#include "run/each.h"

#include <pthread.h>

#include "util/clock.h"

#define THREADS_MAX 64

typedef struct Each {
	const bool *selected;
	size_t count;
	void (*work)(void *context, size_t node);
	void *context;
	atomic_size_t next;
} Each;

static void *work_on(void *arg)
{
	Each *each = arg;
	size_t node = 0;

	while ((node = atomic_fetch_add(&each->next, 1)) < each->count && !clock_interrupted())
		if (each->selected == NULL || each->selected[node])
			each->work(each->context, node);
	return NULL;
}

void each_node(const Session *session, const bool *selected, void (*work)(void *context, size_t node), void *context)
{
	Each each = {.selected = selected, .count = session->cluster->node_count, .work = work, .context = context};
	pthread_t threads[THREADS_MAX];
	size_t wanted = session->jobs > 0 ? (size_t) session->jobs : 1;
	size_t started = 0;

	if (wanted > each.count)
		wanted = each.count;
	if (wanted > THREADS_MAX)
		wanted = THREADS_MAX;

	/* This thread works too, so that it gets done even when no thread can be had. */
	while (started + 1 < wanted && pthread_create(&threads[started], NULL, work_on, &each) == 0)
		started++;
	work_on(&each);
	for (size_t i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
}
