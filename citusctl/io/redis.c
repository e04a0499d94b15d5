#include "io/redis.h"

#ifdef HAVE_HIREDIS

#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "util/arena.h"
#include "util/clock.h"
#include "util/str.h"

struct Redis {
	redisContext *context;
	char *where;      /* for messages: "127.0.0.1:6379" */
	bool is_login;    /* its reply has not come yet */
	bool is_unsent;   /* something waits for the socket */
};

/* A RedisReply is hiredis' own, under another name. */
static const redisReply *raw(const RedisReply *reply)
{
	return (const redisReply *) (const void *) reply;
}

bool redis_is_built_in(void)
{
	return true;
}

static bool lost_error(const Redis *redis, Err *err)
{
	const char *why = redis->context->errstr;

	err_set(err, ERR_UNREACHABLE, "Redis at %s does not answer", redis->where);
	if (*why != '\0')
		err_detail(err, "%s", why);
	return false;
}

static char *name_target(const RedisTarget *target)
{
	Str where = STR_INIT;

	if (target->socket != NULL)
		str_append(&where, target->socket);
	else
		str_printf(&where, strchr(target->host, ':') != NULL ? "[%s]:%d" : "%s:%d", target->host, target->port);
	return where.data;
}

static bool send_login(Redis *redis, const char *password, Err *err)
{
	const RedisWord words[] = {{"AUTH", 4}, {password, password != NULL ? strlen(password) : 0}};

	if (password == NULL)
		return true;
	redis->is_login = true;
	return redis_send(redis, 2, words, err);
}

Redis *redis_open(const RedisTarget *target, Err *err)
{
	Redis *redis = xmalloc(sizeof(*redis));

	*redis = (Redis) {.where = name_target(target)};
	redis->context = target->socket != NULL ? redisConnectUnixNonBlock(target->socket)
	                                        : redisConnectNonBlock(target->host, target->port);
	if (redis->context == NULL)
		err_set(err, ERR_FAILED, "cannot prepare a connection to Redis at %s", redis->where);
	else if (redis->context->err != 0)
		lost_error(redis, err);
	else if (send_login(redis, target->password, err))
		return redis;
	redis_close(redis);
	return NULL;
}

void redis_close(Redis *redis)
{
	if (redis == NULL)
		return;
	if (redis->context != NULL)
		redisFree(redis->context);
	free(redis->where);
	free(redis);
}

int redis_socket(const Redis *redis)
{
	return redis->context->fd;
}

bool redis_wants_to_write(const Redis *redis)
{
	return redis->is_unsent;
}

bool redis_send(Redis *redis, size_t count, const RedisWord words[], Err *err)
{
	const char *argv[REDIS_WORDS_MAX];
	size_t lengths[REDIS_WORDS_MAX];

	for (size_t i = 0; i < count; i++) {
		argv[i] = words[i].bytes;
		lengths[i] = words[i].length;
	}
	redis->is_unsent = true;
	return redisAppendCommandArgv(redis->context, (int) count, argv, lengths) == REDIS_OK || lost_error(redis, err);
}

bool redis_pump(Redis *redis, Err *err)
{
	int done = 0;

	if (redis->is_unsent && redisBufferWrite(redis->context, &done) != REDIS_OK)
		return lost_error(redis, err);
	redis->is_unsent = redis->is_unsent && done == 0;
	return redisBufferRead(redis->context) == REDIS_OK || lost_error(redis, err);
}

/* The answer to the login is nobody else's. */
static bool end_login(Redis *redis, RedisReply *reply, Err *err)
{
	bool ok = redis_kind(reply) != REDIS_REFUSED;

	redis->is_login = false;
	if (!ok) {
		err_set(err, ERR_UNREACHABLE, "Redis at %s refuses the login", redis->where);
		err_detail(err, "%s", redis_text(reply, NULL));
		err_hint(err, "See that the password is that of its \"requirepass\", or leave it out if there is none.");
	}
	redis_reply_free(reply);
	return ok;
}

bool redis_next(Redis *redis, RedisReply **reply, Err *err)
{
	void *got = NULL;

	*reply = NULL;
	if (redisGetReplyFromReader(redis->context, &got) != REDIS_OK)
		return lost_error(redis, err);
	if (got == NULL)
		return true;
	if (redis->is_login)
		return end_login(redis, got, err) && redis_next(redis, reply, err);
	*reply = got;
	return true;
}

RedisReply *redis_call(Redis *redis, int timeout_ms, size_t count, const RedisWord words[], Err *err)
{
	int64_t until = clock_us() + (int64_t) timeout_ms * 1000;
	RedisReply *reply = NULL;
	bool ok = redis_send(redis, count, words, err);

	while (ok && reply == NULL) {
		struct pollfd poll_on = {redis_socket(redis), (short) (POLLIN | (redis->is_unsent ? POLLOUT : 0)), 0};
		int64_t left_ms = (until - clock_us()) / 1000;

		if (left_ms <= 0) {
			(void) lost_error(redis, err);
			break;
		}
		/* Short, so that Ctrl-C is seen. */
		(void) poll(&poll_on, 1, left_ms < 100 ? (int) left_ms : 100);
		ok = clock_go_on(err) && redis_pump(redis, err) && redis_next(redis, &reply, err);
	}
	return reply;
}

RedisKind redis_kind(const RedisReply *reply)
{
	switch (raw(reply)->type) {
		case REDIS_REPLY_ERROR:
			return REDIS_REFUSED;
		case REDIS_REPLY_NIL:
			return REDIS_NOTHING;
		case REDIS_REPLY_INTEGER:
			return REDIS_NUMBER;
		case REDIS_REPLY_ARRAY:
			return REDIS_LIST;
		default:
			return REDIS_TEXT;
	}
}

const char *redis_text(const RedisReply *reply, size_t *length)
{
	const redisReply *r = raw(reply);
	bool has_text = r->str != NULL;

	if (length != NULL)
		*length = has_text ? r->len : 0;
	return has_text ? r->str : "";
}

size_t redis_count(const RedisReply *reply)
{
	return raw(reply)->type == REDIS_REPLY_ARRAY ? raw(reply)->elements : 0;
}

const RedisReply *redis_item(const RedisReply *reply, size_t i)
{
	return (const RedisReply *) (const void *) raw(reply)->element[i];
}

void redis_reply_free(RedisReply *reply)
{
	if (reply != NULL)
		freeReplyObject(reply);
}

#else /* without the library */

bool redis_is_built_in(void)
{
	return false;
}

static bool is_missing(Err *err)
{
	err_set(err, ERR_FAILED, "this citusctl was built without hiredis, the library for Redis");
	return err_hint(err, "Install it (Debian: apt-get install libhiredis-dev redis-server), build again with \"make\", and "
	                     "repeat the command.");
}

Redis *redis_open(const RedisTarget *target, Err *err)
{
	(void) target;
	(void) is_missing(err);
	return NULL;
}

/* No Redis is ever opened: nothing calls what follows. */
void redis_close(Redis *redis)
{
	(void) redis;
}

int redis_socket(const Redis *redis)
{
	(void) redis;
	return -1;
}

bool redis_wants_to_write(const Redis *redis)
{
	(void) redis;
	return false;
}

bool redis_send(Redis *redis, size_t count, const RedisWord words[], Err *err)
{
	(void) redis, (void) count, (void) words;
	return is_missing(err);
}

bool redis_pump(Redis *redis, Err *err)
{
	(void) redis;
	return is_missing(err);
}

bool redis_next(Redis *redis, RedisReply **reply, Err *err)
{
	(void) redis;
	*reply = NULL;
	return is_missing(err);
}

RedisReply *redis_call(Redis *redis, int timeout_ms, size_t count, const RedisWord words[], Err *err)
{
	(void) redis, (void) timeout_ms, (void) count, (void) words;
	(void) is_missing(err);
	return NULL;
}

RedisKind redis_kind(const RedisReply *reply)
{
	(void) reply;
	return REDIS_NOTHING;
}

const char *redis_text(const RedisReply *reply, size_t *length)
{
	(void) reply;
	if (length != NULL)
		*length = 0;
	return "";
}

size_t redis_count(const RedisReply *reply)
{
	(void) reply;
	return 0;
}

const RedisReply *redis_item(const RedisReply *reply, size_t i)
{
	(void) i;
	return reply;
}

void redis_reply_free(RedisReply *reply)
{
	(void) reply;
}

#endif
