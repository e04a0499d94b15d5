#include "ops/members.h"

#include <stdio.h>
#include <string.h>

#include "io/asset.h"
#include "run/operation.h"
#include "util/str.h"

const Node *members_described(const Session *session, const char *host, int port)
{
	const Cluster *cluster = session->cluster;

	for (size_t i = 0; i < cluster->node_count; i++)
		if (session_port(session, &cluster->nodes[i]) == port && strcmp(cluster->nodes[i].host, host) == 0)
			return &cluster->nodes[i];
	return NULL;
}

bool members_read(const Session *session, Pg *pg, Arena *arena, Members *members, Err *err)
{
	PgRows *rows = pg_query(pg, asset_text("sql/query/members.sql"), 0, NULL, err);

	if (rows == NULL)
		return false;
	members->count = (size_t) pg_row_count(rows);
	members->items = arena_array(arena, members->count, sizeof(Member));
	for (int i = 0; i < pg_row_count(rows); i++) {
		const char *host = arena_strdup(arena, pg_value(rows, i, 2));
		int port = (int) pg_int(rows, i, 3);
		const Node *node = members_described(session, host, port);

		members->items[i] = (Member) {
			.name = node != NULL ? node->name : arena_printf(arena, "%s:%d", host, port),
			.described = node,
			.host = host,
			.port = port,
			.id = pg_int(rows, i, 0),
			.group = pg_int(rows, i, 1),
			.active = pg_bool(rows, i, 4),
			.takes_shards = pg_bool(rows, i, 5),
			.capacity = node != NULL ? node->capacity : 1,
			.shards = pg_int(rows, i, 6),
			.reference_copies = pg_int(rows, i, 7),
		};
	}
	pg_rows_free(rows);
	return true;
}

const Member *members_find(const Members *members, const char *name)
{
	const char *colon = strrchr(name, ':');

	for (size_t i = 0; i < members->count; i++)
		if (strcmp(members->items[i].name, name) == 0)
			return &members->items[i];
	for (size_t i = 0; i < members->count && colon != NULL; i++) {
		const Member *member = &members->items[i];
		char port[16];

		snprintf(port, sizeof(port), "%d", member->port);
		if (strlen(member->host) == (size_t) (colon - name) &&
		    strncmp(member->host, name, strlen(member->host)) == 0 && strcmp(colon + 1, port) == 0)
			return member;
	}
	return NULL;
}

const Member *members_find_node(const Members *members, const Node *node)
{
	for (size_t i = 0; i < members->count; i++)
		if (members->items[i].described == node)
			return &members->items[i];
	return NULL;
}

bool removed_read(Pg *pg, Arena *arena, RemovedList *list, Err *err)
{
	bool there = false;

	*list = (RemovedList) {0};
	if (!pg_query_bool(pg, asset_text("sql/query/removed_exists.sql"), 0, NULL, &there, err))
		return false;
	if (!there)
		return true;

	PgRows *rows = pg_query(pg, asset_text("sql/query/removed_nodes.sql"), 0, NULL, err);

	if (rows == NULL)
		return false;
	list->count = (size_t) pg_row_count(rows);
	list->items = arena_array(arena, list->count, sizeof(Removed));
	for (int i = 0; i < pg_row_count(rows); i++)
		list->items[i] = (Removed) {
			.name = arena_strdup(arena, pg_value(rows, i, 0)),
			.host = arena_strdup(arena, pg_value(rows, i, 1)),
			.port = (int) pg_int(rows, i, 2),
			.operator = arena_strdup(arena, pg_value(rows, i, 3)),
			.when = arena_strdup(arena, pg_value(rows, i, 4)),
			.fenced = pg_bool(rows, i, 5),
		};
	pg_rows_free(rows);
	return true;
}

const Removed *removed_find(const RemovedList *list, const Session *session, const Node *node)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].port == session_port(session, node) && strcmp(list->items[i].host, node->host) == 0)
			return &list->items[i];
	return NULL;
}

PgTarget member_target(const Session *session, const Member *member)
{
	const Cluster *cluster = session->cluster;
	const Node *node = member->described != NULL ? member->described : &cluster->nodes[0];
	PgTarget target = session_superuser(session, node, cluster->postgres.database);

	if (member->described != NULL)
		return target;
	target.node = member->name;
	if (cluster->deploy != DEPLOY_LOCAL)
		target.host = member->host;
	target.remote = session_stranger(session, member->host); /* never by way of another node's host */
	target.port = member->port;
	return target;
}

bool removed_refuse(const Session *session, Pg *pg, Err *err)
{
	const Cluster *cluster = session->cluster;
	Arena *scratch = arena_new();
	RemovedList list;
	bool ok = removed_read(pg, scratch, &list, err);

	for (size_t i = 1; ok && i < cluster->node_count; i++) {
		const Node *node = &cluster->nodes[i];
		const Removed *removed = removed_find(&list, session, node);

		if (removed == NULL || (session->only != NULL && !session->only[i]) || (session->welcome != NULL && session->welcome[i]))
			continue;
		err_set(err, ERR_REFUSED, "node \"%s\" was removed from the cluster (%s, by %s), and the description still "
		        "lists it", node->name, removed->when, removed->operator);
		err_hint(err, "Take it out of \"workers\", or bring it back as an empty node: citusctl node add %s",
		         node->name);
		ok = err_node(err, node->name);
	}
	arena_free(scratch);
	return ok;
}

bool removed_refuse_early(const Session *session, Err *err)
{
	Pg *pg = operation_pg(session);

	return pg == NULL || removed_refuse(session, pg, err);
}
