#include "fake_redis.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/redis.h"
#include "util/arena.h"

#define KEYS_MAX 64
#define REPLIES_MAX 64

struct RedisReply {
	RedisKind kind;
	char text[256];
	RedisReply *items[2];
	size_t count;
};

struct Redis {
	RedisReply *replies[REPLIES_MAX];
	size_t first, last;
};

typedef struct Stored {
	char key[128];
	char value[256];
} Stored;

FakeRedis fake_redis;
static Stored stored[KEYS_MAX];

void fake_redis_clear(void)
{
	memset(stored, 0, sizeof(stored));
	fake_redis = (FakeRedis) {.commands = 0};
}

void fake_redis_evict(const char *part)
{
	for (int i = 0; i < KEYS_MAX; i++)
		if (strstr(stored[i].key, part) != NULL)
			stored[i].key[0] = '\0';
}

static Stored *find(const char *key)
{
	for (int i = 0; i < KEYS_MAX; i++)
		if (strcmp(stored[i].key, key) == 0)
			return &stored[i];
	return NULL;
}

static RedisReply *reply_of(RedisKind kind, const char *text)
{
	RedisReply *reply = xmalloc(sizeof(*reply));

	*reply = (RedisReply) {.kind = kind};
	snprintf(reply->text, sizeof(reply->text), "%s", text);
	return reply;
}

static RedisReply *get(const char *key)
{
	const Stored *found = *key != '\0' ? find(key) : NULL;

	return found != NULL ? reply_of(REDIS_TEXT, found->value) : reply_of(REDIS_NOTHING, "");
}

static RedisReply *set(const char *key, const char *value, bool only_new)
{
	Stored *place = find(key);

	if (fake_redis.is_full)
		return reply_of(REDIS_REFUSED, "OOM command not allowed when used memory > 'maxmemory'");
	if (place != NULL && only_new)
		return reply_of(REDIS_NOTHING, "");
	if (place == NULL)
		place = find("");
	snprintf(place->key, sizeof(place->key), "%s", key);
	snprintf(place->value, sizeof(place->value), "%s", value);
	return reply_of(REDIS_TEXT, "OK");
}

static RedisReply *run(size_t count, char words[][256])
{
	fake_redis.commands++;
	if (strcmp(words[0], "GET") == 0)
		return get(words[1]);
	if (strcmp(words[0], "SET") == 0)
		return set(words[1], words[2], strcmp(words[3], "NX") == 0);
	if (strcmp(words[0], "MGET") == 0) {
		RedisReply *reply = reply_of(REDIS_LIST, "");

		reply->items[reply->count++] = get(words[1]);
		reply->items[reply->count++] = get(words[2]);
		return reply;
	}
	for (size_t i = 1; strcmp(words[0], "DEL") == 0 && i < count; i++) {
		Stored *found = find(words[i]);

		if (found != NULL)
			found->key[0] = '\0';
	}
	return reply_of(REDIS_TEXT, "OK");
}

bool redis_is_built_in(void)
{
	return true;
}

Redis *redis_open(const RedisTarget *target, Err *err)
{
	(void) target;
	if (fake_redis.is_dead) {
		err_set(err, ERR_UNREACHABLE, "dead");
		return NULL;
	}

	Redis *redis = xmalloc(sizeof(*redis));

	*redis = (Redis) {.first = 0};
	return redis;
}

void redis_close(Redis *redis)
{
	for (size_t i = redis != NULL ? redis->first : 0; redis != NULL && i < redis->last; i++)
		redis_reply_free(redis->replies[i]);
	free(redis);
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
	char copies[8][256];

	(void) err;
	for (size_t i = 0; i < count && i < 8; i++)
		snprintf(copies[i], sizeof(copies[i]), "%.*s", (int) words[i].length, words[i].bytes);
	redis->replies[redis->last++] = run(count, copies);
	return true;
}

bool redis_pump(Redis *redis, Err *err)
{
	(void) redis;
	return !fake_redis.is_dead || err_set(err, ERR_UNREACHABLE, "dead");
}

bool redis_next(Redis *redis, RedisReply **reply, Err *err)
{
	(void) err;
	*reply = NULL;
	if (redis->first == redis->last || fake_redis.is_silent)
		return true;
	*reply = redis->replies[redis->first++];
	if (redis->first == redis->last)
		redis->first = redis->last = 0;
	return true;
}

RedisReply *redis_call(Redis *redis, int timeout_ms, size_t count, const RedisWord words[], Err *err)
{
	RedisReply *reply = NULL;

	(void) timeout_ms;
	if (redis_send(redis, count, words, err) && redis_next(redis, &reply, err))
		return reply;
	return NULL;
}

RedisKind redis_kind(const RedisReply *reply)
{
	return reply->kind;
}

const char *redis_text(const RedisReply *reply, size_t *length)
{
	if (length != NULL)
		*length = strlen(reply->text);
	return reply->text;
}

size_t redis_count(const RedisReply *reply)
{
	return reply->count;
}

const RedisReply *redis_item(const RedisReply *reply, size_t i)
{
	return reply->items[i];
}

void redis_reply_free(RedisReply *reply)
{
	for (size_t i = 0; reply != NULL && i < reply->count; i++)
		free(reply->items[i]);
	free(reply);
}
