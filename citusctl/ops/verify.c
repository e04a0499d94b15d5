#include "ops/verify.h"

#include <string.h>

#include "io/asset.h"
#include "ops/check_judge.h"
#include "ops/engine.h"
#include "ops/verify_state.h"
#include "run/operation.h"
#include "util/clock.h"

/* Between two looks: what was under way when the first was taken is over, or elsewhere. */
#define LOOK_AGAIN_MS 250

/* What changes all the time is looked at so often before it is believed. */
#define LOOKS 3

typedef struct NamedCheck {
	const char *name;
	bool (*look)(Verifier *v, Err *err);
} NamedCheck;

/* In the order in which one explains the next. */
static const NamedCheck checks[] = {
	{"nodes", verify_nodes},         {"tables", verify_tables},           {"colocation", verify_colocation},
	{"placement", verify_placement}, {"catalog", verify_catalog},         {"shards", verify_shards},
	{"definitions", verify_definitions}, {"indexes", verify_indexes},     {"reference", verify_reference},
	{"leftovers", verify_leftovers}, {"rows", verify_rows},
};

void verifier_found(Verifier *v, Verdict verdict, VerifyFix fix, const char *node, const char *key, const char *format, ...)
{
	ProblemList *list = &v->problems;
	va_list args;

	if (list->count == list->capacity) {
		Problem *old = list->items;

		list->capacity = list->capacity * 2 + 16;
		list->items = arena_array(v->arena, list->capacity, sizeof(Problem));
		if (list->count > 0)
			memcpy(list->items, old, list->count * sizeof(Problem));
	}
	va_start(args, format);
	list->items[list->count++] = (Problem) {verdict, fix, node, key, arena_vprintf(v->arena, format, args)};
	va_end(args);
}

void verifier_found_undone(Verifier *v, VerifyFix fix, const char *node, const char *key, const char *remedy, const char *format, ...)
{
	const char *what = NULL;
	va_list args;

	va_start(args, format);
	what = arena_vprintf(v->arena, format, args);
	va_end(args);
	if (v->holder != NULL)
		verifier_found(v, VERDICT_WARN, FIX_NONE, node, key, "%s, while %s is at work", what, v->holder);
	else
		verifier_found(v, VERDICT_FAIL, fix, node, key, "%s%s%s", what, remedy != NULL ? ": " : "", remedy != NULL ? remedy : "");
}

static bool was_found(const ProblemList *before, const Problem *problem)
{
	for (size_t i = 0; i < before->count; i++)
		if (strcmp(before->items[i].node, problem->node) == 0 && strcmp(before->items[i].key, problem->key) == 0)
			return true;
	return false;
}

/* Keeps what was there before too. */
static void keep_known(ProblemList *now, const ProblemList *before)
{
	size_t kept = 0;

	for (size_t i = 0; i < now->count; i++)
		if (was_found(before, &now->items[i]))
			now->items[kept++] = now->items[i];
	now->count = kept;
}

/* Whether it was a look that failed and not the program that has to end. */
static bool cannot_look(Verifier *v, Err *problem, Err *err)
{
	if (problem->kind == ERR_INTERRUPTED || pg_is_dead(v->pg)) {
		err_move(err, problem);
		return false;
	}

	Verdict verdict = VERDICT_FAIL;
	const char *why = verifier_reason(v, v->pg, problem, &verdict);

	verifier_found(v, verdict, FIX_NONE, problem->node != NULL ? arena_strdup(v->arena, problem->node) : "cluster", "look", "cannot look: %s", why);
	err_clear(problem);
	return true;
}

static bool look(Verifier *v, const NamedCheck *check, Err *err)
{
	Err problem = ERR_INIT;

	v->problems = (ProblemList) {.count = 0};
	v->said = NULL;
	for (size_t i = 0; i < v->node_count; i++)
		v->nodes[i].unseen = NULL;

	bool ok = (verifier_read_busy(v, &problem) && check->look(v, &problem)) || cannot_look(v, &problem, err);

	verifier_forget(v);
	return ok && clock_go_on(err);
}

static bool cannot_be_seen(Verifier *v, const VerifyNode *node)
{
	for (size_t i = 0; i < v->problems.count; i++)
		if (strncmp(v->problems.items[i].key, "look", 4) == 0 && strcmp(v->problems.items[i].node, node->name) == 0)
			return true;
	return false;
}

/* What was not looked at has not passed; the check "nodes" says by itself who does not answer. */
static bool saw_all(Verifier *v, const NamedCheck *check)
{
	bool saw = true;

	for (size_t i = 0; i < v->node_count; i++) {
		const VerifyNode *node = &v->nodes[i];

		if (node->unseen == NULL)
			continue;
		saw = false;
		if (check->look != verify_nodes && !cannot_be_seen(v, node))
			check_add(&v->report->check, v->arena, VERDICT_WARN, node->name, check->name, "not looked at: %s", node->unseen);
	}
	return saw;
}

/* A catalog to be sent again: whether that is safe is known when all checks have run. */
static void want_sent(Verifier *v, const Problem *problem)
{
	v->sends[v->wants[FIX_METADATA] - 1] = v->report->check.count - 1;
	for (size_t n = 0; n < v->node_count; n++)
		v->resync[n] = v->resync[n] || strcmp(v->nodes[n].name, problem->node) == 0;
}

static bool run_check(Verifier *v, const NamedCheck *check, Err *err)
{
	Check *results = &v->report->check;

	v->look = 0;

	bool ok = look(v, check, err);

	for (v->look = 1; ok && v->look < LOOKS && v->problems.count > 0; v->look++) {
		const ProblemList before = v->problems;

		clock_sleep_ms(LOOK_AGAIN_MS);
		ok = look(v, check, err);
		keep_known(&v->problems, &before);
	}
	if (!ok)
		return false;
	for (size_t i = 0; i < v->problems.count; i++) {
		const Problem *p = &v->problems.items[i];

		check_add(results, v->arena, p->verdict, p->node, check->name, "%s", p->message);
		v->wants[p->fix]++;
		if (p->fix == FIX_METADATA)
			want_sent(v, p);
	}
	if (saw_all(v, check) && v->problems.count == 0 && v->said != NULL)
		check_add(results, v->arena, VERDICT_PASS, "cluster", check->name, "%s", v->said);
	return true;
}

static bool has_passed(const Check *check, const char *name)
{
	for (size_t i = 0; i < check->count; i++)
		if (check->items[i].verdict != VERDICT_PASS && strcmp(check->items[i].check, name) == 0)
			return false;
	return true;
}

/*
 * A worker forgets the catalog it has when it is sent another, and the engine does not ask which is
 * the better one: after the coordinator was restored from an older copy it is the worker's.  So the
 * coordinator's is sent only when every node was looked at, none knows what it does not, and all of
 * it is true.  NULL: that is so.
 */
static const char *why_not_send(Verifier *v)
{
	const Check *results = &v->report->check;

	if (v->report->unreachable > 0)
		return "not before all nodes answer, as one of them may know better than the coordinator";
	for (size_t i = 0; i < v->node_count; i++)
		if (v->nodes[i].knows_more)
			return arena_printf(v->arena, "not while %s knows what the coordinator does not", v->nodes[i].name);
	if (!has_passed(results, "shards") || !has_passed(results, "colocation") || !has_passed(results, "definitions"))
		return "not while the coordinator's catalog does not fit what is on the nodes (see the other problems)";
	return NULL;
}

static void settle_sending(Verifier *v)
{
	const char *why = why_not_send(v);

	for (size_t i = 0; i < v->wants[FIX_METADATA]; i++) {
		CheckResult *result = &v->report->check.items[v->sends[i]];

		result->message = why == NULL ? arena_printf(v->arena, "%s; citusctl verify --fix sends it again", result->message)
		                              : arena_printf(v->arena, "%s; --fix sends it again, but %s", result->message, why);
	}
	if (why != NULL)
		v->wants[FIX_METADATA] = 0;
}

static bool run_checks(Verifier *v, Err *err)
{
	bool ok = true;

	v->report->check = (Check) {.items = NULL};
	memset(v->wants, 0, sizeof(v->wants));
	memset(v->resync, 0, v->node_count * sizeof(bool));
	for (size_t i = 0; ok && i < sizeof(checks) / sizeof(checks[0]); i++)
		ok = run_check(v, &checks[i], err);
	settle_sending(v);
	v->report->fixable = 0;
	for (size_t i = FIX_NONE + 1; i < FIX_COUNT; i++)
		v->report->fixable += v->wants[i];
	return ok;
}

/* What had been mended when something failed is told with that, and stands in the journal. */
static bool end_failed(Verifier *v, Err *err)
{
	const VerifyReport *report = v->report;
	const char *all = err->detail != NULL ? arena_strdup(v->arena, err->detail) : NULL;
	Err noted = ERR_INIT;

	err_copy(&noted, err);
	if (report->fixed_count > 0)
		err_wrap(&noted, "%s mended, then", verifier_count(v, (int64_t) report->fixed_count, "thing", "things"));
	for (size_t i = 0; i < report->fixed_count; i++)
		all = arena_printf(v->arena, "%s%sMended before that, %s: %s.", all != NULL ? all : "", all != NULL ? "\n" : "", report->fixed[i].node,
		                   report->fixed[i].what);
	if (report->fixed_count > 0)
		err_detail(err, "%s", all);
	(void) operation_end(v->session, false, &noted);
	err_clear(&noted);
	return false;
}

/* The checks run once more under the lock, so that what is mended is what is wrong now. */
static bool fix(Verifier *v, Err *err)
{
	Session *session = v->session;
	bool ok = (session->base == NULL || session_lock(session, err)) && operation_begin(session, err) && run_checks(v, err) &&
	          verifier_mend(v, err) && run_checks(v, err);

	if (!ok)
		return end_failed(v, err);
	if (v->report->fixed_count > 0)
		operation_say(session, "%s mended, %s left", verifier_count(v, (int64_t) v->report->fixed_count, "thing", "things"),
		              verifier_count(v, (int64_t) v->report->check.failed, "problem", "problems"));
	return operation_end(session, true, err);
}

bool verify_cluster(Session *session, const VerifyOptions *options, Arena *arena, VerifyReport *report, Err *err)
{
	Verifier v = {.session = session, .options = options, .report = report, .arena = arena};

	*report = (VerifyReport) {.unreachable = 0};

	bool ok = verifier_connect(&v, err) && run_checks(&v, err) && (!options->fix || report->fixable == 0 || fix(&v, err));

	verifier_disconnect(&v);
	return ok;
}
