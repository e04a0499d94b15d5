/*
 * ops/cache.h - the Redis that a demo reads through: the one described, or one of its
 * own that is started for it and thrown away.
 *
 * Its own listens on a socket in a directory that only its user can enter, asks for a
 * password that stands in its settings and nowhere else, and writes nothing to disk.
 *
 * Ownership: in the session's arena.
 */
#ifndef CITUSCTL_OPS_CACHE_H
#define CITUSCTL_OPS_CACHE_H

#include "io/redis.h"
#include "ops/beside.h"

typedef struct CacheServer {
	RedisTarget target;
	const char *where;  /* for people: "10.0.0.5:6379", "a socket of this machine" */
	const char *version; /* "7.0.15" */
	Beside beside;      /* of its own one */
	bool is_own;
} CacheServer;

/* The described Redis has to answer; its own is started.  cache_server_stop() in any case. */
bool cache_server_start(CacheServer *server, Session *session, Err *err) MUST_CHECK;
bool cache_server_stop(CacheServer *server, Err *err) MUST_CHECK;

#endif
