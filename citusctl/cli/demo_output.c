#include "cli/demo_output.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "util/number.h"
#include "util/str.h"

/* Room for the name of a check. */
#define NAME_WIDTH 20

/* Terminals have 80 columns, if no more; what is longer is broken between words. */
#define LINE_WIDTH 79

typedef struct Look {
	FILE *out;
	const char *bold;
	const char *dim;
	const char *green;
	const char *red;
	const char *plain;
	const char *passed;
	const char *failed;
	const char *dot;
	bool in_utf8;
} Look;

static Look make_look(FILE *out, bool in_colour, bool in_utf8)
{
	return (Look) {
		.out = out,
		.bold = in_colour ? "\033[1m" : "",
		.dim = in_colour ? "\033[2m" : "",
		.green = in_colour ? "\033[32m" : "",
		.red = in_colour ? "\033[1;31m" : "",
		.plain = in_colour ? "\033[0m" : "",
		.passed = in_utf8 ? "✓" : "ok  ",
		.failed = in_utf8 ? "✗" : "FAIL",
		.dot = in_utf8 ? "·" : "-",
		.in_utf8 = in_utf8,
	};
}

static const char *plural(int64_t count, const char *one, const char *many)
{
	return count == 1 ? one : many;
}

static void title(const Look *look, const char *text)
{
	fprintf(look->out, "\n%s%s%s\n", look->bold, text, look->plain);
}

/* Columns that text takes on the terminal, counted as UTF-8; colours take none. */
static int width_of(const char *text, size_t bytes)
{
	int width = 0;

	for (size_t i = 0; i < bytes; i++) {
		if (text[i] == '\033') {
			while (i < bytes && text[i] != 'm')
				i++;
			continue;
		}
		width += ((unsigned char) text[i] & 0xC0) != 0x80;
	}
	return width;
}

void demo_output_wrapped(FILE *out, int column, const char *text)
{
	int used = 0;

	while (*text != '\0') {
		size_t bytes = strcspn(text, " ");
		int width = width_of(text, bytes);

		if (used > 0 && column + used + 1 + width > LINE_WIDTH) {
			fprintf(out, "\n%*s", column, "");
			used = 0;
		} else if (used > 0) {
			fputc(' ', out);
			used++;
		}
		fwrite(text, 1, bytes, out);
		used += width;
		text += bytes;
		text += *text == ' ' ? 1 : 0;
	}
	fputc('\n', out);
}

/* A line below a title, or more where it is long. */
static void print_line(const Look *look, const char *format, ...) PRINTF_LIKE(2, 3);
static void print_line(const Look *look, const char *format, ...)
{
	Arena *arena = arena_new();
	va_list args;

	fputs("  ", look->out);
	va_start(args, format);
	demo_output_wrapped(look->out, 2, arena_vprintf(arena, format, args));
	va_end(args);
	arena_free(arena);
}

static void print_cluster(const Look *look, const DemoReport *report)
{
	int workers = (int) report->node_count - 1;

	fprintf(look->out, "%sCluster%s\n", look->bold, look->plain);
	print_line(look, "engine %s %s a coordinator and %d %s %s data of seed %" PRIu64, report->engine,
	           look->dot, workers, plural(workers, "worker", "workers"), look->dot, report->seed);
}

static void print_load(const Look *look, const DemoReport *report)
{
	char rows[32];
	char speed[32];
	int64_t total = 0;

	for (int t = 0; t < DEMO_TABLE_COUNT; t++)
		total += report->rows[t];
	title(look, "Load");
	for (int t = 0; t < DEMO_TABLE_COUNT; t++) {
		if (report->rows[t] > 0)
			fprintf(look->out, "  %-15s %12s\n", generator_table_name((DemoTable) t), number_grouped(report->rows[t], rows));
	}
	fprintf(look->out, "  %s%-15s %12s rows in %.1f s, %s rows/s%s\n", look->dim, "together", number_grouped(total, rows),
	        report->load_s,
	        number_grouped(report->load_s > 0 ? (int64_t) ((double) total / report->load_s) : 0, speed), look->plain);
}

static void print_storage(const Look *look, const char *name, int64_t bytes, double load_s, double query_ms)
{
	fprintf(look->out, "  %-15s %9.1f MB   filled in %5.1f s   asked in %6.1f ms\n", name, (double) bytes / 1e6, load_s,
	        query_ms);
}

static void print_columnar(const Look *look, const DemoColumnar *c)
{
	char rows[32];

	title(look, "Columnar storage");
	fprintf(look->out, "  %s%s rows of activity, asked for sums by month and kind%s\n", look->dim, number_grouped(c->rows, rows),
	        look->plain);
	print_storage(look, c->is_columnar ? "columnar" : "heap as well", c->bytes, c->load_s, c->query_ms);
	print_storage(look, "heap", c->heap_bytes, c->heap_load_s, c->heap_query_ms);
	if (!c->is_columnar)
		fprintf(look->out, "  the embedded engine has no columnar storage: both are heap\n");
}

/* Three digits that mean something, whatever the size: 0.42, 1.53, 24.8, 812. */
static const char *milliseconds(double ms, char out[32])
{
	snprintf(out, 32, "%.*f", ms < 10 ? 2 : ms < 100 ? 1 : 0, ms);
	return out;
}

/* An operation's or all operations' throughput. */
static const char *per_second(double rate, char out[32])
{
	snprintf(out, 32, "%.*f", rate < 10000 ? 1 : 0, rate);
	return out;
}

static void print_operation(const Look *look, const DemoOperation *op, double seconds)
{
	char count[32];
	char rate[32];
	char p50[32];
	char p95[32];
	char p99[32];
	char retries[32];
	char errors[32];

	milliseconds(op->p50_ms, p50);
	milliseconds(op->p95_ms, p95);
	milliseconds(op->p99_ms, p99);
	if (op->count == 0) { /* nothing ended: there is no latency */
		snprintf(p50, sizeof(p50), "-");
		snprintf(p95, sizeof(p95), "-");
		snprintf(p99, sizeof(p99), "-");
	}
	fprintf(look->out, "  %-20s %9s %7s %7s %7s %7s %7s %s%6s%s\n", op->label, number_grouped(op->count, count),
	        per_second(seconds > 0 ? (double) op->count / seconds : 0.0, rate), p50, p95, p99, number_grouped(op->retries, retries),
	        op->errors > 0 ? look->red : "", number_grouped(op->errors, errors), op->errors > 0 ? look->plain : "");
}

/* What else there is to say of the run, a line each where there is something. */
static void print_particulars(const Look *look, const DemoReport *report)
{
	char number[32];
	char pause[32];

	if (report->longest_write.ms > 0)
		print_line(look, "longest write %s ms; longest time without any write acknowledged %s ms",
		        milliseconds(report->longest_write.ms, number), milliseconds(report->longest_write_pause.ms, pause));
	if (report->warmup_s > 0)
		print_line(look, "the %d s of warm-up before are not counted; their writes are checked too", report->warmup_s);
	if (report->rate > 0)
		print_line(look, "%s operations/s were asked for; latencies count from when each should have begun",
		        number_grouped(report->rate, number));
	if (report->not_begun > 0)
		print_line(look, "%s%s operations could not be begun in time%s: that rate is more than was possible",
		        look->red, number_grouped(report->not_begun, number), look->plain);
	if (!str_equal(report->via, "coordinator"))
		print_line(look, "connections %s", str_equal(report->via, "any") ? "to all nodes" : report->via);
	if (report->unknown > 0)
		print_line(look, "%s %s lost; looked up afterwards", number_grouped(report->unknown, number),
		           plural(report->unknown, "write whose answer was", "writes whose answers were"));
}

static void print_marks(const Look *look, const DemoReport *report)
{
	if (report->mark_count == 0)
		return;
	fprintf(look->out, "\n%sMeanwhile%s%s%s\n", look->bold, look->plain, report->event != NULL ? ": " : "",
	        report->event != NULL ? report->event : "");
	for (size_t i = 0; i < report->mark_count; i++) {
		int column = fprintf(look->out, "  %6.1f s  ", report->marks[i].at_s);

		demo_output_wrapped(look->out, column, report->marks[i].text);
	}
}

/* Operations a second in count steps from first on. */
static double rate_of(const DemoReport *report, size_t first, size_t count, double *seconds)
{
	int64_t done = 0;

	*seconds = 0;
	for (size_t i = first; i < first + count && i < report->step_count; i++) {
		done += report->steps[i].all.count;
		*seconds += report->steps[i].seconds;
	}
	return *seconds > 0 ? (double) done / *seconds : 0;
}

#define CURVE_MAX 32

/* Throughput over time, a bar for each step, or for some of them where the run was long. */
static void print_curve(const Look *look, const DemoReport *report)
{
	static const char *const bars[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
	size_t each = (report->step_count + CURVE_MAX - 1) / CURVE_MAX;
	double least = 0;
	double most = 0;
	double seconds = 0;

	if (!look->in_utf8 || report->step_count < 3)
		return;
	for (size_t i = 0; i < report->step_count; i += each) {
		double rate = rate_of(report, i, each, &seconds);

		least = i == 0 || rate < least ? rate : least;
		most = rate > most ? rate : most;
	}

	char span[32] = "second";

	if ((double) each * report->step_s > 1)
		snprintf(span, sizeof(span), "%.0f s", (double) each * report->step_s);
	fputs("  ", look->out);
	for (size_t i = 0; most > 0 && i < report->step_count; i += each) {
		double rate = rate_of(report, i, each, &seconds);

		fputs(rate > 0 ? bars[(int) (rate / most * 7.0 + 0.5)] : " ", look->out);
	}
	fprintf(look->out, "  %s%.0f to %.0f/s, a bar for each %s%s\n", look->dim, least, most, span, look->plain);
}

static void print_work(const Look *look, const DemoReport *report)
{
	char total[32];
	char rate[32];
	int64_t count = 0;

	title(look, "Workload");
	fprintf(look->out, "%s  %-20s %9s %7s %7s %7s %7s %7s %6s%s\n", look->dim, "operation", "count", "/s", "p50 ms",
	        "p95 ms", "p99 ms", "retries", "errors", look->plain);
	for (int i = 0; i < DEMO_OPERATIONS; i++) {
		if (report->operations[i].count + report->operations[i].errors > 0)
			print_operation(look, &report->operations[i], report->work_s);
		count += report->operations[i].count;
	}
	fprintf(look->out, "  %s%-20s %9s %7s   in %.1f s over %d %s%s\n", look->dim, "together", number_grouped(count, total),
	        per_second(report->tps, rate), report->work_s, report->clients, plural(report->clients, "connection", "connections"),
	        look->plain);
	print_curve(look, report);
	if (report->first_error != NULL)
		print_line(look, "%sfirst error:%s %s", look->red, look->plain, report->first_error);
	print_particulars(look, report);
	print_marks(look, report);
}

static void print_reads(const Look *look, const char *how, int64_t count, double p50_ms, double p95_ms, double p99_ms)
{
	char number[32];
	char ms[3][32];

	fprintf(look->out, "    %-18s %9s %15s %7s %7s\n", how, number_grouped(count, number), milliseconds(p50_ms, ms[0]),
	        milliseconds(p95_ms, ms[1]), milliseconds(p99_ms, ms[2]));
}

static void print_cached_read(const Look *look, const DemoCachedRead *read)
{
	fprintf(look->out, "  %s\n", read->label);
	print_reads(look, "through the cache", read->hits + read->misses, read->p50_ms, read->p95_ms, read->p99_ms);
	print_reads(look, "  answered by it", read->hits, read->hit_p50_ms, read->hit_p95_ms, read->hit_p99_ms);
	print_reads(look, "without it", read->bypasses, read->bypass_p50_ms, read->bypass_p95_ms, read->bypass_p99_ms);
}

/* The same columns as the workload's. */
static void print_cache(const Look *look, const DemoCacheUse *use)
{
	char number[32];
	char outdated[32];
	int64_t fallbacks = 0;

	title(look, "Cache");
	fprintf(look->out, "%s  %-20s %9s %15s %7s %7s%s\n", look->dim, "read", "count", "p50 ms", "p95 ms", "p99 ms", look->plain);
	for (int i = 0; i < DEMO_CACHED_READS; i++) {
		print_cached_read(look, &use->reads[i]);
		fallbacks += use->reads[i].fallbacks;
	}
	print_line(look, "Redis %s on %s; hit ratio %.1f %%", use->version, use->where, 100.0 * use->hit_ratio);
	print_line(look, "one read of four goes without it on purpose, to compare; few users make most of the reads");
	print_line(look, "%s entries forgotten because of writes; %s found outdated, and not served",
	           number_grouped(use->forgotten, number), number_grouped(use->outdated, outdated));
	if (use->refused > 0)
		print_line(look, "%s entries were not taken by Redis", number_grouped(use->refused, number));
	if (use->lost > 0)
		print_line(look, "%sRedis was gone%s %lld %s, for %.1f s: %s reads went to the database instead", look->red,
		        look->plain, (long long) use->lost, plural(use->lost, "time", "times"), use->gone_s,
		        number_grouped(fallbacks, number));
}

static void print_pooler(const Look *look, const DemoPoolerUse *use)
{
	char number[3][32];
	char ms[2][32];

	title(look, "Pooler");
	if (use->unknown != NULL) {
		print_line(look, "PgBouncer at %s; %sit gives no figures:%s %s", use->where, look->red, look->plain, use->unknown);
		return;
	}
	print_line(look, "PgBouncer at %s: %s transactions of %s clients over at most %s connections to the server", use->where,
	        number_grouped(use->transactions, number[0]), number_grouped(use->clients, number[1]), number_grouped(use->servers, number[2]));
	print_line(look, "a transaction waited %s ms for one in the mean; at most %s clients were seen waiting, the longest for %s ms",
	        milliseconds(use->wait_mean_ms, ms[0]), number_grouped(use->waiting, number[0]), milliseconds(use->wait_longest_ms, ms[1]));
}

static void print_check(const Look *look, const DemoCheck *check)
{
	const char *mark = check->passed ? look->passed : look->failed;

	fprintf(look->out, "  %s%s%s %-*s", check->passed ? look->green : look->red, mark, look->plain, NAME_WIDTH,
	        check->name);
	demo_output_wrapped(look->out, 3 + width_of(mark, strlen(mark)) + NAME_WIDTH, check->detail);
}

static void print_checks(const Look *look, const DemoReport *report)
{
	size_t failed = 0;

	title(look, "Verification");
	for (size_t i = 0; i < report->check_count; i++) {
		print_check(look, &report->checks[i]);
		failed += report->checks[i].passed ? 0 : 1;
	}
	if (failed == 0)
		fprintf(look->out, "\n%s%sall %zu checks passed%s in %.1f s\n", look->bold, look->green, report->check_count,
		        look->plain, report->verify_s);
	else
		fprintf(look->out, "\n%s%zu of %zu checks failed%s\n", look->red, failed, report->check_count, look->plain);
}

void demo_output_text(FILE *out, const DemoReport *report, bool in_colour, bool in_utf8)
{
	Look look = make_look(out, in_colour, in_utf8);

	print_cluster(&look, report);
	if (report->has_load)
		print_load(&look, report);
	if (report->columnar != NULL)
		print_columnar(&look, report->columnar);
	if (report->has_work)
		print_work(&look, report);
	if (report->cache != NULL)
		print_cache(&look, report->cache);
	if (report->pooler != NULL)
		print_pooler(&look, report->pooler);
	if (report->check_count > 0)
		print_checks(&look, report);
}
