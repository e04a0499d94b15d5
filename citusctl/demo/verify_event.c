#include <inttypes.h>
#include <stdio.h>

#include "demo/operation.h"
#include "demo/verify.h"
#include "io/asset.h"

/* Of the failures with a key, as an array of the server. */
static const char *keys_of(Verify *v, size_t dead)
{
	const DemoReport *report = v->report;
	Str keys = STR_INIT;

	str_append(&keys, "{");
	for (size_t i = 0; i < report->failure_count; i++) {
		const DemoFailure *failure = &report->failures[i];

		if (failure->key != 0 && failure->node != dead)
			str_printf(&keys, "%s%" PRId64, keys.length > 1 ? "," : "", failure->key);
	}
	str_append(&keys, "}");

	const char *copy = arena_strdup(v->arena, str_text(&keys));

	str_free(&keys);
	return copy;
}

/* A connection that broke shows a little later, and prepared transactions of the crash end after it. */
#define BEFORE_S 0.5
#define AFTER_S 5.0

/* Failures that were given up when the node was there, whatever they were about. */
static int64_t count_unexcused(const DemoReport *report, const DemoOutage *outage)
{
	int64_t count = 0;

	for (size_t i = 0; outage != NULL && i < report->failure_count; i++) {
		double at_s = report->failures[i].at_s;

		count += at_s < outage->from_s - BEFORE_S || (outage->until_s > 0 && at_s > outage->until_s + AFTER_S);
	}
	return count;
}

static size_t find_node(const Verify *v, const char *name)
{
	size_t i = 0;

	while (i < v->target->node_count && !str_equal(v->target->nodes[i].name, name))
		i++;
	return i;
}

/* What failed while a node was dead has to have needed that node: by its shard, or as the one it asked. */
static bool check_dead_node(Verify *v, const char *name, Err *err)
{
	size_t dead = find_node(v, name);
	const DemoNode *node = &v->target->nodes[dead];
	const char *const values[] = {keys_of(v, dead), node->host, arena_printf(v->arena, "%d", node->admin.port)};
	int64_t elsewhere = 0;

	if (!pg_query_int64(v->catalog, asset_text("sql/query/check_keys_elsewhere.sql"), 3, values, &elsewhere, err))
		return false;
	int64_t unexcused = count_unexcused(v->report, v->options->event->outage);

	if (unexcused > 0)
		verify_problem(v, "%s failed while %s was there; the first error of all: %s",
		               verify_count(v, unexcused, "operation", "operations"), name, v->report->first_error);
	if (elsewhere > 0)
		verify_problem(v, "%s failed on the shards of nodes that lived; the first error: %s",
		               verify_count(v, elsewhere, "operation", "operations"), v->report->first_error);
	v->said = arena_printf(v->arena, "%s failed, all of them on shards of %s or over all shards; %s",
	                       verify_count(v, v->report->errors, "operation", "operations"), name, v->said);
	return true;
}

bool check_columnar(Verify *v, Err *err)
{
	const char *answer = NULL;
	const char *twin = NULL;

	if (!pg_query_text(v->app, asset_text("sql/query/demo_activity_columnar.sql"), 0, NULL, v->arena, &answer, err) ||
	    !pg_query_text(v->app, asset_text("sql/query/demo_activity_heap.sql"), 0, NULL, v->arena, &twin, err))
		return false;
	if (answer == NULL || !str_equal(answer, twin))
		verify_problem(v, "the same question has another answer of table \"activity\" than of \"activity_heap\"");
	v->said = v->engine->has_columnar ? "the same answer in columnar storage as in heap"
	                                  : "the same answer of two tables in heap: the embedded engine has no columnar "
	                                    "storage";
	return true;
}

/* The workload has compared while it ran: nothing of what was served is left to look at now. */
bool check_cached_reads(Verify *v, Err *err)
{
	const DemoCacheUse *use = v->report->cache;

	(void) err;
	if (use->stale > 0)
		verify_problem(v, "%s of %s reads lacked a tweet that had been acknowledged before; the first: %s",
		               verify_number(v, use->stale), verify_number(v, use->compared), use->first_stale);
	v->said = arena_printf(v->arena,
	                       "%s reads of feeds and profiles, %s of them served by Redis and %s right after one's own post: "
	                       "each showed every tweet acknowledged before",
	                       verify_number(v, use->compared), verify_number(v, use->compared_hits),
	                       verify_number(v, use->looks));
	return true;
}

/* What went past the pooler would not be in its counts; each operation that reached a server is a transaction at least. */
bool check_pooler(Verify *v, Err *err)
{
	const DemoPoolerUse *use = v->report->pooler;
	const DemoCacheUse *cache = v->report->cache;
	int64_t count = 0;

	if (use->unknown != NULL)
		return err_set(err, ERR_FAILED, "the pooler at %s gives no figures: %s", use->where, use->unknown);
	for (int i = 0; i < DEMO_OPERATIONS; i++)
		count += v->report->operations[i].count;
	for (int i = 0; cache != NULL && i < DEMO_CACHED_READS; i++)
		count -= cache->reads[i].hits;
	if (use->transactions < count)
		verify_problem(v, "%s operations were done, and the pooler saw only %s transactions", verify_number(v, count),
		               verify_number(v, use->transactions));
	if (use->servers > use->pool_size)
		verify_problem(v, "%s connections to the server, and its limit is %s", verify_number(v, use->servers),
		               verify_number(v, use->pool_size));
	v->said = arena_printf(v->arena, "%s transactions of %s clients over %s connections to the server",
	                       verify_number(v, use->transactions), verify_number(v, use->clients),
	                       verify_number(v, use->servers));
	return true;
}

bool check_reads(Verify *v, Err *err)
{
	(void) err;
	verify_problem(v, "%s came back empty although there are rows; the first error: %s",
	               verify_count(v, v->report->wrong_answers, "read", "reads"), v->report->first_error);
	return true;
}

bool check_event(Verify *v, Err *err)
{
	const DemoReport *report = v->report;
	const DemoEvent *event = v->options != NULL ? v->options->event : NULL;
	int64_t count = 0;

	for (int i = 0; i < DEMO_OPERATIONS; i++)
		count += report->operations[i].count;
	v->said = arena_printf(v->arena, "%s operations succeeded, %s connections opened again; the longest write took %.0f ms",
	                       verify_number(v, count), verify_number(v, report->reconnects), report->longest_write.ms);
	if (report->errors == 0) {
		v->said = arena_printf(v->arena, "no operation failed; %s", v->said);
		return true;
	}
	if (event != NULL && event->dead_node != NULL)
		return check_dead_node(v, event->dead_node, err);
	verify_problem(v, "%s failed; the first error: %s", verify_count(v, report->errors, "operation", "operations"),
	               report->first_error);
	return true;
}
