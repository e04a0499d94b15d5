#include "ops/check.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "io/asset.h"
#include "ops/check_judge.h"
#include "ops/members.h"
#include "util/clock.h"

/* What the threads share: each takes the next node. */
typedef struct Examination {
	Session *session;
	Arena **arenas; /* one a node */
	Examined *nodes;
	atomic_size_t next;
	bool logins; /* the second pass */
} Examination;

static void *examine_some(void *arg)
{
	Examination *e = arg;
	size_t count = e->session->cluster->node_count;
	size_t i = 0;

	while ((i = atomic_fetch_add(&e->next, 1)) < count && !clock_interrupted()) {
		if (e->logins)
			examine_logins(e->session, &e->nodes[i], e->nodes, e->arenas[i]);
		else
			examine_node(e->session, &e->session->cluster->nodes[i], e->arenas[i], &e->nodes[i]);
	}
	return NULL;
}

/* This thread works too. */
static void examine_all(Examination *e)
{
	pthread_t threads[64];
	size_t wanted = (size_t) (e->session->jobs > 0 ? e->session->jobs : 1);
	size_t started = 0;

	if (wanted > e->session->cluster->node_count)
		wanted = e->session->cluster->node_count;
	if (wanted > 64)
		wanted = 64;
	atomic_store(&e->next, 0);
	while (started + 1 < wanted && pthread_create(&threads[started], NULL, examine_some, e) == 0)
		started++;
	examine_some(e);
	for (size_t i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
}

/* What the coordinator knows of the nodes; without it there is nothing to compare. */
static bool judge_registration(Session *session, Check *check, const Examined nodes[], Arena *arena, Err *err)
{
	PgTarget target = session_superuser(session, &session->cluster->nodes[0], session->cluster->postgres.database);
	Members members = {NULL, 0};
	RemovedList removed = {NULL, 0};
	bool there = false;
	Pg *pg = nodes[0].is_up ? pg_open(&target, err) : NULL;

	if (pg == NULL) {
		err_clear(err);
		return clock_go_on(err);
	}

	bool ok = pg_query_bool(pg, asset_text("sql/query/bookkeeping_exists.sql"), 0, NULL, &there, err);

	if (ok && there)
		ok = members_read(session, pg, arena, &members, err) && removed_read(pg, arena, &removed, err);
	pg_close(pg);
	if (ok && there)
		check_judge_members(session, check, arena, nodes, &members, &removed);
	return ok;
}

bool check_run(Session *session, Arena *arena, Check *check, Err *err)
{
	size_t count = session->cluster->node_count;
	Examination e = {.session = session};
	bool ok = true;

	/* A port that is described counts before init has claimed it. */
	for (size_t i = 0; i < count; i++)
		if (session->places[i].port == 0)
			session->places[i].port = session->cluster->nodes[i].port;

	*check = (Check) {.logins = arena_array(arena, count * count, sizeof(int))};
	e.arenas = arena_array(arena, count, sizeof(Arena *));
	e.nodes = arena_array(arena, count, sizeof(Examined));
	for (size_t i = 0; i < count; i++)
		e.arenas[i] = arena_new();

	examine_all(&e);
	e.logins = true;
	examine_all(&e);
	ok = clock_go_on(err);
	if (ok) {
		check_judge(session, check, arena, e.nodes);
		ok = judge_registration(session, check, e.nodes, arena, err);
	}
	for (size_t i = 0; i < count; i++) {
		err_clear(&e.nodes[i].failure);
		arena_free(e.arenas[i]);
	}
	return ok;
}
