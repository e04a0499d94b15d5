#include "demo/workload.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "demo/engine.h"
#include "demo/latency.h"
#include "demo/ledger.h"
#include "demo/world.h"
#include "io/asset.h"
#include "util/clock.h"
#include "util/str.h"

#define STEPS_MAX 4
#define PARAMS_MAX 3
#define POLL_MS 100
#define PROGRESS_US 200000

/* Nothing has answered for so long: are all nodes there? */
#define STALL_US INT64_C(10000000)

/* So many operations may be given up before the run is. */
#define ERRORS_MAX 50

/* The first of them are reason enough to see whether all nodes are there. */
#define ERRORS_LOOKED_INTO 3

typedef enum Statement {
	S_BEGIN,
	S_COMMIT,
	S_ROLLBACK,
	S_POST,
	S_FAN_OUT,
	S_PROFILE,
	S_FEED,
	S_FOLLOW,
	S_UNFOLLOW,
	S_TOP_AUTHORS,
	S_COUNTRY,
	STATEMENT_COUNT
} Statement;

/* sql is an asset's name, or the statement when it has no slash. */
static const struct {
	const char *name;
	const char *sql;
	int params;
} statements[STATEMENT_COUNT] = {
	[S_BEGIN] = {"begin", "BEGIN", 0},
	[S_COMMIT] = {"commit", "COMMIT", 0},
	[S_ROLLBACK] = {"rollback", "ROLLBACK", 0},
	[S_POST] = {"post", "sql/query/demo_post_tweet.sql", 3},
	[S_FAN_OUT] = {"fan_out", "sql/query/demo_fan_out.sql", 2},
	[S_PROFILE] = {"profile", "sql/query/demo_read_profile.sql", 1},
	[S_FEED] = {"feed", "sql/query/demo_read_feed.sql", 1},
	[S_FOLLOW] = {"follow", "sql/query/demo_follow.sql", 2},
	[S_UNFOLLOW] = {"unfollow", "sql/query/demo_unfollow.sql", 2},
	[S_TOP_AUTHORS] = {"top_authors", "sql/query/demo_top_authors.sql", 0},
	[S_COUNTRY] = {"country", "sql/query/demo_country_languages.sql", 1},
};

const SingleKey workload_single_key[] = {
	{"post", "sql/query/demo_post_tweet.sql", 3, true, 1},
	{"profile", "sql/query/demo_read_profile.sql", 1, false, 2},
	{"feed", "sql/query/demo_read_feed.sql", 1, false, 1},
	{"follow", "sql/query/demo_follow.sql", 2, true, 1},
	{"unfollow", "sql/query/demo_unfollow.sql", 2, false, 1},
};
const int workload_single_key_count = 5;

typedef enum Op { OP_FEED, OP_PROFILE, OP_POST, OP_FOLLOW, OP_UNFOLLOW, OP_COUNTRY, OP_TOP_AUTHORS } Op;

typedef struct Operation {
	const char *name;
	const char *label;
	int weight; /* of 1000 */
	int steps;
	Statement step[STEPS_MAX];
	char kind; /* of its entry in the ledger; 0: it only reads */
} Operation;

static const Operation operations[DEMO_OPERATIONS] = {
	[OP_FEED] = {"read_feed", "read a feed", 450, 1, {S_FEED}, 0},
	[OP_PROFILE] = {"read_profile", "read a profile", 260, 1, {S_PROFILE}, 0},
	[OP_POST] = {"post_tweet", "post a tweet", 100, 4, {S_BEGIN, S_POST, S_FAN_OUT, S_COMMIT}, LEDGER_POST},
	[OP_FOLLOW] = {"follow", "follow", 90, 1, {S_FOLLOW}, LEDGER_FOLLOW},
	[OP_UNFOLLOW] = {"unfollow", "unfollow", 60, 1, {S_UNFOLLOW}, LEDGER_UNFOLLOW},
	[OP_COUNTRY] = {"reference_join", "join a reference table", 30, 1, {S_COUNTRY}, 0},
	[OP_TOP_AUTHORS] = {"aggregate", "aggregate all shards", 10, 1, {S_TOP_AUTHORS}, 0},
};

typedef struct Client {
	Pg *pg;
	bool is_busy;
	bool is_rolling_back;
	bool is_retrying;  /* after the rollback, once more */
	Op op;
	int step;
	int tries;
	int64_t about; /* the user that a write is about; 0: none */
	int64_t other; /* tweet or follower */
	int64_t changed; /* rows that the last write changed */
	int64_t start_us;
	const char *values[PARAMS_MAX];
	char first[24];
	char second[24];
	char body[GENERATOR_ROW_MAX];
} Client;

typedef struct Tally {
	Latency latency;
	int64_t errors;
	int64_t retries;
} Tally;

typedef struct Workload {
	const DemoTarget *target;
	const DemoOptions *options;
	Generator generator;
	Client *clients;
	struct pollfd *polls;
	int count;
	int busy;
	Tally tallies[DEMO_OPERATIONS];
	Ledger ledger;
	uint64_t random;
	int64_t posts; /* ids given out */
	int64_t errors;
	int64_t done;
	int64_t last_answer_us;
	bool is_over; /* no new operations */
	char first_error[400];
} Workload;

/* xorshift64*: enough to choose users, and cheap. */
static uint64_t next_random(Workload *w)
{
	w->random ^= w->random >> 12;
	w->random ^= w->random << 25;
	w->random ^= w->random >> 27;
	return w->random * UINT64_C(0x2545F4914F6CDD1D);
}

static int64_t random_user(Workload *w)
{
	return 1 + (int64_t) ((next_random(w) >> 16) % (uint64_t) w->generator.users);
}

static void put_number(char *out, int64_t value)
{
	char digits[24];
	int n = 0;
	int at = 0;

	do {
		digits[n++] = (char) ('0' + value % 10);
		value /= 10;
	} while (value > 0);
	while (n > 0)
		out[at++] = digits[--n];
	out[at] = '\0';
}

static bool is_taken(const Workload *w, int64_t user)
{
	for (int i = 0; i < w->count; i++) {
		if (w->clients[i].is_busy && w->clients[i].about == user)
			return true;
	}
	return false;
}

/* A user whom no other write under way is about. */
static int64_t free_user(Workload *w)
{
	int64_t user = random_user(w);

	while (is_taken(w, user))
		user = user % w->generator.users + 1;
	return user;
}

static Op choose_op(Workload *w)
{
	int at = (int) ((next_random(w) >> 20) % 1000);
	int op = 0;

	while (at >= operations[op].weight)
		at -= operations[op++].weight;
	return (Op) op;
}

/* Chooses whom the operation is about and writes its parameters. */
static void choose_params(Workload *w, Client *c)
{
	c->about = 0;
	switch (c->op) {
	case OP_FEED:
	case OP_PROFILE:
		put_number(c->first, random_user(w));
		break;
	case OP_POST:
		c->about = free_user(w);
		c->other = GENERATOR_FIRST_POST + w->posts++;
		put_number(c->first, c->about);
		put_number(c->second, c->other);
		generator_tweet_body(next_random(w) >> 8, c->body);
		break;
	case OP_FOLLOW:
		c->about = free_user(w);
		do
			c->other = random_user(w);
		while (c->other == c->about);
		put_number(c->first, c->other);
		put_number(c->second, c->about);
		break;
	case OP_UNFOLLOW: {
		c->about = free_user(w);
		Followers followers = generator_followers(&w->generator, c->about);

		c->other = followers_get(&followers, (int64_t) ((next_random(w) >> 16) % (uint64_t) followers.count));
		put_number(c->first, c->other);
		put_number(c->second, c->about);
		break;
	}
	case OP_COUNTRY:
		snprintf(c->first, sizeof(c->first), "%s",
		         world_countries[(next_random(w) >> 16) % world_country_count].code);
		break;
	case OP_TOP_AUTHORS:
		break;
	}
}

static bool send_step(Client *c, Err *err)
{
	Statement s = c->is_rolling_back ? S_ROLLBACK : operations[c->op].step[c->step];

	return pg_send(c->pg, statements[s].name, statements[s].params, c->values, err);
}

static bool begin_operation(Workload *w, Client *c, Err *err)
{
	c->op = choose_op(w);
	choose_params(w, c);
	c->step = 0;
	c->tries = 0;
	c->changed = 0;
	c->is_rolling_back = false;
	c->is_retrying = false;
	c->start_us = clock_us();
	if (!send_step(c, err))
		return false;
	c->is_busy = true;
	w->busy++;
	return true;
}

static void become_idle(Workload *w, Client *c)
{
	c->is_busy = false;
	w->busy--;
}

/* The server has acknowledged the whole operation. */
static void acknowledge(Workload *w, Client *c)
{
	const Operation *op = &operations[c->op];

	latency_add(&w->tallies[c->op].latency, clock_us() - c->start_us);
	w->done++;
	if (op->kind == LEDGER_POST || (op->kind != 0 && c->changed > 0))
		ledger_add(&w->ledger, (LedgerEntry) {c->about, (LedgerKind) op->kind, c->other, true});
	become_idle(w, c);
}

/* Whether the statement now under way ends the operation's transaction. */
static bool is_last_step(const Client *c)
{
	return !c->is_rolling_back && c->step == operations[c->op].steps - 1;
}

/* Nobody can tell whether this write was done. */
static void remember_unknown(Workload *w, Client *c)
{
	const Operation *op = &operations[c->op];

	if (c->is_busy && op->kind != 0 && is_last_step(c))
		ledger_add(&w->ledger, (LedgerEntry) {c->about, (LedgerKind) op->kind, c->other, false});
}

static bool is_retriable(const Err *err)
{
	return strcmp(err->sqlstate, "40001") == 0 || strcmp(err->sqlstate, "40P01") == 0;
}

/* Servers word the loss of another one in many ways: the first errors are looked into. */
static bool all_nodes_answer(const Workload *w)
{
	Arena *arena = arena_new();
	bool answer = w->errors >= ERRORS_LOOKED_INTO || demo_find_dead(w->target, arena) == NULL;

	arena_free(arena);
	return answer;
}

/* False when the run has to end with it. */
static bool give_up_operation(Workload *w, Client *c, Err *problem, Err *err)
{
	if (!is_retriable(problem) && !all_nodes_answer(w)) {
		err_move(err, problem);
		return false;
	}
	w->tallies[c->op].errors++;
	w->errors++;
	if (w->first_error[0] == '\0')
		snprintf(w->first_error, sizeof(w->first_error), "%s: %s", operations[c->op].label, problem->message);
	if (w->errors < ERRORS_MAX)
		return true;
	err_set(err, ERR_FAILED, "%d operations of the demo failed; the first: %s", ERRORS_MAX, w->first_error);
	return false;
}

/*
 * A statement failed.  Lost connections end the run; collisions are tried
 * again; anything else is counted and, when there is much of it, ends the run.
 */
static bool handle_error(Workload *w, Client *c, Err *problem, Err *err)
{
	if (problem->kind == ERR_INTERRUPTED || demo_is_lost(problem) || pg_is_dead(c->pg)) {
		err_move(err, problem);
		return false;
	}

	bool in_transaction = operations[c->op].steps > 1 && !c->is_rolling_back;
	bool again = is_retriable(problem) && c->tries + 1 < WORKLOAD_TRIES;

	if (again) {
		c->tries++;
		w->tallies[c->op].retries++;
	} else {
		if (!is_retriable(problem))
			remember_unknown(w, c);
		if (!give_up_operation(w, c, problem, err)) {
			become_idle(w, c);
			return false;
		}
	}
	c->is_retrying = again;
	if (in_transaction) {
		c->is_rolling_back = true;
		return send_step(c, err);
	}
	c->step = 0;
	if (again)
		return send_step(c, err);
	become_idle(w, c);
	return true;
}

/* A statement has succeeded: the next one, or the next operation. */
static bool advance(Workload *w, Client *c, Err *err)
{
	if (c->is_rolling_back) {
		c->is_rolling_back = false;
		c->step = 0;
		if (c->is_retrying)
			return send_step(c, err);
		become_idle(w, c);
		return w->is_over || begin_operation(w, c, err);
	}
	if (++c->step < operations[c->op].steps)
		return send_step(c, err);
	acknowledge(w, c);
	return w->is_over || begin_operation(w, c, err);
}

/* Reads what came for one client. */
static bool serve(Workload *w, Client *c, Err *err)
{
	Err problem = ERR_INIT;
	bool ready = false;
	bool ok = pg_ready(c->pg, &ready, &problem);
	PgRows *rows = NULL;

	if (ok && !ready)
		return true;
	if (ok)
		rows = pg_take(c->pg, &problem);
	w->last_answer_us = clock_us();
	if (rows == NULL) {
		ok = handle_error(w, c, &problem, err);
		ok = ok && (c->is_busy || w->is_over || begin_operation(w, c, err));
	} else {
		if (operations[c->op].kind != 0)
			c->changed = pg_affected(rows);
		pg_rows_free(rows);
		ok = advance(w, c, err);
	}
	err_clear(&problem);
	return ok;
}

/* All nodes have been silent for long: which one is it? */
static bool look_for_stall(Workload *w, Err *err)
{
	if (clock_us() - w->last_answer_us < STALL_US)
		return true;

	Arena *arena = arena_new();
	const char *dead = demo_find_dead(w->target, arena);

	if (dead != NULL)
		err_set(err, ERR_UNREACHABLE, "no answer for %d s", (int) (STALL_US / 1000000));
	arena_free(arena);
	w->last_answer_us = clock_us();
	return dead == NULL;
}

static bool wait_and_serve(Workload *w, Err *err)
{
	for (int i = 0; i < w->count; i++)
		w->polls[i].fd = w->clients[i].is_busy ? pg_socket(w->clients[i].pg) : -1;

	int n = poll(w->polls, (nfds_t) w->count, POLL_MS);

	if (!clock_go_on(err))
		return false;
	for (int i = 0; n > 0 && i < w->count; i++) {
		if (w->polls[i].revents == 0)
			continue;
		n--;
		if (!serve(w, &w->clients[i], err))
			return false;
	}
	return look_for_stall(w, err);
}

/* Until the time is over and everything that was begun has ended. */
static bool work(Workload *w, int64_t start, Err *err)
{
	int64_t end = start + (int64_t) w->options->duration_s * 1000000;
	int64_t told = start;

	w->last_answer_us = start;
	for (int i = 0; i < w->count; i++) {
		if (!begin_operation(w, &w->clients[i], err))
			return false;
	}
	while (w->busy > 0) {
		if (!wait_and_serve(w, err) || !ledger_flush(&w->ledger, false, err))
			return false;

		int64_t now = clock_us();

		w->is_over = now >= end;
		if (now - told >= PROGRESS_US) {
			demo_tell(w->options, DEMO_WORKING, NULL, w->done, 0, start);
			told = now;
		}
	}
	return true;
}

static bool prepare_client(Client *c, Err *err)
{
	c->values[0] = c->first;
	c->values[1] = c->second;
	c->values[2] = c->body;
	for (int s = 0; s < STATEMENT_COUNT; s++) {
		const char *sql = statements[s].sql;

		if (!pg_prepare(c->pg, statements[s].name, strchr(sql, '/') != NULL ? asset_text(sql) : sql, err))
			return false;
	}
	return true;
}

static bool connect_clients(Workload *w, Err *err)
{
	for (int i = 0; i < w->count; i++) {
		w->clients[i].pg = demo_connect(w->target, err);
		if (w->clients[i].pg == NULL || !prepare_client(&w->clients[i], err))
			return false;
		w->polls[i].events = POLLIN;
	}
	return true;
}

static void fill_report(const Workload *w, double seconds, Arena *arena, DemoReport *report)
{
	for (int i = 0; i < DEMO_OPERATIONS; i++) {
		const Tally *tally = &w->tallies[i];

		report->operations[i] = (DemoOperation) {
			.name = operations[i].name,
			.label = operations[i].label,
			.count = tally->latency.count,
			.errors = tally->errors,
			.retries = tally->retries,
			.p50_ms = latency_ms(&tally->latency, 0.50),
			.p95_ms = latency_ms(&tally->latency, 0.95),
			.p99_ms = latency_ms(&tally->latency, 0.99),
			.max_ms = (double) tally->latency.max_us / 1000.0,
		};
	}
	report->has_work = true;
	report->work_s = seconds;
	report->tps = seconds > 0 ? (double) w->done / seconds : 0;
	report->unknown = w->ledger.unknown;
	report->clients = w->count;
	report->first_error = w->first_error[0] != '\0' ? arena_strdup(arena, w->first_error) : NULL;
}

/* Keeps the ledger even of a run that failed, if the coordinator is there. */
static void keep_what_is_known(Workload *w, const DemoState *state)
{
	Err ignored = ERR_INIT;

	for (int i = 0; i < w->count; i++)
		remember_unknown(w, &w->clients[i]);
	if (ledger_flush(&w->ledger, true, &ignored) && demo_state_set(w->ledger.pg, state, "stopped", &ignored))
		err_clear(&ignored);
	err_clear(&ignored);
}

static void close_clients(Workload *w)
{
	for (int i = 0; i < w->count; i++)
		pg_close(w->clients[i].pg);
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

bool workload_run(const DemoTarget *target, const DemoOptions *options, Arena *arena, DemoReport *report, Err *err)
{
	Workload *w = arena_alloc(arena, sizeof(*w));
	DemoState state;

	w->target = target;
	w->options = options;
	w->count = options->clients;
	w->clients = arena_array(arena, (size_t) w->count, sizeof(Client));
	w->polls = arena_array(arena, (size_t) w->count, sizeof(struct pollfd));
	w->ledger.pg = demo_connect(target, err);

	bool ok = w->ledger.pg != NULL && begin_state(w, &state, err) && connect_clients(w, err);
	int64_t start = clock_us();

	if (ok) {
		ok = work(w, start, err);
		fill_report(w, (double) (clock_us() - start) / 1e6, arena, report);
		if (ok)
			ok = ledger_flush(&w->ledger, true, err) && demo_state_set(w->ledger.pg, &state, "stopped", err);
		else
			keep_what_is_known(w, &state);
	}
	close_clients(w);
	ok = ok || demo_blame(target, "during the workload", err);
	ledger_free(&w->ledger);
	pg_close(w->ledger.pg);
	return ok;
}
