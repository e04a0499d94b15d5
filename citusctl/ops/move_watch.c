#include "ops/move_watch.h"

#include <stdlib.h>

#include "io/asset.h"
#include "util/clock.h"
#include "util/log.h"

#define KICK_EVERY_US 10000
#define PING_SOURCE_EVERY_US 100000
#define PING_EVERY_US 1000000

/* A ping that is not answered for so long is doubted ... */
#define DOUBT_AFTER_US 10000000
/* ... and a node that takes no new connection is dead. */
#define TRY_AGAIN_AFTER_US 3000000

typedef struct Watched {
	const Member *node;
	size_t index; /* of the node in the snapshot */
	Pg *pg;       /* a link of the rebalance, or NULL */
	bool busy;
	bool dead;
	size_t moves;    /* that read from it */
	int64_t sent_us; /* when the running statement was sent */
	int64_t next_us; /* when the next is due */
} Watched;

struct MoveWatch {
	const Session *session;
	Rebalance *rebalance;
	Watched *nodes;
	size_t count;
	Watched kicker; /* on the coordinator, with a connection of its own */
};

static bool prepare_node(Watched *w, Err *err)
{
	return pg_prepare(w->pg, "source", asset_text("sql/query/ping_source.sql"), err) &&
	       pg_prepare(w->pg, "node", asset_text("sql/query/ping_node.sql"), err);
}

static bool connect_node(MoveWatch *watch, Watched *w, Err *err)
{
	w->busy = false;
	w->pg = rebalance_link(watch->session, watch->rebalance, w->index, err);
	return w->pg != NULL && prepare_node(w, err);
}

/* Kicks are many and mean nothing later: their commits need not reach the disk. */
static bool connect_kicker(MoveWatch *watch, Err *err)
{
	PgTarget target = session_superuser(watch->session, cluster_coordinator(watch->session->cluster),
	                                    watch->session->cluster->postgres.database);

	target.settings = "-c synchronous_commit=off";
	watch->kicker.pg = pg_open(&target, err);
	return watch->kicker.pg != NULL && pg_prepare(watch->kicker.pg, "kick", asset_text("sql/query/kick_moves.sql"), err);
}

MoveWatch *watch_open(const Session *session, Rebalance *rebalance, Err *err)
{
	const Snapshot *snapshot = &rebalance->snapshot;
	MoveWatch *watch = xmalloc(sizeof(*watch));

	*watch = (MoveWatch) {.session = session, .rebalance = rebalance,
	                      .nodes = xmalloc(snapshot->node_count * sizeof(Watched))};

	bool ok = connect_kicker(watch, err);

	for (size_t i = 0; ok && i < snapshot->node_count; i++) {
		Watched *w = &watch->nodes[watch->count];

		if (!snapshot->nodes[i].active)
			continue;
		*w = (Watched) {.node = &snapshot->nodes[i], .index = i};
		watch->count++;
		ok = connect_node(watch, w, err);
	}
	if (ok)
		return watch;
	watch_close(watch);
	return NULL;
}

/* A statement that runs would be in the way of the next user of the link. */
static void let_go(MoveWatch *watch, Watched *w)
{
	Pg **link = &watch->rebalance->links[w->index];

	if (w->busy || (*link != NULL && pg_is_dead(*link))) {
		pg_close(*link);
		*link = NULL;
	}
	w->pg = NULL;
	w->busy = false;
}

void watch_close(MoveWatch *watch)
{
	if (watch == NULL)
		return;
	for (size_t i = 0; i < watch->count; i++)
		let_go(watch, &watch->nodes[i]);
	pg_close(watch->kicker.pg);
	free(watch->nodes);
	free(watch);
}

static Watched *find(const MoveWatch *watch, const Member *node)
{
	for (size_t i = 0; i < watch->count; i++)
		if (watch->nodes[i].node == node)
			return &watch->nodes[i];
	return NULL;
}

void watch_source(MoveWatch *watch, const Member *node, bool is_source)
{
	Watched *w = find(watch, node);

	if (w == NULL)
		return;
	if (!is_source)
		w->moves--;
	else if (w->moves++ == 0)
		w->next_us = clock_us();
}

size_t watch_sockets_max(const MoveWatch *watch)
{
	return watch->count + 1;
}

size_t watch_sockets(const MoveWatch *watch, struct pollfd *fds)
{
	size_t n = 0;

	if (watch->kicker.busy)
		fds[n++] = (struct pollfd) {.fd = pg_socket(watch->kicker.pg), .events = POLLIN};
	for (size_t i = 0; i < watch->count; i++)
		if (watch->nodes[i].busy)
			fds[n++] = (struct pollfd) {.fd = pg_socket(watch->nodes[i].pg), .events = POLLIN};
	return n;
}

/* Takes the answer if it is there.  False: the connection or the statement failed. */
static bool take_answer(Watched *w, Err *err)
{
	bool ready = false;

	if (!pg_ready(w->pg, &ready, err))
		return false;
	if (!ready)
		return true;
	w->busy = false;

	PgRows *rows = pg_take(w->pg, err);

	/* A statement that fails is an answer too. */
	pg_rows_free(rows);
	return rows != NULL || !pg_is_dead(w->pg);
}

static void doubt(MoveWatch *watch, Watched *w)
{
	Err err = ERR_INIT;
	bool was_dead = w->dead;

	pg_close(watch->rebalance->links[w->index]);
	watch->rebalance->links[w->index] = NULL;
	w->dead = !connect_node(watch, w, &err);
	if (w->dead != was_dead)
		log_debug("node %s is %s%s%s", w->node->name, w->dead ? "dead: " : "back",
		          w->dead && err.message != NULL ? err.message : "", err.detail != NULL ? err.detail : "");
	err_clear(&err);
	w->next_us = clock_us() + (w->dead ? TRY_AGAIN_AFTER_US : PING_EVERY_US);
}

static void node_turn(MoveWatch *watch, Watched *w, int64_t now)
{
	Err err = ERR_INIT;
	bool ok = true;

	if (w->busy)
		ok = take_answer(w, &err) && (!w->busy || now - w->sent_us < DOUBT_AFTER_US);
	if (ok && !w->busy && now >= w->next_us) {
		ok = w->pg != NULL && pg_send(w->pg, w->moves > 0 ? "source" : "node", 0, NULL, &err);
		w->busy = ok;
		w->sent_us = now;
		w->next_us = now + (w->moves > 0 ? PING_SOURCE_EVERY_US : PING_EVERY_US);
	}
	err_clear(&err);
	if (!ok)
		doubt(watch, w);
}

static bool kicker_turn(Watched *w, bool moving, int64_t now, Err *err)
{
	if (w->busy && !take_answer(w, err))
		return false;
	if (!moving || w->busy || now < w->next_us)
		return true;
	w->busy = pg_send(w->pg, "kick", 0, NULL, err);
	w->next_us = now + KICK_EVERY_US;
	return w->busy;
}

bool watch_turn(MoveWatch *watch, bool moving, Err *err)
{
	int64_t now = clock_us();

	for (size_t i = 0; i < watch->count; i++)
		node_turn(watch, &watch->nodes[i], now);
	return kicker_turn(&watch->kicker, moving, now, err);
}

bool watch_is_dead(const MoveWatch *watch, const Member *node)
{
	const Watched *w = find(watch, node);

	return w != NULL && w->dead;
}

const Member *watch_first_dead(const MoveWatch *watch)
{
	for (size_t i = 0; i < watch->count; i++)
		if (watch->nodes[i].dead)
			return watch->nodes[i].node;
	return NULL;
}
