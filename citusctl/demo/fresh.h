/*
 * demo/fresh.h - which tweets a read has to show: those that were acknowledged before it
 * began.
 *
 * Of the newest users written about the newest tweets are kept, in memory of one size
 * however many users there are; reads of others are not compared.
 *
 * Threads: one.
 */
#ifndef CITUSCTL_DEMO_FRESH_H
#define CITUSCTL_DEMO_FRESH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "demo/cache.h"

#define FRESH_TWEETS 4

/* What a read has to show; decided when it begins. */
typedef struct FreshWanted {
	int64_t tweets[FRESH_TWEETS];
	int count;
} FreshWanted;

typedef struct Fresh Fresh;

Fresh *fresh_new(void);
void fresh_free(Fresh *fresh); /* NULL is allowed */

/* The tweet is acknowledged, and stands in this feed or profile. */
void fresh_add(Fresh *fresh, CacheEntry entry, int64_t tweet);

FreshWanted fresh_wanted(const Fresh *fresh, CacheEntry entry);

/*
 * Whether text, a line for each tweet that begins with its id, the newest first and at
 * most limit of them, shows all that is wanted; *missing is the first that it lacks.
 */
bool fresh_shows(const FreshWanted *wanted, const char *text, size_t length, int limit, int64_t *missing);

#endif
