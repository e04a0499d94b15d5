#include "ops/status.h"

#include <math.h>
#include <pthread.h>
#include <string.h>

#include "io/asset.h"
#include "ops/members.h"

/* Whether the node answers; a short wait, as status is for looking often. */
static bool answers(const Session *session, const Node *node)
{
	PgTarget target = session_superuser(session, node, session->cluster->postgres.database);
	Err ignored = ERR_INIT;

	target.timeout_s = 2;

	Pg *pg = pg_open(&target, &ignored);
	bool up = pg != NULL;

	pg_close(pg);
	err_clear(&ignored);
	return up;
}

/* Asks one node, in a thread of its own: a host that is silent holds up no other. */
typedef struct Probe {
	const Session *session;
	const Node *node;
	bool up;
	bool asked; /* by the thread */
	pthread_t thread;
} Probe;

static void *ask(void *arg)
{
	Probe *probe = arg;

	probe->up = answers(probe->session, probe->node);
	return NULL;
}

static Probe *ask_all(const Session *session, Arena *arena)
{
	const Cluster *cluster = session->cluster;
	Probe *probes = arena_array(arena, cluster->node_count, sizeof(*probes));

	for (size_t i = 0; i < cluster->node_count; i++) {
		probes[i] = (Probe) {.session = session, .node = &cluster->nodes[i]};
		probes[i].asked = pthread_create(&probes[i].thread, NULL, ask, &probes[i]) == 0;
	}
	for (size_t i = 0; i < cluster->node_count; i++) {
		if (probes[i].asked)
			pthread_join(probes[i].thread, NULL);
		else
			ask(&probes[i]);
	}
	return probes;
}

static void describe_nodes(const Session *session, Arena *arena, Status *status, int extra)
{
	const Cluster *cluster = session->cluster;
	const Probe *probes = ask_all(session, arena);

	status->nodes = arena_array(arena, cluster->node_count + (size_t) extra, sizeof(NodeStatus));
	status->node_count = cluster->node_count;
	for (size_t i = 0; i < cluster->node_count; i++) {
		const Node *node = &cluster->nodes[i];

		status->nodes[i] = (NodeStatus) {
			.name = node->name,
			.role = node->is_coordinator ? "coordinator" : "worker",
			.host = node->host,
			.port = session_port(session, node),
			.state = probes[i].up ? "not registered" : "down",
			.capacity = node->capacity,
		};
	}
}

static NodeStatus *find_status(Status *status, Arena *arena, const char *host, int port)
{
	for (size_t i = 0; i < status->node_count; i++)
		if (status->nodes[i].port == port && strcmp(status->nodes[i].host, host) == 0)
			return &status->nodes[i];

	NodeStatus *node = &status->nodes[status->node_count++];

	*node = (NodeStatus) {.name = arena_printf(arena, "%s:%d", host, port), .role = "worker",
	                      .host = arena_strdup(arena, host), .port = port, .state = "not described"};
	return node;
}

/* The embedded engine can't tell sizes while a worker is down: then without them. */
static PgRows *query_sizes(Pg *pg, const char *sized, const char *unsized, Err *err)
{
	PgRows *rows = pg_query(pg, asset_text(sized), 0, NULL, err);

	if (rows != NULL || strncmp(err->sqlstate, "08", 2) != 0)
		return rows;
	err_clear(err);
	return pg_query(pg, asset_text(unsized), 0, NULL, err);
}

/* Described still, but taken out: neither missing nor down. */
static bool mark_removed(const Session *session, Pg *pg, Arena *arena, Status *status, Err *err)
{
	RemovedList removed;

	if (!removed_read(pg, arena, &removed, err))
		return false;
	for (size_t i = 0; i < session->cluster->node_count; i++)
		if (removed_find(&removed, session, &session->cluster->nodes[i]) != NULL &&
		    strcmp(status->nodes[i].state, "active") != 0)
			status->nodes[i].state = "removed";
	return true;
}

static bool read_nodes(const Session *session, Pg *pg, Arena *arena, Status *status, Err *err)
{
	PgRows *rows = query_sizes(pg, "sql/query/status_nodes.sql", "sql/query/status_nodes_unsized.sql", err);

	if (rows == NULL)
		return false;
	describe_nodes(session, arena, status, pg_row_count(rows));
	for (int i = 0; i < pg_row_count(rows); i++) {
		NodeStatus *node = find_status(status, arena, pg_value(rows, i, 0), (int) pg_int(rows, i, 1));

		if (strcmp(node->state, "not registered") == 0)
			node->state = pg_bool(rows, i, 2) ? "active" : "inactive";
		node->shards = pg_int(rows, i, 4);
		node->bytes = pg_is_null(rows, i, 5) || strcmp(node->state, "down") == 0 ? BYTES_UNKNOWN
		                                                                         : pg_int(rows, i, 5);
	}
	pg_rows_free(rows);
	return mark_removed(session, pg, arena, status, err);
}

/* Tables are spread over all workers: while one is silent no sum is the whole. */
static bool all_answer(const Status *status)
{
	for (size_t i = 0; i < status->node_count; i++)
		if (strcmp(status->nodes[i].state, "down") == 0)
			return false;
	return true;
}

static bool read_tables(Pg *pg, Arena *arena, Status *status, Err *err)
{
	PgRows *rows = query_sizes(pg, "sql/query/status_tables.sql", "sql/query/status_tables_unsized.sql", err);

	if (rows == NULL)
		return false;
	status->table_count = (size_t) pg_row_count(rows);
	status->tables = arena_array(arena, status->table_count, sizeof(TableStatus));
	for (int i = 0; i < pg_row_count(rows); i++)
		status->tables[i] = (TableStatus) {
			.name = arena_strdup(arena, pg_value(rows, i, 0)),
			.type = arena_strdup(arena, pg_value(rows, i, 1)),
			.distribution_column = pg_is_null(rows, i, 2) ? NULL : arena_strdup(arena, pg_value(rows, i, 2)),
			.colocation_id = pg_int(rows, i, 3),
			.shard_count = pg_int(rows, i, 4),
			.bytes = pg_is_null(rows, i, 5) || !all_answer(status) ? BYTES_UNKNOWN : pg_int(rows, i, 5),
			.storage = arena_strdup(arena, pg_value(rows, i, 6)),
		};
	pg_rows_free(rows);
	return true;
}

static void compute_balance(Status *status)
{
	double bytes = 0;
	double capacity = 0;
	double fullest = 0;

	for (size_t i = 0; i < status->node_count; i++) {
		const NodeStatus *node = &status->nodes[i];

		if (strcmp(node->role, "worker") != 0 || node->capacity <= 0)
			continue;
		if (node->bytes == BYTES_UNKNOWN) {
			status->max_over_mean = NAN;
			return;
		}
		bytes += (double) node->bytes;
		capacity += node->capacity;
		if ((double) node->bytes / node->capacity > fullest)
			fullest = (double) node->bytes / node->capacity;
	}
	status->max_over_mean = bytes > 0 ? fullest / (bytes / capacity) : 0;
}

bool status_read(const Session *session, Arena *arena, Status *status, Err *err)
{
	const Cluster *cluster = session->cluster;
	PgTarget target = session_superuser(session, &cluster->nodes[0], cluster->postgres.database);
	Pg *pg = NULL;

	/* Sizes are asked of the workers: the half minute that Citus waits for one that is
	 * gone is too long for a look. */
	target.settings = "-c citus.node_connection_timeout=3000";
	pg = pg_open(&target, err);
	*status = (Status) {.engine = engine_name(session->engine)};

	bool ok = pg != NULL &&
	          pg_query_text(pg, asset_text("sql/query/citus_version.sql"), 0, NULL, arena,
	                        &status->version, err) &&
	          read_nodes(session, pg, arena, status, err) && read_tables(pg, arena, status, err);

	pg_close(pg);
	if (ok)
		compute_balance(status);
	return ok;
}
