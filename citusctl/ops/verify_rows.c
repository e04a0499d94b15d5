/*
 * The check of rows: whether each hashes into the shard that it is in.  It may take long, so
 * shards that move meanwhile are followed.
 */
#include "io/asset.h"
#include "ops/engine.h"
#include "ops/verify_state.h"

/* A shard that is not where the catalog has it is read so often before that is believed. */
#define TRIES 3

/* A shard to be read. */
typedef struct Scan Scan;
struct Scan {
	const char *id, *table, *name;
	const char *sql;
	int tries;
	Scan *next;
};

/* Those of one node, and the one that is read now. */
typedef struct ScanQueue {
	Scan *first, *last;
	Scan *now;
} ScanQueue;

typedef struct RowCheck {
	Verifier *v;
	ScanQueue *queues; /* as v->nodes */
	int64_t read, lost; /* lost: it went to a node that is not known yet */
} RowCheck;

static void push(RowCheck *c, const VerifyNode *node, Scan *scan)
{
	ScanQueue *queue = &c->queues[node - c->v->nodes];

	scan->next = NULL;
	if (queue->first == NULL)
		queue->first = scan;
	else
		queue->last->next = scan;
	queue->last = scan;
}

static bool pop(ScanQueue *queue)
{
	queue->now = queue->first;
	if (queue->first != NULL)
		queue->first = queue->first->next;
	return queue->now != NULL;
}

static bool list_shards(RowCheck *c, Err *err)
{
	Verifier *v = c->v;
	PgRows *rows = pg_query(v->pg, asset_text(engine_traits(v->session->engine)->rows_outside), 0, NULL, err);

	for (int i = 0; rows != NULL && i < pg_row_count(rows); i++) {
		const VerifyNode *node = verifier_node_of(v, pg_int(rows, i, 0));
		Scan *scan = arena_array(v->arena, 1, sizeof(Scan));

		*scan = (Scan) {.table = arena_strdup(v->arena, pg_value(rows, i, 1)),
		                .name = arena_strdup(v->arena, pg_value(rows, i, 2)),
		                .sql = arena_strdup(v->arena, pg_value(rows, i, 3)),
		                .id = arena_strdup(v->arena, pg_value(rows, i, 4))};
		if (node != NULL)
			push(c, node, scan);
		else
			c->lost++;
	}
	pg_rows_free(rows);
	return rows != NULL;
}

/* The shard is not there: it moved, or its table was dropped, or it is gone. */
static bool follow(RowCheck *c, const VerifyNode *node, Scan *scan, Err *err)
{
	Verifier *v = c->v;
	const char *const values[] = {scan->id};
	PgRows *rows = pg_query(v->pg, asset_text("sql/query/verify_shard_group.sql"), 1, values, err);

	if (rows == NULL)
		return false;

	bool is_listed = pg_row_count(rows) > 0;
	const VerifyNode *now = is_listed ? verifier_node_of(v, pg_int(rows, 0, 0)) : NULL;

	pg_rows_free(rows);
	if (is_listed && now == NULL)
		c->lost++;
	else if (now == node && ++scan->tries == TRIES)
		verifier_found(v, VERDICT_FAIL, FIX_NONE, node->name, scan->name, "shard %s is not there to be read: see the check \"shards\"", scan->name);
	else if (now != NULL)
		push(c, now, scan);
	return true;
}

static void judge(RowCheck *c, const VerifyNode *node, const Scan *scan)
{
	Verifier *v = c->v;

	c->read++;
	if (pg_int(node->rows, 0, 0) > 0)
		verifier_found(v, VERDICT_FAIL, FIX_NONE, node->name, scan->name,
		               "%s in shard %s that should lie in another shard of %s, where statements on one key look: copy out what is here on this "
		               "node, delete it there, and insert it again through the coordinator", verifier_count(v, pg_int(node->rows, 0, 0), "row", "rows"),
		               scan->name, scan->table);
}

/* The next shard of every node, all at the same time; *more when there was any. */
static bool read_next(RowCheck *c, bool *more, Err *err)
{
	Verifier *v = c->v;

	*more = false;
	for (size_t n = 0; n < v->node_count; n++) {
		VerifyNode *node = &v->nodes[n];

		if (!pop(&c->queues[n]))
			continue;
		node->sql = c->queues[n].now->sql;
		node->value_count = 0;
		node->about = c->queues[n].now->name;
		*more = true;
	}

	bool ok = verifier_ask(v, err);

	for (size_t n = 0; ok && n < v->node_count; n++) {
		const VerifyNode *node = &v->nodes[n];
		Scan *scan = c->queues[n].now;

		if (scan != NULL && node->rows != NULL)
			judge(c, node, scan);
		else if (scan != NULL && node->is_gone)
			ok = follow(c, node, scan, err);
	}
	return ok;
}

bool verify_rows(Verifier *v, Err *err)
{
	RowCheck c = {.v = v, .queues = arena_array(v->arena, v->node_count, sizeof(ScanQueue))};
	bool more = true;

	if (!v->options->deep)
		return true;
	for (size_t n = 0; n < v->node_count; n++)
		c.queues[n] = (ScanQueue) {NULL, NULL, NULL};

	bool ok = list_shards(&c, err);

	while (ok && more)
		ok = read_next(&c, &more, err);
	v->said = arena_printf(v->arena, "every row of %s belongs to it%s", verifier_count(v, c.read, "shard", "shards"),
	                       c.lost > 0 ? arena_printf(v->arena, "; %s that moved to a new node meanwhile: not read", verifier_count(v, c.lost, "shard", "shards")) : "");
	return ok;
}
