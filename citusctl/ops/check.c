#include "ops/check.h"

#include <stdlib.h>
#include <string.h>

#include "io/asset.h"
#include "ops/check_judge.h"
#include "ops/members.h"
#include "run/each.h"
#include "util/clock.h"

/* What the threads share. */
typedef struct Examination {
	Session *session;
	Arena **arenas; /* one a node */
	Examined *nodes;
} Examination;

static void look_at(void *context, size_t i)
{
	Examination *e = context;

	examine_node(e->session, &e->session->cluster->nodes[i], e->arenas[i], &e->nodes[i]);
}

static void log_in_from(void *context, size_t i)
{
	Examination *e = context;

	examine_logins(e->session, &e->nodes[i], e->nodes, e->arenas[i]);
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

	each_node(session, NULL, look_at, &e);
	each_node(session, NULL, log_in_from, &e);
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
