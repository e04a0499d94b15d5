#include "ops/cache.h"

#include <string.h>

#include "io/asset.h"
#include "io/tmpl.h"
#include "util/str.h"

#define ANSWER_TIMEOUT_MS 5000
#define PROBE_TIMEOUT_MS 1000

/* What INFO says of a key, up to the end of its line; "" when it says nothing. */
static const char *info_value(Arena *arena, const char *info, const char *key)
{
	const char *at = strstr(info, key);

	return at == NULL ? "" : arena_strndup(arena, at + strlen(key), strcspn(at + strlen(key), "\r\n"));
}

/* Asks for what it is: that it answers, and takes the password, shows by that. */
static bool look(CacheServer *server, Arena *arena, int timeout_ms, Err *err)
{
	const RedisWord info[] = {{"INFO", 4}, {"server", 6}};
	Redis *redis = redis_open(&server->target, err);
	RedisReply *reply = redis != NULL ? redis_call(redis, timeout_ms, 2, info, err) : NULL;
	bool ok = reply != NULL;

	if (ok && redis_kind(reply) == REDIS_REFUSED) {
		ok = err_set(err, ERR_UNREACHABLE, "Redis at %s refuses to serve", server->where);
		err_detail(err, "%s", redis_text(reply, NULL));
		err_hint(err, "If it wants a password, name it in the description: \"cache\": {\"password\": {\"env\": ...}}.");
	} else if (ok) {
		server->version = info_value(arena, redis_text(reply, NULL), "redis_version:");
	}
	redis_reply_free(reply);
	redis_close(redis);
	return ok;
}

static bool is_up(void *arg)
{
	CacheServer *server = arg;
	Err ignored = ERR_INIT;
	bool up = look(server, server->beside.session->arena, PROBE_TIMEOUT_MS, &ignored);

	err_clear(&ignored);
	return up;
}

static bool write_settings(CacheServer *server, Err *err)
{
	const Beside *beside = &server->beside;
	const TmplValue values[] = {
		{"socket", server->target.socket},
		{"password", server->target.password},
		{"directory", beside->directory},
		{NULL, NULL},
	};
	const char *text = tmpl_render(beside->session->arena, "redis.conf.tmpl", asset_text("templates/redis.conf.tmpl"), values,
	                               err);

	return text != NULL && beside_put(beside, "redis.conf", text, err);
}

static bool start_own(CacheServer *server, Session *session, Err *err)
{
	Arena *arena = session->arena;
	Beside *beside = &server->beside;
	const char *password = NULL;

	server->is_own = true;
	server->where = "a socket of this machine";
	if (!beside_open(beside, session, "cache", err) || !session_new_password(session, &password, err))
		return false;

	const char *program = beside_find(beside, "redis-server", "redis-server", err);
	const char *const argv[] = {program, beside_path(beside, "redis.conf"), NULL};

	server->target = (RedisTarget) {.socket = arena_printf(arena, "%s/redis.sock", beside->sockets), .password = password};
	return program != NULL && write_settings(server, err) && beside_start(beside, argv, is_up, server, err);
}

bool cache_server_start(CacheServer *server, Session *session, Err *err)
{
	const Cluster *cluster = session->cluster;

	*server = (CacheServer) {.target = {.host = cluster->cache.host, .port = cluster->cache.port}};
	if (!redis_is_built_in())
		return redis_open(&server->target, err) != NULL; /* says how to get it */
	if (cluster->cache.host == NULL)
		return start_own(server, session, err);
	server->where = arena_printf(session->arena, "%s:%d", cluster->cache.host, cluster->cache.port);
	return session_secret(session, "cache.password", &cluster->cache.password, &server->target.password, err) &&
	       (look(server, session->arena, ANSWER_TIMEOUT_MS, err) ||
	        err_hint(err, "See that it runs, and \"cache\" in the description; without that key \"--cache\" starts one for "
	                      "the demo."));
}

bool cache_server_stop(CacheServer *server, Err *err)
{
	return !server->is_own || beside_stop(&server->beside, err);
}
