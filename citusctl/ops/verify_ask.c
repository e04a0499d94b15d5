/*
 * The connections of a verification: one to each node, all asked at the same time.
 */
#include <poll.h>
#include <string.h>

#include "io/asset.h"
#include "ops/check_judge.h"
#include "ops/engine.h"
#include "ops/verify_state.h"
#include "util/clock.h"
#include "util/number.h"

#define CONNECT_TIMEOUT_S 3
#define WAIT_SLICE_MS 100

/* Names come with their schema, shards are seen, and values read the same on every node. */
#define SETTINGS \
	"-c search_path=pg_catalog -c citus.override_table_visibility=off -c lock_timeout=3s -c client_min_messages=warning " \
	"-c timezone=UTC -c datestyle=ISO -c intervalstyle=postgres -c extra_float_digits=1 -c bytea_output=hex"

const char *verifier_count(Verifier *v, int64_t count, const char *one, const char *many)
{
	char text[NUMBER_GROUPED_MAX];

	return arena_printf(v->arena, "%s %s", number_grouped(count, text), count == 1 ? one : many);
}

/* On one line. */
static const char *reason(Verifier *v, const Err *err)
{
	char *text = arena_printf(v->arena, "%s%s%s", err->message, err->detail != NULL ? ": " : "", err->detail != NULL ? err->detail : "");

	for (char *c = text; *c != '\0'; c++)
		if (*c == '\n' || *c == '\t')
			*c = ' ';
	return text;
}

static bool open_node(Verifier *v, VerifyNode *node, Err *err)
{
	PgTarget target = member_target(v->session, node->member);
	Err problem = ERR_INIT;

	target.timeout_s = CONNECT_TIMEOUT_S;
	target.settings = SETTINGS;
	node->pg = pg_open(&target, &problem);
	if (node->pg == NULL)
		node->why = reason(v, &problem);
	err_clear(&problem);
	v->report->unreachable += node->pg == NULL ? 1 : 0;
	return clock_go_on(err);
}

static Pg *open_coordinator(const Session *session, Err *err)
{
	const Cluster *cluster = session->cluster;
	PgTarget target = session_superuser(session, cluster_coordinator(cluster), cluster->postgres.database);

	target.settings = SETTINGS;
	return pg_open(&target, err);
}

static bool not_made(const Session *session, Err *err)
{
	err_set(err, ERR_DIFFERS, "no nodes are registered in database \"%s\"", session->cluster->postgres.database);
	return err_hint(err, "\"citusctl init\" makes the cluster.");
}

bool verifier_connect(Verifier *v, Err *err)
{
	PgTarget app = session_app(v->session, cluster_coordinator(v->session->cluster));
	Pg *pg = open_coordinator(v->session, err);
	bool there = false;

	v->pg = pg;
	if (pg == NULL || !pg_query_bool(pg, asset_text("sql/query/verify_is_cluster.sql"), 0, NULL, &there, err))
		return false;
	if (!there)
		return not_made(v->session, err);
	if (!members_read(v->session, pg, v->arena, &v->members, err))
		return false;
	if (v->members.count == 0)
		return not_made(v->session, err);
	v->app = pg_open(&app, err);
	if (v->app == NULL)
		return false;
	v->nodes = arena_array(v->arena, v->members.count, sizeof(VerifyNode));
	v->resync = arena_array(v->arena, v->members.count, sizeof(bool));
	v->sends = arena_array(v->arena, v->members.count * 2, sizeof(size_t));
	v->node_count = v->members.count;
	for (size_t i = 0; i < v->node_count; i++) {
		VerifyNode *node = &v->nodes[i];

		*node = (VerifyNode) {.member = &v->members.items[i], .name = v->members.items[i].name, .places = "[]"};
		if (node->member->group == 0)
			node->pg = pg;
		else if (!open_node(v, node, err))
			return false;
	}
	return true;
}

void verifier_disconnect(Verifier *v)
{
	for (size_t i = 0; i < v->node_count; i++) {
		pg_rows_free(v->nodes[i].rows);
		if (v->nodes[i].pg != v->pg)
			pg_close(v->nodes[i].pg);
	}
	pg_close(v->app);
	pg_close(v->pg);
}

VerifyNode *verifier_node_of(Verifier *v, int64_t group)
{
	for (size_t i = 0; i < v->node_count; i++)
		if (v->nodes[i].member->group == group)
			return &v->nodes[i];
	return NULL;
}

/* ---- asking all -------------------------------------------------------------------- */

const char *verifier_reason(Verifier *v, Pg *pg, const Err *problem, Verdict *verdict)
{
	bool is_locked = strcmp(problem->sqlstate, "55P03") == 0;
	Err ignored = ERR_INIT;
	PgRows *rows = is_locked ? pg_query(pg, asset_text("sql/query/verify_locker.sql"), 0, NULL, &ignored) : NULL;
	const char *text = reason(v, problem);

	*verdict = is_locked ? VERDICT_WARN : VERDICT_FAIL;
	if (is_locked)
		text = arena_printf(v->arena, "tables are locked, by %s; look again when that is over",
		                    rows != NULL && pg_row_count(rows) > 0 ? pg_value(rows, 0, 0) : "somebody");
	pg_rows_free(rows);
	err_clear(&ignored);
	return text;
}

static void cannot_ask(Verifier *v, VerifyNode *node, Err *problem)
{
	Verdict verdict = VERDICT_FAIL;

	node->sql = NULL;
	if (node->about != NULL && strcmp(problem->sqlstate, "42P01") == 0) {
		node->is_gone = true;
		err_clear(problem);
		return;
	}

	node->unseen = verifier_reason(v, node->pg, problem, &verdict);
	verifier_found(v, verdict, FIX_NONE, node->name, node->about != NULL ? arena_printf(v->arena, "look %s", node->about) : "look",
	               "cannot look%s%s: %s", node->about != NULL ? " at " : "", node->about != NULL ? node->about : "", node->unseen);
	err_clear(problem);
	if (!pg_is_dead(node->pg) || node->pg == v->pg)
		return;
	pg_close(node->pg);
	node->pg = NULL;
	node->why = "it went away while it was asked";
	v->report->unreachable++;
	check_add(&v->report->check, v->arena, VERDICT_FAIL, node->name, "nodes", "%s: citusctl verify looks again", node->why);
}

static void send_all(Verifier *v)
{
	for (size_t i = 0; i < v->node_count; i++) {
		VerifyNode *node = &v->nodes[i];
		Err problem = ERR_INIT;

		pg_rows_free(node->rows);
		node->rows = NULL;
		node->is_gone = false;
		if (node->sql != NULL && node->pg == NULL) {
			node->unseen = "it does not answer";
			node->sql = NULL;
		}
		if (node->sql != NULL && !pg_send_query(node->pg, node->sql, node->value_count, node->values, &problem))
			cannot_ask(v, node, &problem);
	}
}

/* Takes the answers that are there; how many are not. */
static size_t take_ready(Verifier *v)
{
	size_t waiting = 0;

	for (size_t i = 0; i < v->node_count; i++) {
		VerifyNode *node = &v->nodes[i];
		Err problem = ERR_INIT;
		bool ready = false;

		if (node->sql == NULL)
			continue;
		if (!pg_ready(node->pg, &ready, &problem)) {
			cannot_ask(v, node, &problem);
		} else if (!ready) {
			waiting++;
		} else {
			node->rows = pg_take(node->pg, &problem);
			if (node->rows == NULL)
				cannot_ask(v, node, &problem);
			node->sql = NULL;
		}
	}
	return waiting;
}

static void wait_for_any(Verifier *v, struct pollfd *sockets)
{
	nfds_t count = 0;

	for (size_t i = 0; i < v->node_count; i++)
		if (v->nodes[i].sql != NULL)
			sockets[count++] = (struct pollfd) {.fd = pg_socket(v->nodes[i].pg), .events = POLLIN};
	(void) poll(sockets, count, WAIT_SLICE_MS);
}

static void cancel_all(Verifier *v)
{
	for (size_t i = 0; i < v->node_count; i++) {
		Err ignored = ERR_INIT;

		if (v->nodes[i].sql != NULL)
			(void) !pg_cancel(v->nodes[i].pg, &ignored);
		err_clear(&ignored);
		v->nodes[i].sql = NULL;
	}
}

bool verifier_ask(Verifier *v, Err *err)
{
	struct pollfd *sockets = arena_array(v->arena, v->node_count, sizeof(*sockets));

	send_all(v);
	while (take_ready(v) > 0) {
		wait_for_any(v, sockets);
		if (clock_interrupted())
			cancel_all(v);
	}
	return clock_go_on(err);
}

void verifier_forget(Verifier *v)
{
	for (size_t i = 0; i < v->node_count; i++) {
		pg_rows_free(v->nodes[i].rows);
		v->nodes[i].rows = NULL;
		v->nodes[i].sql = NULL;
		v->nodes[i].about = NULL;
	}
}

/* ---- what several checks read --------------------------------------------------------- */

bool verifier_read_places(Verifier *v, Err *err)
{
	PgRows *rows = pg_query(v->pg, asset_text(engine_traits(v->session->engine)->shard_places), 0, NULL, err);

	for (size_t i = 0; i < v->node_count; i++)
		v->nodes[i].places = "[]";
	for (int i = 0; rows != NULL && i < pg_row_count(rows); i++) {
		VerifyNode *node = verifier_node_of(v, pg_int(rows, i, 0));

		if (node != NULL)
			node->places = arena_strdup(v->arena, pg_value(rows, i, 1));
	}
	pg_rows_free(rows);
	return rows != NULL;
}

bool verifier_read_tables(Verifier *v, const char **tables, const char **last_shard, Err *err)
{
	PgRows *rows = pg_query(v->pg, asset_text("sql/query/verify_tables.sql"), 0, NULL, err);

	if (rows == NULL)
		return false;
	*tables = arena_strdup(v->arena, pg_value(rows, 0, 0));
	*last_shard = arena_strdup(v->arena, pg_value(rows, 0, 1));
	pg_rows_free(rows);
	return true;
}
