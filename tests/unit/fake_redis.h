/* A Redis in memory that takes the place of io/redis.c in the unit tests: the commands that the demo's cache uses. */
#ifndef TESTS_UNIT_FAKE_REDIS_H
#define TESTS_UNIT_FAKE_REDIS_H

#include <stdbool.h>

typedef struct FakeRedis {
	bool is_dead;    /* connections break, and can't be opened */
	bool is_full;    /* SET is refused */
	bool is_silent;  /* replies are kept back */
	int commands;    /* so far */
} FakeRedis;

extern FakeRedis fake_redis;

void fake_redis_clear(void);

/* Removes every key that contains the text, as eviction does. */
void fake_redis_evict(const char *part);

#endif
