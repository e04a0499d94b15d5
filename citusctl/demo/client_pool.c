#include "demo/client.h"

bool open_pool(Workload *w, Arena *arena, Err *err)
{
	const DemoPooler *pooler = w->options->pooler;
	Err problem = ERR_INIT;

	if (pooler == NULL)
		return true;
	for (int s = 0; s < STATEMENT_COUNT; s++) {
		const char *sql = s == S_BEGIN ? w->engine->begin_pooled : statement_sql((Statement) s);
		const char *schema = w->target->schema != NULL ? pg_ident(w->ledger.pg, arena, w->target->schema) : NULL;

		w->pool_sql[s] = schema != NULL ? statement_in_schema(arena, sql, schema) : sql;
	}
	/* A pooler of somebody else's may let nobody look. */
	w->pool = pool_watch_open(pooler->console, w->target->app.database, &problem);
	if (w->pool == NULL && problem.kind == ERR_INTERRUPTED) {
		err_move(err, &problem);
		return false;
	}
	if (w->pool == NULL)
		w->pool_unknown = arena_strdup(arena, problem.detail != NULL ? problem.detail : problem.message);
	err_clear(&problem);
	return true;
}

void close_pool(Workload *w)
{
	pool_watch_close(w->pool);
}

bool begin_pool(Workload *w, Err *err)
{
	return w->pool == NULL || pool_watch_begin(w->pool, err);
}

Pg *connect_pooled(const Workload *w, Err *err)
{
	return pg_open(w->options->pooler->clients, err);
}

/* Without parameters a statement needs no plan of its own, and only so BEGIN can take a setting along. */
bool send_pooled(const Workload *w, const Client *c, Statement s, Err *err)
{
	if (statements[s].params == 0)
		return pg_send_simple(c->pg, w->pool_sql[s], err);
	return pg_send_query(c->pg, w->pool_sql[s], statements[s].params, c->values, err);
}

void fill_pool_report(Workload *w, Arena *arena, DemoReport *report)
{
	const DemoPooler *pooler = w->options->pooler;
	PoolFigures figures = {.clients = 0};
	Err problem = ERR_INIT;

	if (pooler == NULL)
		return;

	DemoPoolerUse *use = arena_alloc(arena, sizeof(*use));

	*use = (DemoPoolerUse) {.where = pooler->where, .is_own = pooler->is_own, .unknown = w->pool_unknown};
	if (w->pool != NULL && !pool_watch_end(w->pool, &figures, &problem))
		use->unknown = arena_strdup(arena, problem.message);
	err_clear(&problem);
	use->clients = figures.clients;
	use->waiting = figures.waiting;
	use->servers = figures.servers;
	use->pool_size = figures.pool_size;
	use->transactions = figures.transactions;
	use->wait_longest_ms = (double) figures.longest_us / 1000.0;
	if (figures.transactions > 0)
		use->wait_mean_ms = (double) figures.waited_us / (double) figures.transactions / 1000.0;
	report->pooler = use;
}
