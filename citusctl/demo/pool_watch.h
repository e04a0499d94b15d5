/*
 * demo/pool_watch.h - looks at PgBouncer while the workload goes through it: how many
 * clients and server connections there are, and who waits.
 *
 * Asked by its console (SHOW), twice a second, without waiting for the answer.
 *
 * Ownership: pool_watch_open() gives a PoolWatch to close.
 * Threads:   belongs to the thread that runs the workload.
 */
#ifndef CITUSCTL_DEMO_POOL_WATCH_H
#define CITUSCTL_DEMO_POOL_WATCH_H

#include "io/pg.h"

typedef struct PoolFigures {
	int64_t clients;      /* the most at once */
	int64_t waiting;      /* of them for a server connection, the most at once */
	int64_t servers;      /* connections to the server, the most at once */
	int64_t pool_size;    /* the most that it opens */
	int64_t transactions; /* since pool_watch_begin() */
	int64_t waited_us;    /* of all clients together, since then */
	int64_t longest_us;   /* the longest that one was seen to wait */
} PoolFigures;

typedef struct PoolWatch PoolWatch;

/* database: whose pools count. */
PoolWatch *pool_watch_open(const PgTarget *console, const char *database, Err *err) MUST_CHECK;
void pool_watch_close(PoolWatch *watch); /* NULL is allowed */

/* What was counted so far does not count. */
bool pool_watch_begin(PoolWatch *watch, Err *err) MUST_CHECK;

/* For the loop: what to poll for reading (-1: nothing), and after poll(). */
int pool_watch_socket(const PoolWatch *watch);
void pool_watch_serve(PoolWatch *watch);

/* Looks a last time. */
bool pool_watch_end(PoolWatch *watch, PoolFigures *figures, Err *err) MUST_CHECK;

#endif
