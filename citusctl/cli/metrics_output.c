#include "cli/metrics_output.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "util/json.h"

/* The sink, and the label that every sample has. */
typedef struct Writer {
	Str *out;
	const char *cluster;
} Writer;

static void family(const Writer *w, const char *name, const char *help)
{
	str_printf(w->out, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name);
}

/* In the value of a label: backslash, quote and line break are escaped. */
static void append_label(Str *out, const char *name, const char *value)
{
	str_printf(out, ",%s=\"", name);
	for (const char *c = value; *c != '\0'; c++) {
		if (*c == '\n')
			str_append(out, "\\n");
		else {
			if (*c == '\\' || *c == '"')
				str_append_char(out, '\\');
			str_append_char(out, *c);
		}
	}
	str_append_char(out, '"');
}

/* labels: names and values in turn, NULL at the end. */
static void sample(const Writer *w, const char *name, const char *const labels[], double value)
{
	str_printf(w->out, "%s{cluster=\"%s\"", name, w->cluster);
	for (size_t i = 0; labels != NULL && labels[i] != NULL; i += 2)
		append_label(w->out, labels[i], labels[i + 1]);
	str_printf(w->out, "} %.15g\n", value);
}

static void single(const Writer *w, const char *name, const char *help, double value)
{
	family(w, name, help);
	sample(w, name, NULL, value);
}

/* ---- nodes, as they say themselves ------------------------------------------ */

typedef struct NodeValue {
	const char *name;
	const char *help;
	double (*of)(const NodeMetrics *node);
} NodeValue;

static double of_prepared(const NodeMetrics *n) { return (double) n->prepared; }
static double of_prepared_oldest(const NodeMetrics *n) { return n->prepared_oldest_s; }
static double of_slots(const NodeMetrics *n) { return (double) n->slots; }
static double of_slots_inactive(const NodeMetrics *n) { return (double) n->slots_inactive; }
static double of_retained(const NodeMetrics *n) { return (double) n->slots_retained_bytes; }
static double of_subscriptions(const NodeMetrics *n) { return (double) n->subscriptions; }
static double of_publications(const NodeMetrics *n) { return (double) n->publications; }
static double of_connections(const NodeMetrics *n) { return (double) n->connections; }
static double of_database(const NodeMetrics *n) { return (double) n->database_bytes; }

static const NodeValue node_values[] = {
	{"citusctl_node_prepared_transactions", "Transactions prepared and not completed, of two-phase commits.", of_prepared},
	{"citusctl_node_prepared_transaction_oldest_seconds", "Age of the oldest prepared transaction.", of_prepared_oldest},
	{"citusctl_node_replication_slots", "Replication slots, those of shard moves included.", of_slots},
	{"citusctl_node_replication_slots_inactive", "Replication slots that nobody reads from.", of_slots_inactive},
	{"citusctl_node_replication_retained_bytes", "WAL that the furthest behind replication slot keeps.", of_retained},
	{"citusctl_node_subscriptions", "Subscriptions; between moves those left behind.", of_subscriptions},
	{"citusctl_node_publications", "Publications; between moves those left behind.", of_publications},
	{"citusctl_node_connections", "Clients connected to the database, other nodes included.", of_connections},
	{"citusctl_node_database_bytes", "Size of the database on this node.", of_database},
};

static void write_nodes(const Writer *w, const Metrics *metrics)
{
	family(w, "citusctl_node_up", "Whether the node answers.");
	for (size_t i = 0; i < metrics->node_count; i++) {
		const NodeMetrics *n = &metrics->nodes[i];

		sample(w, "citusctl_node_up", (const char *const[]) {"node", n->name, "role", n->role, NULL}, n->is_up ? 1 : 0);
	}
	for (size_t v = 0; v < sizeof(node_values) / sizeof(node_values[0]); v++) {
		family(w, node_values[v].name, node_values[v].help);
		for (size_t i = 0; i < metrics->node_count; i++) {
			const NodeMetrics *n = &metrics->nodes[i];

			if (n->is_up)
				sample(w, node_values[v].name, (const char *const[]) {"node", n->name, "role", n->role, NULL},
				       node_values[v].of(n));
		}
	}
}

/* ---- what the coordinator says -------------------------------------------------- */

static bool is_filled(const NodeStatus *node)
{
	return strcmp(node->role, "worker") == 0 && node->capacity > 0;
}

static double fill_of(const NodeStatus *node)
{
	return is_filled(node) ? (double) node->bytes / node->capacity : 0;
}

/* Of each worker what citusctl_balance_max_over_mean is of the fullest. */
static void write_balance(const Writer *w, const Status *status)
{
	double fullest = 0;

	if (isnan(status->max_over_mean) || status->max_over_mean <= 0)
		return;
	single(w, "citusctl_balance_max_over_mean",
	       "Bytes for its capacity of the fullest worker over the mean; 1 is perfect.", status->max_over_mean);
	for (size_t i = 0; i < status->node_count; i++)
		fullest = fmax(fullest, fill_of(&status->nodes[i]));
	family(w, "citusctl_node_over_mean", "Bytes for its capacity of the worker over the mean; 1 is perfect.");
	for (size_t i = 0; i < status->node_count; i++) {
		const NodeStatus *node = &status->nodes[i];

		if (is_filled(node))
			sample(w, "citusctl_node_over_mean", (const char *const[]) {"node", node->name, NULL},
			       fill_of(node) / fullest * status->max_over_mean);
	}
}

static void write_placements(const Writer *w, const Status *status)
{
	family(w, "citusctl_node_active", "Whether the node is registered and active.");
	for (size_t i = 0; i < status->node_count; i++)
		sample(w, "citusctl_node_active", (const char *const[]) {"node", status->nodes[i].name, NULL},
		       strcmp(status->nodes[i].state, "active") == 0 ? 1 : 0);
	family(w, "citusctl_node_shards", "Shards of distributed tables on the node.");
	for (size_t i = 0; i < status->node_count; i++)
		sample(w, "citusctl_node_shards", (const char *const[]) {"node", status->nodes[i].name, NULL},
		       (double) status->nodes[i].shards);
	family(w, "citusctl_node_shard_bytes", "Size of these shards with their indexes.");
	for (size_t i = 0; i < status->node_count; i++) {
		if (status->nodes[i].bytes != BYTES_UNKNOWN)
			sample(w, "citusctl_node_shard_bytes", (const char *const[]) {"node", status->nodes[i].name, NULL},
			       (double) status->nodes[i].bytes);
	}
	family(w, "citusctl_node_capacity", "Capacity of the node relative to the others, as described.");
	for (size_t i = 0; i < status->node_count; i++)
		sample(w, "citusctl_node_capacity", (const char *const[]) {"node", status->nodes[i].name, NULL},
		       status->nodes[i].capacity);
	write_balance(w, status);
}

static void write_tables(const Writer *w, const Status *status)
{
	family(w, "citusctl_table_bytes", "Size of a distributed or reference table over all nodes, with indexes.");
	for (size_t i = 0; i < status->table_count; i++) {
		const TableStatus *t = &status->tables[i];

		if (t->bytes != BYTES_UNKNOWN)
			sample(w, "citusctl_table_bytes", (const char *const[]) {"table", t->name, "type", t->type, NULL},
			       (double) t->bytes);
	}
	family(w, "citusctl_table_shards", "Shards of the table.");
	for (size_t i = 0; i < status->table_count; i++)
		sample(w, "citusctl_table_shards",
		       (const char *const[]) {"table", status->tables[i].name, "type", status->tables[i].type, NULL},
		       (double) status->tables[i].shard_count);
}

static void write_moves(const Writer *w, const Metrics *metrics)
{
	single(w, "citusctl_cleanup_records", "What shard moves left behind and is not cleaned up yet.",
	       (double) metrics->cleanup_records);
	single(w, "citusctl_operations_running", "Operations of citusctl on the cluster that run now.",
	       (double) metrics->operations_running);
	if (!metrics->has_moves)
		return;
	single(w, "citusctl_moves_running", "Shards that are being moved now.", (double) metrics->moves);
	single(w, "citusctl_moves_bytes", "Size of the shards that are being moved.", (double) metrics->moves_bytes);
	single(w, "citusctl_moves_done_bytes", "What of it has arrived.", (double) metrics->moves_bytes_done);
}

/* ---- the last demo ---------------------------------------------------------------- */

static void write_latencies(const Writer *w, const Json *operations)
{
	static const struct {
		const char *key;
		const char *percentile;
	} percentiles[] = {{"p50_ms", "50"}, {"p95_ms", "95"}, {"p99_ms", "99"}, {"max_ms", "100"}};

	family(w, "citusctl_demo_operation_seconds", "Latency of an operation in the last demo.");
	for (const Json *op = json_first(operations); op != NULL; op = json_next(op)) {
		/* Of what never ended there is no latency, and 0 would be the best there is. */
		for (size_t q = 0; json_number(json_get(op, "count")) > 0 && q < sizeof(percentiles) / sizeof(percentiles[0]); q++)
			sample(w, "citusctl_demo_operation_seconds",
			       (const char *const[]) {"operation", json_text(json_get(op, "name")), "percentile",
			                              percentiles[q].percentile, NULL},
			       json_number(json_get(op, percentiles[q].key)) / 1000.0);
	}
}

static void write_operations(const Writer *w, const Json *operations)
{
	family(w, "citusctl_demo_operations", "Operations completed in the last demo.");
	for (const Json *op = json_first(operations); op != NULL; op = json_next(op))
		sample(w, "citusctl_demo_operations",
		       (const char *const[]) {"operation", json_text(json_get(op, "name")), NULL},
		       json_number(json_get(op, "count")));
	family(w, "citusctl_demo_operation_errors", "Operations given up in the last demo.");
	for (const Json *op = json_first(operations); op != NULL; op = json_next(op))
		sample(w, "citusctl_demo_operation_errors",
		       (const char *const[]) {"operation", json_text(json_get(op, "name")), NULL},
		       json_number(json_get(op, "errors")));
	write_latencies(w, operations);
}

/* Nothing when that demo had no cache. */
static void write_cache(const Writer *w, const Json *cache)
{
	if (cache == NULL)
		return;
	single(w, "citusctl_demo_cache_hit_ratio", "Part of the reads through the cache of the last demo that it answered.",
	       json_number(json_get(cache, "hit_ratio")));
	single(w, "citusctl_demo_cache_stale_reads", "Reads of the last demo that lacked what had been acknowledged before.",
	       json_number(json_get(cache, "stale")));
	single(w, "citusctl_demo_cache_lost", "How often the cache went away during the last demo.",
	       json_number(json_get(cache, "lost")));
	family(w, "citusctl_demo_cache_reads", "Reads of the last demo by what answered them.");
	for (const Json *read = json_first(json_get(cache, "reads")); read != NULL; read = json_next(read)) {
		static const char *const keys[] = {"hits", "misses", "fallbacks", "bypasses"};

		for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
			sample(w, "citusctl_demo_cache_reads",
			       (const char *const[]) {"operation", json_text(json_get(read, "name")), "by", keys[i], NULL},
			       json_number(json_get(read, keys[i])));
	}
}

/* Nothing when that demo had no pooler. */
static void write_pooler(const Writer *w, const Json *pooler)
{
	if (pooler == NULL)
		return;
	single(w, "citusctl_demo_pooler_clients", "Clients of the pooler in the last demo, the most at once.",
	       json_number(json_get(pooler, "clients")));
	single(w, "citusctl_demo_pooler_server_connections", "Connections to the server that the pooler had for them, the most at once.",
	       json_number(json_get(pooler, "server_connections")));
	single(w, "citusctl_demo_pooler_wait_seconds", "How long a transaction of the last demo waited for one in the mean.",
	       json_number(json_get(pooler, "wait_mean_ms")) / 1000.0);
}

static void write_demo(const Writer *w, const Metrics *metrics)
{
	Err ignored = ERR_INIT;
	Json *demo = json_parse(metrics->demo, strlen(metrics->demo), &ignored);

	if (demo != NULL) {
		single(w, "citusctl_demo_finished_timestamp_seconds", "When the last demo ended.", metrics->demo_finished_s);
		single(w, "citusctl_demo_passed", "Whether all checks of the last demo passed.",
		       json_bool(json_get(demo, "passed")) ? 1 : 0);
		single(w, "citusctl_demo_operations_per_second", "Throughput of the last demo.",
		       json_number(json_get(demo, "tps")));
		single(w, "citusctl_demo_longest_write_seconds", "The write of the last demo that took longest.",
		       json_number(json_get(demo, "longest_write_ms")) / 1000.0);
		write_operations(w, json_get(demo, "operations"));
		write_cache(w, json_get(demo, "cache"));
		write_pooler(w, json_get(demo, "pooler"));
	}
	json_free(demo);
	err_clear(&ignored);
}

void metrics_output(Str *out, const char *cluster, const Metrics *metrics, double seconds)
{
	const Writer w = {out, cluster};

	single(&w, "citusctl_up", "Whether the coordinator answers.", metrics->has_status ? 1 : 0);
	write_nodes(&w, metrics);
	if (metrics->has_status) {
		family(&w, "citusctl_info", "The engine and its version.");
		sample(&w, "citusctl_info",
		       (const char *const[]) {"engine", metrics->status.engine, "version", metrics->status.version, NULL}, 1);
		write_placements(&w, &metrics->status);
		write_tables(&w, &metrics->status);
		write_moves(&w, metrics);
	}
	if (metrics->demo != NULL)
		write_demo(&w, metrics);
	single(&w, "citusctl_collect_seconds", "How long it took to collect this.", seconds);
}
