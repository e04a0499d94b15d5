#include "ops/node_list.h"

#include <string.h>

#include "io/asset.h"
#include "ops/members.h"
#include "util/clock.h"

static const Member *member_at(const Members *members, const NodeStatus *status)
{
	for (size_t i = 0; i < members->count; i++)
		if (members->items[i].port == status->port && strcmp(members->items[i].host, status->host) == 0)
			return &members->items[i];
	return NULL;
}

/* A server that does not answer in time has nothing to say; that is no error. */
static void read_facts(const Session *session, const Member *member, Arena *arena, NodeInfo *info)
{
	PgTarget target = member_target(session, member);
	Err ignored = ERR_INIT;

	target.timeout_s = 2;

	Pg *pg = pg_open(&target, &ignored);
	PgRows *rows = pg != NULL ? pg_query(pg, asset_text("sql/query/server_facts.sql"), 0, NULL, &ignored) : NULL;

	if (rows != NULL) {
		const char *version = arena_strdup(arena, pg_value(rows, 0, 0));

		info->postgres = arena_strndup(arena, version, strcspn(version, " "));
		info->engine = arena_strdup(arena, pg_value(rows, 0, 1));
		info->since = arena_strdup(arena, pg_value(rows, 0, 2));
	}
	pg_rows_free(rows);
	pg_close(pg);
	err_clear(&ignored);
}

bool node_list_read(const Session *session, Arena *arena, NodeList *list, Err *err)
{
	PgTarget target = session_superuser(session, &session->cluster->nodes[0], session->cluster->postgres.database);
	Status status;
	Members members = {NULL, 0};

	if (!status_read(session, arena, &status, err))
		return false;

	Pg *pg = pg_open(&target, err);
	bool ok = pg != NULL && members_read(session, pg, arena, &members, err);

	pg_close(pg);
	list->count = ok ? status.node_count : 0;
	list->items = arena_array(arena, list->count, sizeof(NodeInfo));
	for (size_t i = 0; i < list->count; i++) {
		const Member *member = member_at(&members, &status.nodes[i]);

		list->items[i].status = &status.nodes[i];
		if (member == NULL)
			continue;
		list->items[i].takes_shards = member->takes_shards;
		if (strcmp(status.nodes[i].state, "down") != 0)
			read_facts(session, member, arena, &list->items[i]);
	}
	return ok && clock_go_on(err);
}
