#include "io/pg.h"
#include "ops/mover_state.h"
#include "run/operation.h"
#include "util/clock.h"

/* How long a node that died is waited for, unless said otherwise. */
#define NODE_WAIT_S 60
#define TRY_BACK_EVERY_US 500000

/* ---- nodes that die ---------------------------------------------------------------- */

static double node_wait_s(const Mover *m)
{
	return m->options->node_wait_s > 0 ? m->options->node_wait_s : NODE_WAIT_S;
}

static bool is_any_busy(const Mover *m)
{
	for (size_t i = 0; i < m->slot_count; i++)
		if (m->slots[i].lane.busy)
			return true;
	return false;
}

static const char *how_to_start(const Mover *m, const Member *node)
{
	return m->session->cluster->deploy == DEPLOY_NONE || node->described == NULL
	           ? "start its server"
	           : arena_printf(m->r->arena, "citusctl node start %s", node->name);
}

/* Nothing runs: whoever starts the node's server is not kept out. */
static void go_away(Mover *m)
{
	operation_let_go(m->session);
	m->had_lock = session_unlock(m->session);
	m->away = true;
	m->back_us = clock_us();
}

/* Whether the shards that are still to move are where they were. */
static bool is_as_planned(Mover *m, Err *err)
{
	Pg *pg = pg_open(&m->coordinator, err);
	SnapshotPlaces now = {.items = NULL};
	bool ok = pg != NULL && snapshot_read_places(pg, m->r->arena, &now, err);

	for (size_t i = 0; ok && i < m->r->plan.move_count; i++) {
		const SnapshotPlace *place = snapshot_find_place(&now, m->r->moves[i].group->id);

		ok = m->moves[i].state == MOVE_MOVED || (place != NULL && place->node_id == m->r->moves[i].from->id) ||
		     err_set(err, ERR_REFUSED, "somebody else moved shards while a node was waited for");
	}
	pg_close(pg);
	return ok;
}

/* Takes the locks again; false while somebody else has them. */
static bool come_back(Mover *m)
{
	Err err = ERR_INIT;

	if (clock_us() < m->back_us)
		return false;

	bool ok = (!m->had_lock || session_lock(m->session, &err)) && operation_join(m->session, &err);

	if (!ok)
		session_unlock(m->session);
	m->back_us = clock_us() + TRY_BACK_EVERY_US;
	m->away = !ok;
	if (ok && !is_as_planned(m, &err))
		mover_stop_starting(m, REBALANCE_YIELDED, arena_strdup(m->r->arena, err.message));
	err_clear(&err);
	return ok;
}

void mover_look_at_nodes(Mover *m)
{
	const Member *dead = watch_first_dead(m->watch);
	int64_t now = clock_us();

	if (dead == NULL && (!m->away || come_back(m))) {
		m->dead_since_us = 0;
		m->gave_nodes_up = false;
		return;
	}
	if (dead == NULL)
		return;
	if (m->dead_since_us == 0) {
		m->dead_since_us = now;
		mover_tell(m, REBALANCE_WARNING, 0,
		     arena_printf(m->r->arena, "node \"%s\" is down: its moves are cancelled; when it is back within %.0f s "
		                               "(%s), the run goes on", dead->name, node_wait_s(m),
		                  how_to_start(m, dead)));
	}
	for (size_t n = 0; n < m->r->snapshot.node_count; n++)
		if (watch_is_dead(m->watch, &m->r->snapshot.nodes[n]))
			mover_cancel(m, arena_printf(m->r->arena, "node \"%s\" is down", m->r->snapshot.nodes[n].name),
			             &m->r->snapshot.nodes[n]);
	if (m->gave_nodes_up)
		return;
	if ((double) (now - m->dead_since_us) / 1e6 > node_wait_s(m))
		m->gave_nodes_up = !m->away || come_back(m);
	else if (!m->away && !is_any_busy(m))
		go_away(m);
}

/* ---- others who move shards ----------------------------------------------------------- */

static bool is_ours(const Mover *m, int64_t pid)
{
	for (size_t i = 0; i < m->slot_count; i++)
		if (m->slots[i].lane.pg != NULL && pg_backend(m->slots[i].lane.pg) == pid)
			return true;
	return false;
}

static void tell_of_other(Mover *m, int64_t pid, const char *who)
{
	for (size_t i = 0; i < m->other_count; i++)
		if (m->others[i] == pid)
			return;
	if (m->other_count == OTHERS_TOLD)
		return;
	m->others[m->other_count++] = pid;
	mover_tell(m, REBALANCE_WARNING, 0,
	     arena_printf(m->r->arena, "somebody else moves shards too: %s; those shards are left to it", who));
}

/* Two rebalances would undo each other's moves: this one gives way. */
void mover_look_at_others(Mover *m)
{
	const PgRows *rows = monitor_others(m->monitor);

	for (int i = 0; rows != NULL && i < pg_row_count(rows); i++) {
		int64_t pid = pg_int(rows, i, 0);

		if (is_ours(m, pid))
			continue;
		if (pg_bool(rows, i, 1))
			mover_stop_starting(m, REBALANCE_YIELDED,
			              arena_printf(m->r->arena, "another rebalance has begun: %s", pg_value(rows, i, 2)));
		else
			tell_of_other(m, pid, pg_value(rows, i, 2));
	}
}
