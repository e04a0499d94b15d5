#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "demo/client.h"
#include "demo/workload.h"
#include "util/clock.h"

/* The first errors are reason enough to see whether all nodes are there. */
#define ERRORS_LOOKED_INTO 3

/* Between tries on a cluster that something happens to, and after one that was given up. */
#define PAUSE_FIRST_US INT64_C(5000)
#define PAUSE_MAX_US INT64_C(200000)
#define PAUSE_GIVEN_UP_US INT64_C(100000)

/* So many failures are looked at one by one; the rest is only counted. */
#define FAILURES_KEPT 10000

/* Whether the statement now under way ends the operation's transaction. */
static bool is_last_step(const Client *c)
{
	return !c->is_rolling_back && c->step == operations[c->op].steps - 1;
}

static bool is_retriable(const Err *err)
{
	return strcmp(err->sqlstate, "40001") == 0 || strcmp(err->sqlstate, "40P01") == 0;
}

/* A node that could not be connected to has not done anything. */
static bool was_never_sent(const Err *err)
{
	return strcmp(err->sqlstate, "08001") == 0;
}

static bool is_lost(const Client *c, const Err *problem)
{
	return demo_is_lost(problem) || pg_is_dead(c->pg);
}

void keep_off(Workload *w, const Client *c)
{
	if (w->uncertain.count == w->uncertain.capacity) {
		w->uncertain.capacity = w->uncertain.capacity > 0 ? w->uncertain.capacity * 2 : 64;
		w->uncertain.items = xrealloc(w->uncertain.items, w->uncertain.capacity * sizeof(LedgerEntry));
	}
	w->uncertain.items[w->uncertain.count++] =
		(LedgerEntry) {c->about, (LedgerKind) operations[c->op].kind, c->other, false};
}

void remember_uncertain(Workload *w, const Client *c)
{
	const Operation *op = &operations[c->op];
	const LedgerEntry entry = {c->about, (LedgerKind) op->kind, c->other, false};

	if (!c->is_busy || op->kind == 0 || !(c->is_uncertain || is_last_step(c)))
		return;
	keep_off(w, c);
	/* What an engine does everywhere or nowhere can be looked up later; the rest is settled first. */
	if (op->kind != LEDGER_POST || w->engine->is_atomic)
		ledger_add(&w->ledger, entry);
}

/* The whole post once more: what was done of it stays, what is missing is added. */
static bool post_again(const Workload *w, Pg *pg, const LedgerEntry *entry, Err *err)
{
	char author[24];
	char tweet[24];
	char body[GENERATOR_ROW_MAX];
	const char *const values[] = {author, tweet, body};

	snprintf(author, sizeof(author), "%" PRId64, entry->about);
	snprintf(tweet, sizeof(tweet), "%" PRId64, entry->other);
	generator_tweet_body(generator_hash(w->generator.seed, (uint64_t) entry->other), body);
	return pg_exec(pg, "BEGIN", err) && pg_run(pg, statement_sql(S_POST_AGAIN), 3, values, err) &&
	       pg_run(pg, statement_sql(S_FAN_OUT_AGAIN), 2, values, err) && pg_exec(pg, "COMMIT", err);
}

bool has_unsettled(const Workload *w)
{
	for (size_t i = 0; !w->engine->is_atomic && i < w->uncertain.count; i++) {
		if (w->uncertain.items[i].kind == LEDGER_POST)
			return true;
	}
	return false;
}

bool settle_uncertain(Workload *w, Err *err)
{
	Pg *pg = NULL;
	bool ok = true;
	int settled = 0;

	for (size_t i = 0; ok && !w->engine->is_atomic && i < w->uncertain.count; i++) {
		LedgerEntry entry = w->uncertain.items[i];

		if (entry.kind != LEDGER_POST)
			continue;
		if (pg == NULL)
			pg = demo_connect(w->target, err);
		ok = pg != NULL && post_again(w, pg, &entry, err);
		entry.is_known = ok;
		ledger_add(&w->ledger, entry);
		settled++;
	}
	pg_close(pg);
	if (settled > 0)
		timeline_mark(w->timeline, "%d tweet%s posted again: without two-phase commit %s may have been done by halves",
		              settled, settled == 1 ? "" : "s", settled == 1 ? "it" : "they");
	return ok || err_wrap(err, "cannot complete a tweet whose posting was interrupted");
}

/* Servers word the loss of another one in many ways: the first errors are looked into. */
static bool all_nodes_answer(const Workload *w)
{
	Arena *arena = arena_new();
	bool answer = w->errors >= ERRORS_LOOKED_INTO || demo_find_dead(w->target, arena) == NULL;

	arena_free(arena);
	return answer;
}

static void keep_failure(Workload *w, const Client *c)
{
	if (w->failure_count == FAILURES_KEPT)
		return;
	if (w->failures == NULL)
		w->failures = xmalloc(FAILURES_KEPT * sizeof(DemoFailure));
	w->failures[w->failure_count++] = (DemoFailure) {
		(int) c->op, (double) (clock_us() - w->began_us) / 1e6, c->key, c->node};
}

/* Servers quote each other with line breaks and tabs: here it is one line. */
static void describe_first(Workload *w, const Client *c, const Err *problem)
{
	char *to = w->first_error;

	snprintf(w->first_error, sizeof(w->first_error), "%s: %s%s%s", operations[c->op].label, problem->message,
	         problem->detail != NULL ? ": " : "", problem->detail != NULL ? problem->detail : "");
	for (const char *from = w->first_error; *from != '\0'; from++) {
		bool is_blank = *from == ' ' || *from == '\n' || *from == '\t';

		if (!is_blank)
			*to++ = *from;
		else if (to > w->first_error && to[-1] != ' ')
			*to++ = ' ';
	}
	*to = '\0';
}

/* False when the run has to end with it. */
static bool give_up_operation(Workload *w, Client *c, Err *problem, Err *err)
{
	bool is_watched = w->options->event != NULL;

	if (!is_watched && !is_retriable(problem) && !all_nodes_answer(w)) {
		err_move(err, problem);
		return false;
	}
	series_error(&w->series, (int) c->op, clock_us());
	w->errors++;
	w->all_errors++;
	keep_failure(w, c);
	if (w->first_error[0] == '\0')
		describe_first(w, c, problem);
	if (is_watched || w->all_errors < ERRORS_MAX)
		return true;
	err_set(err, ERR_FAILED, "%d operations of the demo failed; the first: %s", ERRORS_MAX, w->first_error);
	return false;
}

/* Whether the failed operation is worth another try; and when. */
static bool try_again(const Workload *w, Client *c, bool was_lost, const Err *problem)
{
	int64_t now = clock_us();

	/* However often a node was not there before: that says nothing of other transactions. */
	if (is_retriable(problem) && ++c->collisions < WORKLOAD_TRIES)
		return true;
	if (w->options->event == NULL || !was_lost)
		return false;
	if (c->give_up_us == 0)
		c->give_up_us = now + (int64_t) w->options->event->patience_s * 1000000;
	if (now >= c->give_up_us)
		return false;

	int64_t pause = PAUSE_FIRST_US << (c->tries < 6 ? c->tries : 6);

	c->wait_us = now + (pause < PAUSE_MAX_US ? pause : PAUSE_MAX_US);
	return true;
}

/* The operation ends here without having been done, as far as is known. */
static bool give_up(Workload *w, Client *c, Err *problem, Err *err)
{
	if ((!is_retriable(problem) && !was_never_sent(problem)) || c->is_uncertain)
		remember_uncertain(w, c);
	if (w->options->event != NULL)
		c->wait_us = clock_us() + PAUSE_GIVEN_UP_US;
	if (give_up_operation(w, c, problem, err))
		return true;
	become_idle(w, c);
	return false;
}

bool handle_error(Workload *w, Client *c, Err *problem, Err *err)
{
	bool was_lost = is_lost(c, problem);

	if (problem->kind == ERR_INTERRUPTED || (was_lost && w->options->event == NULL)) {
		err_move(err, problem);
		return false;
	}
	if (c->is_rolling_back) {
		/* Lost while a transaction was given back: it is given back by that too. */
		end_rollback(w, c);
		return true;
	}

	bool again = try_again(w, c, was_lost, problem);

	if (again) {
		c->tries++;
		w->retries[c->op]++;
		c->is_uncertain = c->is_uncertain || (was_lost && is_last_step(c) && !was_never_sent(problem));
	} else if (!give_up(w, c, problem, err)) {
		return false;
	}
	c->is_retrying = again;
	c->is_rolling_back = operations[c->op].steps > 1 && !pg_is_dead(c->pg);
	if (!c->is_rolling_back)
		end_rollback(w, c);
	return true;
}

void end_rollback(Workload *w, Client *c)
{
	c->is_rolling_back = false;
	c->step = 0;
	if (!c->is_uncertain)
		c->reached.count = 0;
	if (!c->is_retrying)
		become_idle(w, c);
}

/* It could not even be sent: only an earlier try may have been done. */
static bool give_up_unsent(Workload *w, Client *c, Err *problem, Err *err)
{
	if (c->is_uncertain)
		remember_uncertain(w, c);

	bool ok = give_up_operation(w, c, problem, err);

	become_idle(w, c);
	return ok;
}

bool open_again(Workload *w, Client *c, bool *is_open, Err *err)
{
	Err problem = ERR_INIT;
	bool ok = true;

	*is_open = c->pg != NULL && !pg_is_dead(c->pg);
	if (*is_open)
		return true;
	pg_close(c->pg);
	c->pg = NULL;
	*is_open = connect_client(w, c, &problem);
	if (*is_open) {
		w->reconnects++;
		return true;
	}
	pg_close(c->pg);
	c->pg = NULL;
	if (problem.kind == ERR_INTERRUPTED || w->options->event == NULL) {
		err_move(err, &problem);
		return false;
	}

	int64_t now = clock_us();

	c->wait_us = now + PAUSE_MAX_US / 2;
	if (c->give_up_us == 0)
		c->give_up_us = now + (int64_t) w->options->event->patience_s * 1000000;
	if (now >= c->give_up_us)
		ok = give_up_unsent(w, c, &problem, err);
	/* What was given up was given up because of this node; the next try goes elsewhere. */
	c->node = w->via_any ? (c->node + 1) % w->target->start_count : c->node;
	err_clear(&problem);
	return ok;
}
