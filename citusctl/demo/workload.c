#define _GNU_SOURCE /* ppoll() */
#include "demo/workload.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "demo/client.h"
#include "util/clock.h"
#include "util/str.h"

#define POLL_US INT64_C(100000)
#define PROGRESS_US 200000

/* Nothing has answered for so long: are all nodes there? */
#define STALL_US INT64_C(10000000)

/* Before an event and after it the workload runs undisturbed for a part of the duration. */
#define CALM_PART 0.25
#define CALM_MIN_S 1.0
#define CALM_MAX_S 10.0

void become_idle(Workload *w, Client *c)
{
	c->is_busy = false;
	w->busy--;
}

static void begin_operation(Workload *w, Client *c, int64_t start_us)
{
	choose_operation(w, c);
	c->step = 0;
	c->tries = 0;
	c->collisions = 0;
	c->changed = 0;
	c->is_rolling_back = false;
	c->is_retrying = false;
	c->is_uncertain = false;
	c->give_up_us = 0;
	c->start_us = start_us;
	c->is_busy = true;
	w->busy++;
}

static Statement statement_of(const Workload *w, const Client *c)
{
	if (c->is_rolling_back)
		return S_ROLLBACK;
	return told_statement(w, c->is_uncertain ? operations[c->op].again[c->step] : operations[c->op].step[c->step]);
}

/* A connection that turns out to be lost is opened again where that is foreseen. */
static bool send_step(Workload *w, Client *c, Err *err)
{
	Statement s = statement_of(w, c);
	Err problem = ERR_INIT;

	c->is_sent = w->options->pooler != NULL
	                 ? send_pooled(w, c, s, &problem)
	                 : pg_send(c->pg, statements[s].name, statements[s].params, c->values, &problem);
	if (c->is_sent)
		return true;

	bool ok = handle_error(w, c, &problem, err);

	err_clear(&problem);
	return ok;
}

/*
 * Whether another operation is to begin, and when it should have: with a rate
 * that is a matter of the clock, so that its latency counts the time for which
 * all clients were busy.
 */
static bool is_due(Workload *w, int64_t now, int64_t *start_us)
{
	*start_us = now;
	if (w->is_over)
		return false;
	if (w->options->rate == 0)
		return true;

	int64_t due = w->began_us + w->begun * 1000000 / w->options->rate;

	if (due > now || due >= w->end_us)
		return false;
	w->begun++;
	*start_us = due;
	return true;
}

bool drive(Workload *w, Client *c, int64_t now, Err *err)
{
	bool is_open = false;

	if (c->is_sent || c->is_asking || (c->wait_us > now && !c->is_rolling_back))
		return true;
	if (!c->is_busy) {
		int64_t start_us = 0;

		if (!is_due(w, now, &start_us))
			return true;
		begin_operation(w, c, start_us);
		if (ask_cache(w, c))
			return true;
	}
	if (!c->is_rolling_back)
		c->wait_us = 0;
	return open_again(w, c, &is_open, err) && (!is_open || send_step(w, c, err));
}

void acknowledge(Workload *w, Client *c)
{
	int64_t now = clock_us();

	series_add(&w->series, (int) c->op, operations[c->op].kind != 0, now - c->start_us, now);
	w->done++;
	note_acknowledged(w, c);
	become_idle(w, c);
}

static void write_ledger(Workload *w, Client *c)
{
	LedgerKind kind = (LedgerKind) operations[c->op].kind;

	/* Whether this try changed something or an earlier one did is not known, but how it is now. */
	if (kind == LEDGER_FOLLOW)
		kind = c->is_uncertain ? LEDGER_FOLLOWS : c->changed > 0 ? LEDGER_FOLLOW : LEDGER_FOLLOWED;
	else if (kind == LEDGER_UNFOLLOW)
		kind = c->is_uncertain ? LEDGER_FOLLOWS_NOT : c->changed > 0 ? LEDGER_UNFOLLOW : LEDGER_FOLLOWED_NOT;
	if (operations[c->op].kind != 0)
		ledger_add(&w->ledger, (LedgerEntry) {c->about, kind, c->other, true});
	/* The first try may still be on its way, and must not come after another write. */
	if (c->is_uncertain && (kind == LEDGER_FOLLOWS || kind == LEDGER_FOLLOWS_NOT))
		keep_off(w, c);
	c->is_uncertain = false;
}

/* The server has done the whole operation; users are told when the cache has forgotten what was before. */
static void complete(Workload *w, Client *c)
{
	write_ledger(w, c);
	if (!forget_cached(w, c))
		acknowledge(w, c);
}

/* A statement has succeeded. */
static void advance(Workload *w, Client *c)
{
	if (c->is_rolling_back)
		end_rollback(w, c);
	else if (++c->step == operations[c->op].steps)
		complete(w, c);
}

/*
 * Every user has a profile, and somebody has written a tweet: what comes back empty was looked for in the wrong place.
 * That is no error of a server, and nothing excuses it.
 */
static PgRows *take_rows(Workload *w, const Client *c, Err *problem)
{
	PgRows *rows = pg_take(c->pg, problem);
	bool has_rows = c->op == OP_PROFILE || c->op == OP_TOP_AUTHORS;

	if (rows == NULL || !has_rows || pg_row_count(rows) > 0)
		return rows;
	w->wrong_answers++;
	if (c->op == OP_PROFILE)
		err_set(problem, ERR_FAILED, "user %s was not found", c->first);
	else
		err_set(problem, ERR_FAILED, "there are no authors");
	pg_rows_free(rows);
	return NULL;
}

/* Reads what came for one client, and sends what comes next. */
static bool serve(Workload *w, Client *c, Err *err)
{
	Err problem = ERR_INIT;
	bool ready = false;
	bool ok = pg_ready(c->pg, &ready, &problem);
	PgRows *rows = NULL;

	if (ok && !ready)
		return true;
	if (ok)
		rows = take_rows(w, c, &problem);
	w->last_answer_us = clock_us();
	c->is_sent = false;
	if (rows == NULL) {
		ok = handle_error(w, c, &problem, err);
	} else {
		if (operations[c->op].kind != 0)
			c->changed = pg_affected(rows);
		keep_rows(w, c, rows);
		pg_rows_free(rows);
		advance(w, c);
	}
	err_clear(&problem);
	return ok && drive(w, c, w->last_answer_us, err);
}

/* All nodes have been silent for long: which one is it? */
static bool look_for_stall(Workload *w, Err *err)
{
	const DemoEvent *event = w->options->event;

	/* While something happens operations have their own patience. */
	if (clock_us() - w->last_answer_us < STALL_US + (event != NULL ? (int64_t) event->patience_s * 1000000 : 0))
		return true;

	Arena *arena = arena_new();
	const char *dead = demo_find_dead(w->target, arena);

	if (dead != NULL)
		err_set(err, ERR_UNREACHABLE, "no answer for %d s", (int) (STALL_US / 1000000));
	arena_free(arena);
	w->last_answer_us = clock_us();
	return dead == NULL;
}

/* How long nothing has to be sent: until a pause is over, or the next operation due. */
static int64_t time_to_wait(const Workload *w, int64_t now)
{
	int64_t until = now + POLL_US;
	bool has_idle = false;

	for (int i = 0; i < w->count; i++) {
		const Client *c = &w->clients[i];

		if (c->is_sent || c->is_asking)
			continue;
		if (c->wait_us > now && c->wait_us < until)
			until = c->wait_us;
		has_idle = has_idle || (!c->is_busy && c->wait_us <= now);
	}
	if (w->options->rate > 0 && has_idle && !w->is_over) {
		int64_t due = w->began_us + w->begun * 1000000 / w->options->rate;

		until = due < until ? due : until;
	}
	return until > now ? until - now : 0;
}

static bool wait_and_serve(Workload *w, Err *err)
{
	for (int i = 0; i < w->count; i++)
		w->polls[i].fd = w->clients[i].is_sent ? pg_socket(w->clients[i].pg) : -1;
	w->polls[w->count + 1] = (struct pollfd) {w->pool != NULL ? pool_watch_socket(w->pool) : -1, POLLIN, 0};
	w->polls[w->count].fd = w->cache != NULL ? cache_socket(w->cache, &w->polls[w->count].events) : -1;

	int64_t wait_us = time_to_wait(w, clock_us());
	struct timespec wait = {.tv_sec = 0, .tv_nsec = (long) wait_us * 1000};
	int n = ppoll(w->polls, (nfds_t) w->count + 2, &wait, NULL);

	if (!clock_go_on(err) || (w->cache != NULL && !cache_serve(w->cache, err)))
		return false;
	if (w->pool != NULL)
		pool_watch_serve(w->pool);
	for (int i = 0; n > 0 && i < w->count; i++) {
		if (w->polls[i].fd < 0 || w->polls[i].revents == 0)
			continue;
		n--;
		if (!serve(w, &w->clients[i], err))
			return false;
	}
	return look_for_stall(w, err);
}

static bool drive_all(Workload *w, Err *err)
{
	int64_t now = clock_us();

	for (int i = 0; i < w->count; i++) {
		if (!drive(w, &w->clients[i], now, err))
			return false;
	}
	return true;
}

/* The part of the duration that is left undisturbed before an event, and after it. */
static double calm_s(const DemoOptions *options)
{
	double calm = CALM_PART * options->duration_s;

	return calm < CALM_MIN_S ? CALM_MIN_S : calm > CALM_MAX_S ? CALM_MAX_S : calm;
}

/* Whether the run is at its end: the time, and what happens meanwhile, are over. */
static bool is_at_end(Workload *w, int64_t now)
{
	int64_t over_us = 0;

	if (w->options->event == NULL)
		return now >= w->end_us;
	if (timeline_failed(w->timeline))
		return true;
	if (!timeline_is_over(w->timeline, &over_us)) {
		w->end_us = now + 1; /* with a rate, operations go on being due */
		return false;
	}

	int64_t calm_end = over_us + (int64_t) (calm_s(w->options) * 1e6);
	int64_t least = w->began_us + (int64_t) w->options->duration_s * 1000000;

	w->end_us = calm_end > least ? calm_end : least;
	return now >= w->end_us;
}

/* The ledger's own connection may have been lost with the coordinator. */
static bool open_ledger(Workload *w, Err *err)
{
	if (w->ledger.pg != NULL && !pg_is_dead(w->ledger.pg))
		return true;
	pg_close(w->ledger.pg);
	w->ledger.pg = demo_connect(w->target, err);
	return w->ledger.pg != NULL;
}

/* While something happens to the coordinator its entries wait. */
static bool keep_ledger(Workload *w, Err *err)
{
	Err problem = ERR_INIT;

	if (w->ledger.lines.length < LEDGER_FLUSH_BYTES || clock_us() < w->ledger_wait_us)
		return true;
	if (open_ledger(w, &problem) && ledger_flush(&w->ledger, false, &problem))
		return true;
	if (w->options->event == NULL || problem.kind == ERR_INTERRUPTED) {
		err_move(err, &problem);
		return false;
	}
	w->ledger_wait_us = clock_us() + 1000000;
	err_clear(&problem);
	return true;
}

/* Works until it is to end (or, warming up, until the time is over). */
static bool work_on(Workload *w, bool is_warmup, Err *err)
{
	int64_t told = w->began_us;

	while (w->busy > 0 || !w->is_over) {
		if (!drive_all(w, err) || !wait_and_serve(w, err) || !keep_ledger(w, err))
			return false;

		int64_t now = clock_us();

		if (is_warmup && now >= w->end_us)
			return true;
		w->is_over = w->is_over || (!is_warmup && is_at_end(w, now));
		if (now - told >= PROGRESS_US) {
			demo_tell(w->options, DEMO_WORKING, is_warmup ? "to warm up" : NULL, w->done, 0, w->began_us);
			told = now;
		}
	}
	return true;
}

static void begin_phase(Workload *w, int seconds)
{
	w->began_us = clock_us();
	w->end_us = w->began_us + (int64_t) seconds * 1000000;
	w->last_answer_us = w->began_us;
	w->begun = 0;
	w->done = 0;
	memset(w->retries, 0, sizeof(w->retries));
	w->errors = 0;
	w->failure_count = 0;
	w->reconnects = 0;
	w->wrong_answers = 0;
	w->first_error[0] = '\0';
	series_open(&w->series, w->began_us, seconds);
	reset_cache_use(w);
}

/* First what isn't counted, then what is. */
static bool work(Workload *w, Err *err)
{
	const DemoOptions *options = w->options;

	if (options->warmup_s > 0) {
		begin_phase(w, options->warmup_s);
		if (!work_on(w, true, err))
			return false;
	}
	begin_phase(w, options->duration_s);
	if (!begin_pool(w, err))
		return false;
	timeline_begin(w->timeline, w->began_us);
	return (options->event == NULL || timeline_start(w->timeline, options->event, calm_s(options), err)) &&
	       work_on(w, false, err);
}

bool connect_client(const Workload *w, Client *c, Err *err)
{
	c->values[0] = c->first;
	c->values[1] = c->second;
	c->values[2] = c->body;
	if (w->options->pooler != NULL) {
		c->pg = connect_pooled(w, err);
		return c->pg != NULL;
	}
	c->pg = w->via_any ? demo_connect_at(w->target, c->node, err) : demo_connect(w->target, err);
	if (c->pg != NULL && w->options->event != NULL && w->options->event->dead_node != NULL &&
	    w->engine->lonely_session != NULL && !pg_exec(c->pg, w->engine->lonely_session, err))
		return false;
	for (int s = 0; c->pg != NULL && s < STATEMENT_COUNT; s++) {
		if (!pg_prepare(c->pg, statements[s].name, statement_sql((Statement) s), err))
			return false;
	}
	return c->pg != NULL;
}

static bool connect_clients(Workload *w, Err *err)
{
	for (int i = 0; i < w->count; i++) {
		w->clients[i].node = (size_t) i % w->target->start_count;
		if (!connect_client(w, &w->clients[i], err))
			return false;
		w->polls[i].events = POLLIN;
	}
	return true;
}

static void fill_operations(const Workload *w, DemoReport *report)
{
	for (int i = 0; i < DEMO_OPERATIONS; i++) {
		const Latency *latency = &w->series.sums[i];

		report->operations[i] = (DemoOperation) {
			.name = operations[i].name,
			.label = operations[i].label,
			.count = latency->count,
			.errors = w->series.all_errors[i],
			.retries = w->retries[i],
			.p50_ms = latency_ms(latency, 0.50),
			.p95_ms = latency_ms(latency, 0.95),
			.p99_ms = latency_ms(latency, 0.99),
			.max_ms = (double) latency->max_us / 1000.0,
		};
	}
}

static void fill_report(Workload *w, Arena *arena, DemoReport *report)
{
	int64_t now = w->ended_us;
	double seconds = (double) (now - w->began_us) / 1e6;

	series_close(&w->series, now, arena, report);
	fill_operations(w, report);
	timeline_copy(w->timeline, arena, report);
	report->has_work = true;
	report->work_s = seconds;
	report->warmup_s = w->options->warmup_s;
	report->tps = seconds > 0 ? (double) w->done / seconds : 0;
	report->unknown = w->ledger.unknown;
	report->clients = w->count;
	report->mix = w->mix;
	report->rate = w->options->rate;
	if (w->options->rate > 0 && w->end_us <= now)
		report->not_begun = (w->end_us - w->began_us) * w->options->rate / 1000000 - w->begun;
	report->via = w->via_any ? "any" : w->options->via_any ? w->engine->only_coordinator : "coordinator";
	report->event = w->options->event != NULL ? w->options->event->name : NULL;
	report->reconnects = w->reconnects;
	report->errors = w->errors;
	report->wrong_answers = w->wrong_answers;
	report->failure_count = w->failure_count;
	report->failures = arena_array(arena, w->failure_count, sizeof(DemoFailure));
	if (w->failure_count > 0)
		memcpy(report->failures, w->failures, w->failure_count * sizeof(DemoFailure));
	report->first_error = w->first_error[0] != '\0' ? arena_strdup(arena, w->first_error) : NULL;
	fill_cache_report(w, arena, report);
	fill_pool_report(w, arena, report);
}

static bool end_state(Workload *w, const DemoState *state, Err *err)
{
	/* Whether the ledger's connection has lived through an event shows only when it is used. */
	if (w->options->event != NULL) {
		pg_close(w->ledger.pg);
		w->ledger.pg = NULL;
	}
	return open_ledger(w, err) && settle_uncertain(w, err) && ledger_flush(&w->ledger, true, err) &&
	       demo_state_set(w->ledger.pg, state, "stopped", err);
}

/* What follows must not wait for a transaction that nobody goes on with: the event's end, the book-keeping. */
static void let_go(Workload *w)
{
	for (int i = 0; i < w->count; i++) {
		remember_uncertain(w, &w->clients[i]);
		pg_close(w->clients[i].pg);
		w->clients[i].pg = NULL;
	}
}

/*
 * Keeps the ledger even of a run that failed, if the coordinator is there: also after Ctrl-C.  What cannot be settled
 * leaves the state "running", and then nothing is claimed of it later; a lost node could hold that up for ever.
 */
static void keep_what_is_known(Workload *w, const DemoState *state, const Err *why)
{
	Err ignored = ERR_INIT;

	clock_resume();
	pg_close(w->ledger.pg); /* a new one is had within seconds, or not at all */
	w->ledger.pg = NULL;
	if ((why->kind == ERR_INTERRUPTED || !has_unsettled(w)) && end_state(w, state, &ignored))
		return;
	err_clear(&ignored);
}

/* What was loaded decides, not the options: the users are the ones that are there. */
static bool begin_state(Workload *w, DemoState *state, Err *err)
{
	if (!demo_state_get(w->ledger.pg, state, err))
		return false;
	if (!state->exists || !str_equal(state->state, "loaded")) {
		err_set(err, ERR_REFUSED, "the demo's data is not loaded completely");
		return err_hint(err, "Run \"citusctl demo\": it loads the data first.");
	}
	w->generator = (Generator) {state->seed, state->users};
	w->random = generator_hash(state->seed, 0) | 1;
	return demo_state_set(w->ledger.pg, state, "running", err);
}

static void prepare(Workload *w, const DemoTarget *target, const DemoOptions *options, Arena *arena)
{
	w->target = target;
	w->options = options;
	w->count = options->clients;
	w->clients = arena_array(arena, (size_t) w->count, sizeof(Client));
	w->polls = arena_array(arena, (size_t) w->count + 2, sizeof(struct pollfd)); /* the last two: cache and pooler */
	w->mix = options->mix;
	if (mix_total(&w->mix) == 0)
		mix_default(&w->mix);
	w->mix_total = mix_total(&w->mix);
	w->timeline = timeline_new(options->marked, options->marked_arg);
}

static void release(Workload *w)
{
	for (int i = 0; i < w->count; i++)
		pg_close(w->clients[i].pg);
	close_cache(w);
	close_pool(w);
	timeline_free(w->timeline);
	ledger_free(&w->ledger);
	series_free(&w->series);
	free(w->uncertain.items);
	free(w->failures);
	pg_close(w->ledger.pg);
}

/* Also after Ctrl-C: what the event took from the cluster is not left away.  What could not be put back is added to err. */
static void put_back(Workload *w, Err *err)
{
	const DemoEvent *event = w->options->event;
	Err problem = ERR_INIT;

	clock_resume();
	if (!event->put_back(event->arg, &problem))
		err_detail(err, "%s%sBesides, %s.%s%s", err->detail != NULL ? err->detail : "", err->detail != NULL ? "\n" : "",
		           problem.message, problem.hint != NULL ? "  " : "", problem.hint != NULL ? problem.hint : "");
	err_clear(&problem);
}

/* An event that failed is the reason for whatever failed besides. */
static bool join_event(Workload *w, bool ok, Err *err)
{
	Err of_event = ERR_INIT;

	if (!ok)
		timeline_cancel(w->timeline);

	bool joined = timeline_join(w->timeline, &of_event);

	if (!joined && (ok || of_event.kind != ERR_INTERRUPTED))
		err_move(err, &of_event);
	err_clear(&of_event);
	ok = ok && joined;
	if (!ok && w->options->event != NULL)
		put_back(w, err);
	return ok;
}

bool workload_run(const DemoTarget *target, const DemoOptions *options, Arena *arena, DemoReport *report, Err *err)
{
	Workload *w = arena_alloc(arena, sizeof(*w));
	DemoState state;

	prepare(w, target, options, arena);
	w->engine = demo_engine_find(target->engine, err);
	w->ledger.pg = w->engine != NULL ? demo_connect(target, err) : NULL;
	w->via_any = options->via_any && w->engine != NULL && w->engine->only_coordinator == NULL;

	bool ok = w->ledger.pg != NULL && begin_state(w, &state, err) && open_pool(w, arena, err) && connect_clients(w, err) &&
	          open_cache(w, err);

	if (ok) {
		bool worked = work(w, err);

		w->ended_us = clock_us();
		if (!worked)
			let_go(w);
		ok = join_event(w, worked, err);
		if (ok) {
			ok = end_state(w, &state, err);
		} else {
			if (worked)
				let_go(w);
			keep_what_is_known(w, &state, err);
		}
		fill_report(w, arena, report);
	}
	ok = ok || demo_blame(target, "during the workload", err);
	release(w);
	return ok;
}
