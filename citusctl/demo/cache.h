/*
 * demo/cache.h - feeds and profiles in Redis, beside the database that they come from.
 *
 * That an entry is never served after it was forgotten holds by versions, not by luck:
 *
 *   ask     reads version and entry of a user in one step; an entry counts only when it
 *           carries the version that stands there.  Where there is no version a new one,
 *           never used before, is put there first and only then the database is asked.
 *   fill    stores what the database said together with the version that was there
 *           before it was asked.
 *   forget  takes the version away, once the database has committed.
 *
 * So whoever asked the database before the commit and stores its answer after it has an
 * old version in it, and nobody believes that.  When versions or entries are evicted or
 * expire it is the same: there is no match.
 *
 * All keys begin with a prefix of this run, and with a number that changes whenever the
 * connection is lost: what could not be forgotten then is never looked at again.
 *
 * Errors:    a Redis that fails is not an error: whoever waited for it is told
 *            CACHE_GONE, and questions are declined until it answers again.
 * Ownership: cache_open() gives a Cache to close.
 * Threads:   belongs to the thread that runs the workload.
 */
#ifndef CITUSCTL_DEMO_CACHE_H
#define CITUSCTL_DEMO_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "io/redis.h"
#include "util/err.h"

typedef enum CacheWhat { CACHE_FEED, CACHE_PROFILE } CacheWhat;
#define CACHE_KINDS 2

typedef enum CacheAnswerKind {
	CACHE_HIT,       /* text is what was stored */
	CACHE_MISS,      /* ask the database, then fill under this version (0: don't) */
	CACHE_FORGOTTEN, /* all entries named are */
	CACHE_GONE,      /* Redis does not answer; nothing stored so far will be served */
} CacheAnswerKind;

typedef struct CacheAnswer {
	CacheAnswerKind kind;
	const char *text; /* borrowed during the call */
	size_t length;
	uint64_t version;
} CacheAnswer;

typedef struct CacheEntry {
	CacheWhat what;
	int64_t user;
} CacheEntry;

/* What happened so far. */
typedef struct CacheCounts {
	int64_t forgotten; /* entries */
	int64_t outdated;  /* entries that were found with an old version, and not served */
	int64_t refused;   /* entries that Redis did not take, such as for want of memory */
	int64_t lost;      /* how often the connection was */
	int64_t gone_us;   /* for how long there was none */
} CacheCounts;

typedef struct Cache Cache;

typedef struct CacheOptions {
	const RedisTarget *target; /* outlives the cache */
	const char *name;          /* of the cluster: a part of the keys */
	bool leave_keys;           /* the Redis is thrown away: nothing has to be removed */
	/* Told of every answer; client is who asked.  False ends the run. */
	bool (*answered)(void *arg, int client, const CacheAnswer *answer, Err *err);
	/* Told when Redis is lost (is_there false) and when it is back. */
	void (*changed)(void *arg, bool is_there, const char *why, double gone_s);
	void *arg;
} CacheOptions;

/* Connects, and waits for that; ERR_UNREACHABLE when Redis does not answer. */
Cache *cache_open(const CacheOptions *options, Err *err) MUST_CHECK;

/* Removes the keys of this run, where they have to be.  NULL is allowed. */
void cache_close(Cache *cache);

/* False: Redis isn't there, ask the database.  Else there will be an answer. */
bool cache_ask(Cache *cache, int client, CacheWhat what, int64_t user);
bool cache_forget(Cache *cache, int client, const CacheEntry entries[], size_t count);

/* Stores; nobody waits for that. */
void cache_fill(Cache *cache, CacheWhat what, int64_t user, uint64_t version, const char *text, size_t length);

/* For the loop: what to poll (-1: nothing now), and after poll(), ready or not. */
int cache_socket(const Cache *cache, short *events);
bool cache_serve(Cache *cache, Err *err) MUST_CHECK;

CacheCounts cache_counts(const Cache *cache);

#endif
