#define _GNU_SOURCE /* getentropy() */
#include "demo/cache.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/arena.h"
#include "util/clock.h"
#include "util/str.h"

#define ANSWER_TIMEOUT_US INT64_C(1000000)
#define ANSWER_TIMEOUT_MS 1000
#define RETRY_US INT64_C(500000)

/* Keys of a run that was killed go away by themselves. */
#define LIVES_S "600"

#define RUN_MAX 96
#define PREFIX_MAX (RUN_MAX + 24)
#define KEY_MAX (PREFIX_MAX + 32)
#define FORGOTTEN_AT_ONCE 500
#define SCANNED_AT_ONCE "1000"

typedef enum TicketKind { TICKET_HELLO, TICKET_ASK, TICKET_VERSION, TICKET_FILL, TICKET_FORGET, TICKET_SILENT } TicketKind;

/* A command whose reply has not come yet; they come in order. */
typedef struct Ticket {
	TicketKind kind;
	int client;
	CacheEntry entry;
	int64_t sent_us;
} Ticket;

typedef struct Tickets {
	Ticket *items; /* a ring */
	size_t first;
	size_t count;
	size_t capacity;
} Tickets;

struct Cache {
	CacheOptions options;
	Redis *redis; /* NULL: not connected */
	bool is_up;   /* and it has answered */
	Tickets tickets;
	char run[RUN_MAX];    /* what all keys of this run begin with */
	char prefix[PREFIX_MAX]; /* and those of this connection */
	uint64_t connections;
	uint64_t versions; /* given out */
	int64_t retry_us;  /* not before this time */
	int64_t since_us;  /* when the connection was lost */
	CacheCounts counts;
	bool is_broken; /* a command could not be queued: seen to in cache_serve() */
	Err why;
};

/* ---- commands ---------------------------------------------------------------- */

static void push(Tickets *tickets, Ticket ticket)
{
	if (tickets->count == tickets->capacity) {
		size_t capacity = tickets->capacity > 0 ? tickets->capacity * 2 : 64;
		Ticket *items = xmalloc(capacity * sizeof(Ticket));

		for (size_t i = 0; i < tickets->count; i++)
			items[i] = tickets->items[(tickets->first + i) % tickets->capacity];
		free(tickets->items);
		*tickets = (Tickets) {.items = items, .count = tickets->count, .capacity = capacity};
	}
	tickets->items[(tickets->first + tickets->count++) % tickets->capacity] = ticket;
}

static Ticket pop(Tickets *tickets)
{
	Ticket ticket = tickets->items[tickets->first];

	tickets->first = (tickets->first + 1) % tickets->capacity;
	tickets->count--;
	return ticket;
}

static RedisWord word(const char *text)
{
	return (RedisWord) {text, strlen(text)};
}

/* kind: v for the version, e for the entry. */
static void make_key(const Cache *cache, char kind, CacheEntry entry, char key[KEY_MAX])
{
	snprintf(key, KEY_MAX, "%s%c:%c:%" PRId64, cache->prefix, kind, entry.what == CACHE_FEED ? 'f' : 'p', entry.user);
}

static void queue(Cache *cache, Ticket ticket, size_t count, const RedisWord words[])
{
	ticket.sent_us = clock_us();
	push(&cache->tickets, ticket);
	if (!cache->is_broken && !redis_send(cache->redis, count, words, &cache->why))
		cache->is_broken = true;
}

bool cache_ask(Cache *cache, int client, CacheWhat what, int64_t user)
{
	const CacheEntry entry = {what, user};
	char version[KEY_MAX];
	char key[KEY_MAX];

	if (!cache->is_up)
		return false;
	make_key(cache, 'v', entry, version);
	make_key(cache, 'e', entry, key);

	const RedisWord words[] = {word("MGET"), word(version), word(key)};

	queue(cache, (Ticket) {.kind = TICKET_ASK, .client = client, .entry = entry}, 3, words);
	return true;
}

/* Puts a fresh version where there is none, and looks which one is there now: another client may have been quicker. */
static void make_version(Cache *cache, int client, CacheEntry entry)
{
	char key[KEY_MAX];
	char fresh[24];

	make_key(cache, 'v', entry, key);
	snprintf(fresh, sizeof(fresh), "%" PRIu64, ++cache->versions);

	const RedisWord set[] = {word("SET"), word(key), word(fresh), word("NX"), word("EX"), word(LIVES_S)};
	const RedisWord get[] = {word("GET"), word(key)};

	queue(cache, (Ticket) {.kind = TICKET_SILENT}, 6, set);
	queue(cache, (Ticket) {.kind = TICKET_VERSION, .client = client, .entry = entry}, 2, get);
}

void cache_fill(Cache *cache, CacheWhat what, int64_t user, uint64_t version, const char *text, size_t length)
{
	const CacheEntry entry = {what, user};
	char key[KEY_MAX];
	Str value = STR_INIT;

	if (!cache->is_up || version == 0)
		return;
	make_key(cache, 'e', entry, key);
	str_printf(&value, "%" PRIu64 "\n", version);
	str_append_bytes(&value, text, length);

	const RedisWord words[] = {word("SET"), word(key), {value.data, value.length}, word("EX"), word(LIVES_S)};

	queue(cache, (Ticket) {.kind = TICKET_FILL}, 5, words);
	str_free(&value);
}

bool cache_forget(Cache *cache, int client, const CacheEntry entries[], size_t count)
{
	char keys[FORGOTTEN_AT_ONCE][KEY_MAX];
	RedisWord words[FORGOTTEN_AT_ONCE + 1] = {word("DEL")};

	if (!cache->is_up)
		return false;
	for (size_t done = 0; done < count;) {
		size_t part = count - done < FORGOTTEN_AT_ONCE ? count - done : FORGOTTEN_AT_ONCE;
		bool is_last = done + part == count;

		for (size_t i = 0; i < part; i++) {
			make_key(cache, 'v', entries[done + i], keys[i]);
			words[i + 1] = word(keys[i]);
		}
		done += part;
		/* Replies come in order: after the last all are forgotten. */
		queue(cache, (Ticket) {.kind = is_last ? TICKET_FORGET : TICKET_SILENT, .client = client}, part + 1, words);
	}
	cache->counts.forgotten += (int64_t) count;
	return true;
}

/* ---- the connection ------------------------------------------------------------ */

static bool connect_redis(Cache *cache, Err *err)
{
	const RedisWord hello[] = {word("PING")};

	cache->connections++;
	snprintf(cache->prefix, sizeof(cache->prefix), "%s%" PRIu64 ":", cache->run, cache->connections);
	cache->redis = redis_open(cache->options.target, err);
	if (cache->redis == NULL)
		return false;
	queue(cache, (Ticket) {.kind = TICKET_HELLO}, 1, hello);
	return true;
}

/* Everybody who waits is told; nothing that is stored now will be looked at again. */
static bool lose(Cache *cache, const Err *why, Err *err)
{
	static const CacheAnswer gone = {.kind = CACHE_GONE};
	Tickets old = cache->tickets;
	bool ok = true;

	redis_close(cache->redis);
	cache->redis = NULL;
	cache->tickets = (Tickets) {.items = NULL};
	cache->is_broken = false;
	cache->retry_us = clock_us() + RETRY_US;
	if (cache->is_up) {
		cache->is_up = false;
		cache->counts.lost++;
		cache->since_us = clock_us();
		cache->options.changed(cache->options.arg, false, why->message, 0);
	}
	while (old.count > 0) {
		Ticket ticket = pop(&old);
		bool waits = ticket.kind == TICKET_ASK || ticket.kind == TICKET_VERSION || ticket.kind == TICKET_FORGET;

		ok = ok && (!waits || cache->options.answered(cache->options.arg, ticket.client, &gone, err));
	}
	free(old.items);
	return ok;
}

static void rise(Cache *cache)
{
	cache->is_up = true;
	if (cache->counts.lost == 0)
		return;

	int64_t gone_us = clock_us() - cache->since_us;

	cache->counts.gone_us += gone_us;
	cache->options.changed(cache->options.arg, true, NULL, (double) gone_us / 1e6);
}

/* ---- replies ------------------------------------------------------------------- */

/* Digits only; 0 for anything else. */
static uint64_t number_of(const RedisReply *reply)
{
	size_t length = 0;
	const char *text = redis_text(reply, &length);
	char *end = NULL;
	uint64_t value = length > 0 ? strtoull(text, &end, 10) : 0;

	return end != NULL && *end == '\0' ? value : 0;
}

/* The entry as it was stored, if it carries this version. */
static bool is_current(const RedisReply *entry, uint64_t version, CacheAnswer *answer)
{
	size_t length = 0;
	const char *text = redis_text(entry, &length);
	const char *line_end = memchr(text, '\n', length);

	if (line_end == NULL || strtoull(text, NULL, 10) != version)
		return false;
	*answer = (CacheAnswer) {.kind = CACHE_HIT,
	                         .text = line_end + 1,
	                         .length = length - (size_t) (line_end + 1 - text)};
	return true;
}

static bool answer_ask(Cache *cache, const Ticket *ticket, const RedisReply *reply, Err *err)
{
	uint64_t version = redis_count(reply) == 2 ? number_of(redis_item(reply, 0)) : 0;
	CacheAnswer answer = {.kind = CACHE_MISS, .version = version};

	if (version == 0) {
		make_version(cache, ticket->client, ticket->entry);
		return true;
	}

	const RedisReply *entry = redis_item(reply, 1);

	if (redis_kind(entry) == REDIS_TEXT && !is_current(entry, version, &answer))
		cache->counts.outdated++;
	return cache->options.answered(cache->options.arg, ticket->client, &answer, err);
}

/* Without the reply to a question or to forgetting nothing is safe; a full Redis only does not fill. */
static bool answer_ticket(Cache *cache, const Ticket *ticket, const RedisReply *reply, Err *err)
{
	CacheAnswer answer = {.kind = CACHE_MISS};

	switch (ticket->kind) {
		case TICKET_HELLO:
			rise(cache);
			return true;
		case TICKET_ASK:
			return answer_ask(cache, ticket, reply, err);
		case TICKET_VERSION:
			answer.version = number_of(reply);
			return cache->options.answered(cache->options.arg, ticket->client, &answer, err);
		case TICKET_FORGET:
			answer.kind = CACHE_FORGOTTEN;
			return cache->options.answered(cache->options.arg, ticket->client, &answer, err);
		case TICKET_FILL:
		case TICKET_SILENT:
			break;
	}
	return true;
}

/* A version that isn't put there because memory is short is none; what else is refused is not to be trusted. */
static bool is_fatal(const Ticket *ticket, const RedisReply *reply)
{
	return redis_kind(reply) == REDIS_REFUSED && ticket->kind != TICKET_FILL &&
	       !str_starts(redis_text(reply, NULL), "OOM");
}

static bool take_replies(Cache *cache, Err *problem, Err *err, bool *ok)
{
	RedisReply *reply = NULL;

	while (*ok && redis_next(cache->redis, &reply, problem)) {
		if (reply == NULL)
			return true;

		Ticket ticket = pop(&cache->tickets);
		bool fatal = is_fatal(&ticket, reply);

		if (fatal) {
			err_set(problem, ERR_UNREACHABLE, "Redis refuses to serve: %s", redis_text(reply, NULL));
			push(&cache->tickets, ticket); /* it is told with the others */
		} else {
			cache->counts.refused += redis_kind(reply) == REDIS_REFUSED ? 1 : 0;
			*ok = answer_ticket(cache, &ticket, reply, err);
		}
		redis_reply_free(reply);
		if (fatal)
			return false;
	}
	return !*ok;
}

static bool is_late(const Cache *cache)
{
	return cache->tickets.count > 0 &&
	       clock_us() - cache->tickets.items[cache->tickets.first].sent_us > ANSWER_TIMEOUT_US;
}

bool cache_serve(Cache *cache, Err *err)
{
	Err problem = ERR_INIT;
	bool ok = true;

	if (cache->redis == NULL) {
		if (clock_us() < cache->retry_us || connect_redis(cache, &problem))
			return true;
		cache->retry_us = clock_us() + RETRY_US;
		err_clear(&problem);
		return true;
	}

	bool works = !cache->is_broken && redis_pump(cache->redis, &problem) && take_replies(cache, &problem, err, &ok);

	if (cache->is_broken) /* before, or by what was sent in answer to the replies */
		err_move(&problem, &cache->why);
	else if (works && is_late(cache))
		err_set(&problem, ERR_UNREACHABLE, "Redis has not answered for %d ms", ANSWER_TIMEOUT_MS);
	if (ok && (problem.kind != ERR_NONE || !works))
		ok = lose(cache, &problem, err);
	err_clear(&problem);
	return ok;
}

int cache_socket(const Cache *cache, short *events)
{
	if (cache->redis == NULL)
		return -1;
	*events = (short) (POLLIN | (redis_wants_to_write(cache->redis) ? POLLOUT : 0));
	return redis_socket(cache->redis);
}

CacheCounts cache_counts(const Cache *cache)
{
	CacheCounts counts = cache->counts;

	if (!cache->is_up && counts.lost > 0)
		counts.gone_us += clock_us() - cache->since_us;
	return counts;
}

/* ---- beginning and end ----------------------------------------------------------- */

static void name_run(Cache *cache)
{
	uint64_t random = 0;

	if (getentropy(&random, sizeof(random)) != 0)
		random = (uint64_t) clock_us() ^ ((uint64_t) getpid() << 40);
	snprintf(cache->run, sizeof(cache->run), "citusctl:%.40s:%016" PRIx64 ":", cache->options.name, random);
}

Cache *cache_open(const CacheOptions *options, Err *err)
{
	const RedisWord hello[] = {word("PING")};
	Cache *cache = xmalloc(sizeof(*cache));

	*cache = (Cache) {.options = *options, .why = ERR_INIT};
	name_run(cache);
	snprintf(cache->prefix, sizeof(cache->prefix), "%s0:", cache->run);
	cache->redis = redis_open(options->target, err);

	RedisReply *reply = cache->redis != NULL ? redis_call(cache->redis, ANSWER_TIMEOUT_MS, 1, hello, err) : NULL;

	cache->is_up = reply != NULL;
	redis_reply_free(reply);
	if (cache->is_up)
		return cache;
	cache_close(cache);
	return NULL;
}

/* One step of going through all keys; *cursor is "0" after the last. */
static bool remove_some(Redis *redis, const char *pattern, char cursor[32])
{
	const RedisWord scan[] = {word("SCAN"), word(cursor), word("MATCH"), word(pattern), word("COUNT"), word(SCANNED_AT_ONCE)};
	Err ignored = ERR_INIT;
	RedisReply *reply = redis_call(redis, ANSWER_TIMEOUT_MS, 6, scan, &ignored);
	bool ok = reply != NULL && redis_count(reply) == 2;
	const RedisReply *keys = ok ? redis_item(reply, 1) : NULL;

	for (size_t i = 0; ok && i < redis_count(keys); i++) {
		RedisWord unlink[] = {word("DEL"), {NULL, 0}};

		unlink[1].bytes = redis_text(redis_item(keys, i), &unlink[1].length);

		RedisReply *done = redis_call(redis, ANSWER_TIMEOUT_MS, 2, unlink, &ignored);

		ok = done != NULL;
		redis_reply_free(done);
	}
	if (ok)
		snprintf(cursor, 32, "%s", redis_text(redis_item(reply, 0), NULL));
	redis_reply_free(reply);
	err_clear(&ignored);
	return ok;
}

/* What can't be removed, because Redis is gone or the user is in a hurry, expires. */
static void remove_keys(const Cache *cache)
{
	Err ignored = ERR_INIT;
	Redis *redis = redis_open(cache->options.target, &ignored);
	char pattern[RUN_MAX + 2];
	char cursor[32] = "0";
	bool ok = redis != NULL;

	snprintf(pattern, sizeof(pattern), "%s*", cache->run);
	do
		ok = ok && remove_some(redis, pattern, cursor);
	while (ok && strcmp(cursor, "0") != 0);
	redis_close(redis);
	err_clear(&ignored);
}

void cache_close(Cache *cache)
{
	if (cache == NULL)
		return;
	redis_close(cache->redis);
	if (cache->is_up && !cache->options.leave_keys)
		remove_keys(cache);
	free(cache->tickets.items);
	err_clear(&cache->why);
	free(cache);
}
