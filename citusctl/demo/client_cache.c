#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "demo/client.h"
#include "util/clock.h"

/* One read of so many goes to the database although there is a cache, to compare. */
#define BYPASS_ONE_OF 4

/* So many tweets the statements of a feed and a profile give at most. */
static const int limits[CACHE_KINDS] = {[CACHE_FEED] = 50, [CACHE_PROFILE] = 20};

static bool is_cached_read(const Client *c)
{
	return c->op == OP_FEED || c->op == OP_PROFILE;
}

static CacheWhat what_of(const Client *c)
{
	return c->op == OP_FEED ? CACHE_FEED : CACHE_PROFILE;
}

Statement told_statement(const Workload *w, Statement s)
{
	if (w->cache == NULL)
		return s;
	return s == S_FAN_OUT ? S_FAN_OUT_TOLD : s == S_FAN_OUT_AGAIN ? S_FAN_OUT_AGAIN_TOLD : s;
}

bool ask_cache(Workload *w, Client *c)
{
	c->path = PATH_PLAIN;
	c->version = 0;
	c->reached.count = 0;
	if (w->cache == NULL || !is_cached_read(c))
		return false;
	c->wanted = fresh_wanted(w->fresh, (CacheEntry) {what_of(c), c->key});
	if (c->is_look)
		c->look.user = 0;
	if (next_random(w) >> 32 < (UINT64_C(1) << 32) / BYPASS_ONE_OF) {
		c->path = PATH_BYPASS;
		return false;
	}
	c->is_asking = cache_ask(w->cache, (int) (c - w->clients), what_of(c), c->key);
	if (!c->is_asking)
		c->path = PATH_FALLBACK;
	return c->is_asking;
}

/* Does the read show what it has to? */
static void compare(Workload *w, const Client *c, const char *text, size_t length)
{
	CacheUse *use = w->cache_use;
	int64_t missing = 0;

	if (c->wanted.count == 0)
		return;
	use->compared++;
	use->compared_hits += c->path == PATH_HIT;
	use->looks += c->is_look;
	if (fresh_shows(&c->wanted, text, length, limits[what_of(c)], &missing))
		return;
	use->stale++;
	if (use->first_stale[0] == '\0')
		snprintf(use->first_stale, sizeof(use->first_stale),
		         "the %s of user %" PRId64 " came from %s without tweet %" PRId64, c->op == OP_FEED ? "feed" : "profile", c->key,
		         c->path == PATH_HIT ? "Redis" : "the database", missing);
}

/* A line for each tweet, its id in front; in a profile a line about the user comes before them. */
static void write_feed(Str *text, const PgRows *rows)
{
	for (int i = 0; i < pg_row_count(rows); i++) {
		for (int column = 0; column < 3; column++) {
			str_append(text, pg_value(rows, i, column));
			str_append_char(text, column < 2 ? '\t' : '\n');
		}
	}
}

static void write_profile(Str *text, const PgRows *rows)
{
	for (int i = 0; i < pg_row_count(rows); i++) {
		if (i == 0)
			str_printf(text, "-\t%s\t%s\t%s\n", pg_value(rows, i, 0), pg_value(rows, i, 1), pg_value(rows, i, 2));
		if (!pg_is_null(rows, i, 3))
			str_printf(text, "%s\t%s\t%s\n", pg_value(rows, i, 3), pg_value(rows, i, 4), pg_value(rows, i, 5));
	}
}

static void keep_read(Workload *w, Client *c, const PgRows *rows)
{
	str_reset(&w->row_text);
	if (c->op == OP_FEED)
		write_feed(&w->row_text, rows);
	else
		write_profile(&w->row_text, rows);
	compare(w, c, str_text(&w->row_text), w->row_text.length);
	if (c->path == PATH_MISS)
		cache_fill(w->cache, what_of(c), c->key, c->version, str_text(&w->row_text), w->row_text.length);
}

/* Also of a try whose commit got lost: what the next try finds done already is not told again. */
static void keep_reached(Client *c, const PgRows *rows)
{
	Users *users = &c->reached;
	size_t more = (size_t) pg_row_count(rows);

	if (users->count + more > users->capacity) {
		users->capacity = (users->count + more) * 2;
		users->items = xrealloc(users->items, users->capacity * sizeof(int64_t));
	}
	for (size_t i = 0; i < more; i++)
		users->items[users->count++] = pg_int(rows, (int) i, 0);
}

void keep_rows(Workload *w, Client *c, const PgRows *rows)
{
	if (w->cache == NULL || c->is_rolling_back)
		return;
	if (is_cached_read(c))
		keep_read(w, c, rows);
	else if (operations[c->op].step[c->step] == S_FAN_OUT)
		keep_reached(c, rows);
}

/* A tweet is in its author's profile and in the feeds that it reached; following changes what a feed is made of. */
bool forget_cached(Workload *w, Client *c)
{
	size_t count = 0;
	bool is_post = c->op == OP_POST;

	if (w->cache == NULL || operations[c->op].kind == 0 || (!is_post && c->changed == 0))
		return false;

	CacheEntry *entries = xmalloc((c->reached.count + 1) * sizeof(CacheEntry));

	entries[count++] = is_post ? (CacheEntry) {CACHE_PROFILE, c->about} : (CacheEntry) {CACHE_FEED, c->other};
	for (size_t i = 0; is_post && i < c->reached.count; i++)
		entries[count++] = (CacheEntry) {CACHE_FEED, c->reached.items[i]};
	c->is_asking = cache_forget(w->cache, (int) (c - w->clients), entries, count);
	free(entries);
	return c->is_asking;
}

/* Half of those who have posted look at their profile next; else one whom the tweet reached, at the feed. */
static void plan_look(Workload *w, Client *c)
{
	uint64_t random = next_random(w) >> 16;

	c->look = (CacheEntry) {CACHE_PROFILE, c->about};
	if (c->reached.count > 0 && random % 2 == 0)
		c->look = (CacheEntry) {CACHE_FEED, c->reached.items[(random >> 1) % c->reached.count]};
}

void note_acknowledged(Workload *w, Client *c)
{
	if (w->cache == NULL)
		return;
	if (is_cached_read(c))
		latency_add(&w->cache_use->paths[what_of(c)][c->path], clock_us() - c->start_us);
	if (c->op != OP_POST)
		return;
	fresh_add(w->fresh, (CacheEntry) {CACHE_PROFILE, c->about}, c->other);
	for (size_t i = 0; i < c->reached.count; i++)
		fresh_add(w->fresh, (CacheEntry) {CACHE_FEED, c->reached.items[i]}, c->other);
	plan_look(w, c);
}

/* Redis has answered a client, or will not any more. */
static bool take_answer(void *arg, int client, const CacheAnswer *answer, Err *err)
{
	Workload *w = arg;
	Client *c = &w->clients[client];

	c->is_asking = false;
	w->last_answer_us = clock_us();
	if (operations[c->op].kind != 0) {
		acknowledge(w, c); /* forgotten, or never looked at again */
	} else if (answer->kind == CACHE_HIT) {
		c->path = PATH_HIT;
		compare(w, c, answer->text, answer->length);
		acknowledge(w, c);
	} else {
		c->path = answer->kind == CACHE_MISS ? PATH_MISS : PATH_FALLBACK;
		c->version = answer->version;
	}
	return drive(w, c, w->last_answer_us, err);
}

static void tell_change(void *arg, bool is_there, const char *why, double gone_s)
{
	Workload *w = arg;

	if (is_there)
		timeline_mark(w->timeline, "Redis answers again after %.1f s, and begins empty", gone_s);
	else
		timeline_mark(w->timeline, "%s: reads go to the database", why);
}

bool open_cache(Workload *w, Err *err)
{
	const DemoCache *cache = w->options->cache;

	if (cache == NULL)
		return true;

	const CacheOptions options = {
		.target = cache->target,
		.name = w->target->cluster->name,
		.leave_keys = cache->is_own,
		.answered = take_answer,
		.changed = tell_change,
		.arg = w,
	};

	w->cache_use = xmalloc(sizeof(CacheUse));
	*w->cache_use = (CacheUse) {.compared = 0};
	w->fresh = fresh_new();
	w->cache = cache_open(&options, err);
	return w->cache != NULL;
}

void close_cache(Workload *w)
{
	for (int i = 0; i < w->count; i++)
		free(w->clients[i].reached.items);
	cache_close(w->cache);
	fresh_free(w->fresh);
	free(w->cache_use);
	str_free(&w->row_text);
	w->cache = NULL;
}

void reset_cache_use(Workload *w)
{
	if (w->cache != NULL)
		*w->cache_use = (CacheUse) {.before = cache_counts(w->cache)};
}

/* ---- the report ---------------------------------------------------------------- */

static void fill_read(const CacheUse *use, CacheWhat what, DemoCachedRead *read)
{
	const Latency *paths = use->paths[what];
	const Latency *bypass = &paths[PATH_BYPASS];
	const Latency *hit = &paths[PATH_HIT];
	const Operation *op = &operations[what == CACHE_FEED ? OP_FEED : OP_PROFILE];
	Latency both = *hit;

	latency_merge(&both, &paths[PATH_MISS]);
	*read = (DemoCachedRead) {
		.name = op->name,
		.label = op->label,
		.hits = hit->count,
		.misses = paths[PATH_MISS].count,
		.fallbacks = paths[PATH_FALLBACK].count,
		.bypasses = bypass->count,
		.p50_ms = latency_ms(&both, 0.50),
		.p95_ms = latency_ms(&both, 0.95),
		.p99_ms = latency_ms(&both, 0.99),
		.hit_p50_ms = latency_ms(hit, 0.50),
		.hit_p95_ms = latency_ms(hit, 0.95),
		.hit_p99_ms = latency_ms(hit, 0.99),
		.bypass_p50_ms = latency_ms(bypass, 0.50),
		.bypass_p95_ms = latency_ms(bypass, 0.95),
		.bypass_p99_ms = latency_ms(bypass, 0.99),
	};
}

void fill_cache_report(const Workload *w, Arena *arena, DemoReport *report)
{
	if (w->cache == NULL)
		return;

	const CacheUse *use = w->cache_use;
	CacheCounts counts = cache_counts(w->cache);
	DemoCacheUse *out = arena_alloc(arena, sizeof(*out));
	int64_t hits = 0;
	int64_t reads = 0;

	*out = (DemoCacheUse) {
		.where = w->options->cache->where,
		.version = w->options->cache->version,
		.is_own = w->options->cache->is_own,
		.forgotten = counts.forgotten - use->before.forgotten,
		.outdated = counts.outdated - use->before.outdated,
		.refused = counts.refused - use->before.refused,
		.lost = counts.lost - use->before.lost,
		.gone_s = (double) (counts.gone_us - use->before.gone_us) / 1e6,
		.compared = use->compared,
		.compared_hits = use->compared_hits,
		.looks = use->looks,
		.stale = use->stale,
		.first_stale = use->first_stale[0] != '\0' ? arena_strdup(arena, use->first_stale) : NULL,
	};
	for (int i = 0; i < CACHE_KINDS; i++) {
		fill_read(use, (CacheWhat) i, &out->reads[i]);
		hits += out->reads[i].hits;
		reads += out->reads[i].hits + out->reads[i].misses;
	}
	out->hit_ratio = reads > 0 ? (double) hits / (double) reads : 0;
	report->cache = out;
}
