#include "ops/metrics.h"

#include "io/asset.h"
#include "util/clock.h"

/* A node that takes longer to answer is down, as far as monitoring goes. */
#define TIMEOUT_S 3

static Pg *open_node(const Session *session, const Node *node, Err *err)
{
	PgTarget target = session_superuser(session, node, session->cluster->postgres.database);

	target.timeout_s = TIMEOUT_S;
	return pg_open(&target, err);
}

static bool ask_node(Pg *pg, NodeMetrics *node, Err *err)
{
	PgRows *rows = pg_query(pg, asset_text("sql/query/metrics_node.sql"), 0, NULL, err);

	if (rows == NULL)
		return false;
	node->prepared = pg_int(rows, 0, 0);
	node->prepared_oldest_s = pg_double(rows, 0, 1);
	node->slots = pg_int(rows, 0, 2);
	node->slots_inactive = pg_int(rows, 0, 3);
	node->slots_retained_bytes = pg_int(rows, 0, 4);
	node->subscriptions = pg_int(rows, 0, 5);
	node->publications = pg_int(rows, 0, 6);
	node->connections = pg_int(rows, 0, 7);
	node->database_bytes = pg_int(rows, 0, 8);
	pg_rows_free(rows);
	return true;
}

/* A node that goes down while it is asked is down. */
static bool read_node(const Session *session, const Node *described, NodeMetrics *node, Err *err)
{
	Err problem = ERR_INIT;
	Pg *pg = open_node(session, described, &problem);

	*node = (NodeMetrics) {.name = described->name, .role = described->is_coordinator ? "coordinator" : "worker"};
	node->is_up = pg != NULL && ask_node(pg, node, &problem);

	bool is_dead = pg == NULL || pg_is_dead(pg);

	pg_close(pg);
	if (node->is_up || (is_dead && problem.kind != ERR_INTERRUPTED)) {
		err_clear(&problem);
		return true;
	}
	err_move(err, &problem);
	return false;
}

/* Citus fails to tell the progress of moves while one of their nodes is down. */
static void read_moves(Pg *pg, Metrics *metrics)
{
	Err ignored = ERR_INIT;
	PgRows *rows = pg_query(pg, asset_text("sql/query/metrics_moves.sql"), 0, NULL, &ignored);

	metrics->has_moves = rows != NULL;
	if (rows != NULL) {
		metrics->moves = pg_int(rows, 0, 0);
		metrics->moves_bytes = pg_int(rows, 0, 1);
		metrics->moves_bytes_done = pg_int(rows, 0, 2);
	}
	pg_rows_free(rows);
	err_clear(&ignored);
}

/* A cluster that citusctl did not set up has no journal of operations: none runs. */
static bool read_cluster(Pg *pg, Metrics *metrics, Err *err)
{
	bool has_journal = false;

	return pg_query_int64(pg, asset_text("sql/query/metrics_cluster.sql"), 0, NULL, &metrics->cleanup_records, err) &&
	       pg_query_bool(pg, asset_text("sql/query/bookkeeping_exists.sql"), 0, NULL, &has_journal, err) &&
	       (!has_journal || pg_query_int64(pg, asset_text("sql/query/metrics_operations.sql"), 0, NULL,
	                                       &metrics->operations_running, err));
}

static bool read_demo(Pg *pg, Arena *arena, Metrics *metrics, Err *err)
{
	bool exists = false;

	if (!pg_query_bool(pg, asset_text("sql/query/metrics_demo_exists.sql"), 0, NULL, &exists, err))
		return false;

	PgRows *rows = exists ? pg_query(pg, asset_text("sql/query/metrics_demo.sql"), 0, NULL, err) : NULL;
	bool ok = !exists || rows != NULL;

	if (rows != NULL && pg_row_count(rows) == 1) {
		metrics->demo_finished_s = pg_double(rows, 0, 0);
		metrics->demo = arena_strdup(arena, pg_value(rows, 0, 1));
	}
	if (rows != NULL)
		pg_rows_free(rows);
	return ok;
}

static bool read_coordinator(const Session *session, Arena *arena, Metrics *metrics, Err *err)
{
	Pg *pg = open_node(session, &session->cluster->nodes[0], err);
	bool ok = pg != NULL && status_read(session, arena, &metrics->status, err) && read_cluster(pg, metrics, err) &&
	          read_demo(pg, arena, metrics, err);

	if (ok)
		read_moves(pg, metrics);
	pg_close(pg);
	return ok;
}

bool metrics_read(const Session *session, Arena *arena, Metrics *metrics, Err *err)
{
	const Cluster *cluster = session->cluster;

	*metrics = (Metrics) {.nodes = arena_array(arena, cluster->node_count, sizeof(NodeMetrics)),
	                      .node_count = cluster->node_count};
	for (size_t i = 0; i < cluster->node_count; i++) {
		if (!clock_go_on(err) || !read_node(session, &cluster->nodes[i], &metrics->nodes[i], err))
			return false;
	}
	metrics->has_status = metrics->nodes[0].is_up;
	return !metrics->has_status || read_coordinator(session, arena, metrics, err);
}

bool metrics_keep_demo(const Session *session, const char *summary, Err *err)
{
	Pg *pg = open_node(session, &session->cluster->nodes[0], err);
	bool ok = pg != NULL && pg_exec(pg, asset_text("sql/setup/demo_runs.sql"), err) &&
	          pg_run(pg, asset_text("sql/query/demo_runs_add.sql"), 1, &summary, err);

	pg_close(pg);
	return ok;
}
