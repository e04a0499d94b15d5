/*
 * io/redis.h - one connection to one Redis server, for many requests under way
 * in one thread; the only hiredis there is.
 *
 * Nothing waits but redis_call(): redis_send() queues a command, redis_pump() moves
 * what can be moved, and replies come from redis_next() in the order of the
 * commands.  The login is a command like others that nobody sees.
 *
 * The library is optional: a program built without it says so, and every
 * redis_open() fails.
 *
 * Errors:    a lost connection or a refused login is ERR_UNREACHABLE; what the
 *            server thinks of a single command is in the reply.  Passwords are in
 *            no message.
 * Ownership: redis_open() gives a Redis to close; replies are freed by their owner.
 * Threads:   a Redis is used by one thread at a time.
 */
#ifndef CITUSCTL_IO_REDIS_H
#define CITUSCTL_IO_REDIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/err.h"

/* Where to connect.  Borrowed during redis_open() only. */
typedef struct RedisTarget {
	const char *host;     /* name or address */
	int port;             /* 1..65535 */
	const char *socket;   /* path of a socket, instead of host and port; or NULL */
	const char *password; /* NULL: none is asked for */
} RedisTarget;

typedef struct Redis Redis;
typedef struct RedisReply RedisReply;

typedef enum RedisKind {
	REDIS_TEXT,    /* bytes, or a status such as "OK" */
	REDIS_NOTHING, /* there is no such key */
	REDIS_NUMBER,
	REDIS_LIST,
	REDIS_REFUSED, /* the server's error: its text */
} RedisKind;

/* Whether this program was built with the library. */
bool redis_is_built_in(void);

/* Begins to connect; whether that works shows later.  Names are resolved here and may take their time. */
Redis *redis_open(const RedisTarget *target, Err *err) MUST_CHECK;

/* NULL is allowed. */
void redis_close(Redis *redis);

/* To poll: readable always, writable when asked for. */
int redis_socket(const Redis *redis);
bool redis_wants_to_write(const Redis *redis);

/* A word of a command: any bytes. */
typedef struct RedisWord {
	const char *bytes;
	size_t length;
} RedisWord;

#define REDIS_WORDS_MAX 1024

/* Queues a command of 1..REDIS_WORDS_MAX words. */
bool redis_send(Redis *redis, size_t count, const RedisWord words[], Err *err) MUST_CHECK;

/* Writes and reads as far as that goes without waiting. */
bool redis_pump(Redis *redis, Err *err) MUST_CHECK;

/* The next reply that has arrived whole; *reply is NULL when none has. */
bool redis_next(Redis *redis, RedisReply **reply, Err *err) MUST_CHECK;

/* One command and its reply, within the time; only while no other is under way. */
RedisReply *redis_call(Redis *redis, int timeout_ms, size_t count, const RedisWord words[], Err *err) MUST_CHECK;

RedisKind redis_kind(const RedisReply *reply);

/* Valid until redis_reply_free(); "" for what has no text. */
const char *redis_text(const RedisReply *reply, size_t *length);
size_t redis_count(const RedisReply *reply); /* of a list */
const RedisReply *redis_item(const RedisReply *reply, size_t i);
void redis_reply_free(RedisReply *reply); /* NULL is allowed */

#endif
