/*
 * cli/demo_json.c - the demo's report as JSON: for programs, and for the page
 * that draws it (report.html.tmpl), which reads the same document.
 *
 * Keys are added, never renamed or taken away.
 */
#include <string.h>

#include "cli/demo_output.h"
#include "demo/latency.h"
#include "demo/snapshot.h"
#include "util/str.h"
#include "version.h"

/* Buckets of a histogram for each power of two; the counts have four times as many. */
#define BUCKETS_JOINED 4

/* Three decimals are microseconds: no more is known. */
static void add_ms(Json *container, const char *key, double ms)
{
	json_add_double(container, key, (double) (int64_t) (ms * 1000.0 + 0.5) / 1000.0);
}

/* [from ms, to ms, count], one for each range of latencies that occurred. */
static void add_histogram(Json *item, const Latency *latency)
{
	Json *histogram = json_add_array(item, "histogram");

	for (int i = 0; latency != NULL && i < LATENCY_BUCKETS; i += BUCKETS_JOINED) {
		int64_t count = 0;

		for (int j = 0; j < BUCKETS_JOINED; j++)
			count += latency->counts[i + j];
		if (count == 0)
			continue;

		Json *bucket = json_add_array(histogram, NULL);

		json_add_double(bucket, NULL, i > 0 ? (double) latency_bucket_end(i - 1) / 1000.0 : 0);
		json_add_double(bucket, NULL, (double) latency_bucket_end(i + BUCKETS_JOINED - 1) / 1000.0);
		json_add_int(bucket, NULL, count);
	}
}

/* Numbers in any case, as scripts expect: 0 where the count is 0, and there is no latency. */
static void add_latencies(Json *item, const DemoOperation *op)
{
	json_add_double(item, "p50_ms", op->p50_ms);
	json_add_double(item, "p95_ms", op->p95_ms);
	json_add_double(item, "p99_ms", op->p99_ms);
	json_add_double(item, "max_ms", op->max_ms);
}

static void add_operations(Json *object, const DemoReport *report)
{
	Json *operations = json_add_array(object, "operations");

	for (int i = 0; report->has_work && i < DEMO_OPERATIONS; i++) {
		const DemoOperation *op = &report->operations[i];
		Json *item = json_add_object(operations, NULL);

		json_add_text(item, "name", op->name);
		json_add_text(item, "label", op->label);
		json_add_int(item, "weight", report->mix.weights[i]);
		json_add_int(item, "count", op->count);
		json_add_int(item, "errors", op->errors);
		json_add_int(item, "retries", op->retries);
		add_latencies(item, op);
		add_histogram(item, report->histograms[i]);
	}
}

static const DemoPoint *point_at(const DemoReport *report, size_t step, int op)
{
	return op < 0 ? &report->steps[step].all : &report->steps[step].operations[op];
}

typedef enum SeriesKey { SERIES_COUNT, SERIES_ERRORS, SERIES_P50, SERIES_P95, SERIES_P99, SERIES_MAX, SERIES_KEYS } SeriesKey;

/* null where nothing ended: it has no latency. */
static void add_value(Json *array, const DemoPoint *point, SeriesKey key)
{
	const double latencies[SERIES_KEYS] = {0, 0, (double) point->p50_ms, (double) point->p95_ms,
	                                       (double) point->p99_ms, (double) point->max_ms};

	if (key == SERIES_COUNT)
		json_add_int(array, NULL, point->count);
	else if (key == SERIES_ERRORS)
		json_add_int(array, NULL, point->errors);
	else if (point->count == 0)
		json_add_text(array, NULL, NULL);
	else
		add_ms(array, NULL, latencies[key]);
}

/* An array for each value, one member for each step: of all operations, or of one. */
static void add_points(Json *item, const DemoReport *report, int op)
{
	static const char *const keys[SERIES_KEYS] = {"count", "errors", "p50_ms", "p95_ms", "p99_ms", "max_ms"};

	for (int k = 0; k < SERIES_KEYS; k++) {
		Json *array = json_add_array(item, keys[k]);

		for (size_t s = 0; s < report->step_count; s++)
			add_value(array, point_at(report, s, op), (SeriesKey) k);
	}
}

static void add_series(Json *object, const DemoReport *report)
{
	Json *series = json_add_object(object, "series");

	json_add_double(series, "step_s", report->step_s);

	Json *seconds = json_add_array(series, "seconds");

	for (size_t s = 0; s < report->step_count; s++)
		json_add_double(seconds, NULL, report->steps[s].seconds);
	add_points(series, report, -1);

	Json *operations = json_add_array(series, "operations");

	for (int i = 0; i < DEMO_OPERATIONS; i++) {
		if (report->operations[i].count + report->operations[i].errors == 0)
			continue;

		Json *item = json_add_object(operations, NULL);

		json_add_text(item, "name", report->operations[i].name);
		add_points(item, report, i);
	}
}

static void add_stall(Json *object, const char *key, const DemoStall *stall)
{
	Json *item = json_add_object(object, key);

	add_ms(item, "ms", stall->ms);
	add_ms(item, "at_s", stall->at_s);
}

static void add_work(Json *object, const DemoReport *report)
{
	add_operations(object, report);
	json_add_double(object, "seconds", report->work_s);
	json_add_double(object, "tps", report->tps);
	json_add_int(object, "errors", report->errors);
	json_add_int(object, "wrong_answers", report->wrong_answers);
	json_add_int(object, "unknown_outcomes", report->unknown);
	json_add_text(object, "first_error", report->first_error);
	json_add_int(object, "warmup_seconds", report->warmup_s);
	json_add_int(object, "rate", report->rate);
	json_add_int(object, "not_begun", report->not_begun);
	json_add_text(object, "via", report->via);
	json_add_int(object, "reconnects", report->reconnects);
	add_stall(object, "longest_write", &report->longest_write);
	add_stall(object, "longest_write_pause", &report->longest_write_pause);
	if (report->has_work)
		add_series(object, report);
	json_add_text(object, "event", report->event);

	Json *marks = json_add_array(object, "marks");

	for (size_t i = 0; i < report->mark_count; i++) {
		Json *mark = json_add_object(marks, NULL);

		add_ms(mark, "at_s", report->marks[i].at_s);
		json_add_text(mark, "text", report->marks[i].text);
	}
}

static void add_columnar(Json *object, const DemoColumnar *c)
{
	Json *item = json_add_object(object, "columnar");

	json_add_text(item, "storage", c->is_columnar ? "columnar" : "heap");
	json_add_int(item, "rows", c->rows);
	json_add_int(item, "bytes", c->bytes);
	json_add_int(item, "heap_bytes", c->heap_bytes);
	json_add_double(item, "load_seconds", c->load_s);
	json_add_double(item, "heap_load_seconds", c->heap_load_s);
	add_ms(item, "query_ms", c->query_ms);
	add_ms(item, "heap_query_ms", c->heap_query_ms);
}

static void add_percentiles(Json *object, const char *key, double p50_ms, double p95_ms, double p99_ms)
{
	Json *item = json_add_object(object, key);

	add_ms(item, "p50_ms", p50_ms);
	add_ms(item, "p95_ms", p95_ms);
	add_ms(item, "p99_ms", p99_ms);
}

static void add_cache(Json *object, const DemoCacheUse *use)
{
	Json *cache = json_add_object(object, "cache");
	Json *reads = json_add_array(cache, "reads");

	json_add_text(cache, "server", "Redis");
	json_add_text(cache, "version", use->version);
	json_add_text(cache, "where", use->where);
	json_add_bool(cache, "throw_away", use->is_own);
	json_add_double(cache, "hit_ratio", use->hit_ratio);
	for (int i = 0; i < DEMO_CACHED_READS; i++) {
		const DemoCachedRead *read = &use->reads[i];
		Json *item = json_add_object(reads, NULL);

		json_add_text(item, "name", read->name);
		json_add_text(item, "label", read->label);
		json_add_int(item, "hits", read->hits);
		json_add_int(item, "misses", read->misses);
		json_add_int(item, "fallbacks", read->fallbacks);
		json_add_int(item, "bypasses", read->bypasses);
		add_percentiles(item, "with", read->p50_ms, read->p95_ms, read->p99_ms);
		add_percentiles(item, "hit", read->hit_p50_ms, read->hit_p95_ms, read->hit_p99_ms);
		add_percentiles(item, "without", read->bypass_p50_ms, read->bypass_p95_ms, read->bypass_p99_ms);
	}
	json_add_int(cache, "forgotten", use->forgotten);
	json_add_int(cache, "outdated", use->outdated);
	json_add_int(cache, "refused", use->refused);
	json_add_int(cache, "lost", use->lost);
	add_ms(cache, "gone_seconds", use->gone_s);
	json_add_int(cache, "compared", use->compared);
	json_add_int(cache, "compared_hits", use->compared_hits);
	json_add_int(cache, "looks", use->looks);
	json_add_int(cache, "stale", use->stale);
	json_add_text(cache, "first_stale", use->first_stale);
}

static void add_pooler(Json *object, const DemoPoolerUse *use)
{
	Json *pooler = json_add_object(object, "pooler");

	json_add_text(pooler, "where", use->where);
	json_add_bool(pooler, "throw_away", use->is_own);
	json_add_int(pooler, "clients", use->clients);
	json_add_int(pooler, "clients_waiting", use->waiting);
	json_add_int(pooler, "server_connections", use->servers);
	json_add_int(pooler, "pool_size", use->pool_size);
	json_add_int(pooler, "transactions", use->transactions);
	add_ms(pooler, "wait_mean_ms", use->wait_mean_ms);
	add_ms(pooler, "wait_longest_ms", use->wait_longest_ms);
	json_add_text(pooler, "unknown", use->unknown);
}

static void add_checks(Json *object, const DemoReport *report)
{
	Json *checks = json_add_array(object, "checks");

	for (size_t i = 0; i < report->check_count; i++) {
		Json *item = json_add_object(checks, NULL);

		json_add_text(item, "name", report->checks[i].name);
		json_add_bool(item, "passed", report->checks[i].passed);
		json_add_text(item, "detail", report->checks[i].detail);
		json_add_double(item, "seconds", report->checks[i].seconds);
	}
}

static void add_load(Json *object, const DemoReport *report)
{
	Json *rows = json_add_object(object, "rows");
	int64_t total = 0;

	for (int t = 0; report->has_load && t < DEMO_TABLE_COUNT; t++) {
		json_add_int(rows, generator_table_name((DemoTable) t), report->rows[t]);
		total += report->rows[t];
	}
	json_add_double(object, "load_seconds", report->load_s);
	json_add_double(object, "load_rows_per_second", report->load_s > 0 ? (double) total / report->load_s : 0);
}

/* The shards of one hash range lie together: a group, with the bytes of each table. */
static void add_snapshot(Json *placements, const char *key, const DemoReport *report, const DemoSnapshot *snapshot)
{
	if (snapshot == NULL)
		return;

	Json *groups = json_add_array(placements, key);
	Json *tables = NULL;
	int64_t bytes = 0;

	for (size_t i = 0; i < snapshot->count; i++) {
		const DemoShard *shard = &snapshot->shards[i];
		bool is_first = i == 0 || shard->range_start != shard[-1].range_start;

		if (is_first) {
			Json *group = json_add_object(groups, NULL);

			bytes = 0;
			json_add_int(group, "range_start", shard->range_start);
			json_add_text(group, "node", report->node_names[shard->node]);
			tables = json_add_object(group, "tables");
			for (size_t j = i; j < snapshot->count && snapshot->shards[j].range_start == shard->range_start; j++)
				bytes += snapshot->shards[j].bytes;
			json_add_int(group, "bytes", bytes);
		}
		json_add_int(tables, shard->table, shard->bytes);
	}
}

static void add_machine(Json *object, const DemoReport *report)
{
	const DemoMachine *m = &report->machine;
	Json *machine = json_add_object(object, "machine");

	json_add_text(machine, "cpu", m->cpu);
	json_add_int(machine, "cpus", m->cpus);
	json_add_int(machine, "memory_bytes", m->memory);
	json_add_text(machine, "system", m->system);
	json_add_text(machine, "server", m->server);
	json_add_text(machine, "engine_version", m->engine_version);
}

static void add_cluster(Json *object, const DemoReport *report)
{
	json_add_text(object, "engine", report->engine);
	json_add_int(object, "nodes", (int64_t) report->node_count);
	json_add_text(object, "citusctl_version", CITUSCTL_VERSION);
	json_add_text(object, "started_at", report->started_at);

	Json *names = json_add_array(object, "node_names");

	for (size_t i = 0; report->node_names != NULL && i < report->node_count; i++)
		json_add_text(names, NULL, report->node_names[i]);
	json_add_int(object, "users", report->users);
	json_add_int(object, "seed", (int64_t) report->seed);
	json_add_int(object, "clients", report->clients);
	json_add_int(object, "duration_seconds", report->duration_s);
	if (report->machine.system != NULL)
		add_machine(object, report);
}

void demo_output_json(Json *object, const DemoReport *report)
{
	add_cluster(object, report);
	add_load(object, report);
	add_work(object, report);
	if (report->columnar != NULL)
		add_columnar(object, report->columnar);
	if (report->cache != NULL)
		add_cache(object, report->cache);
	if (report->pooler != NULL)
		add_pooler(object, report->pooler);

	Json *placements = json_add_object(object, "placements");

	add_snapshot(placements, "before", report, report->before);
	add_snapshot(placements, "after", report, report->after);
	add_checks(object, report);
	json_add_double(object, "verify_seconds", report->verify_s);
	json_add_bool(object, "passed", report->passed);
}

void demo_summary_json(Json *object, const DemoReport *report)
{
	json_add_text(object, "event", report->event);
	json_add_double(object, "seconds", report->work_s);
	json_add_double(object, "tps", report->tps);
	json_add_int(object, "errors", report->errors);
	add_ms(object, "longest_write_ms", report->longest_write.ms);
	json_add_bool(object, "passed", report->passed);
	if (report->cache != NULL)
		add_cache(object, report->cache);
	if (report->pooler != NULL)
		add_pooler(object, report->pooler);

	Json *operations = json_add_array(object, "operations");

	for (int i = 0; i < DEMO_OPERATIONS; i++) {
		const DemoOperation *op = &report->operations[i];

		if (op->count + op->errors == 0)
			continue;

		Json *item = json_add_object(operations, NULL);

		json_add_text(item, "name", op->name);
		json_add_int(item, "count", op->count);
		json_add_int(item, "errors", op->errors);
		add_latencies(item, op);
	}
}
