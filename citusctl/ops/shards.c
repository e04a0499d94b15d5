#include "ops/shards.h"

#include <string.h>

#include "io/asset.h"
#include "model/table_name.h"
#include "util/str.h"

/* Names are looked up as the application role finds them. */
static Pg *connect_app(const Session *session, Err *err)
{
	PgTarget target = session_app(session, cluster_coordinator(session->cluster));

	return pg_open(&target, err);
}

static bool quoted(Pg *pg, const char *table, Arena *arena, const char **name, Err *err)
{
	const char *schema = NULL;
	const char *bare = NULL;
	const char *problem = NULL;

	if (!table_name_parse(arena, table, &schema, &bare, &problem))
		return err_set(err, ERR_USAGE, "\"%s\" is no name of a table: it %s", table, problem);
	*name = pg_qualified(pg, arena, schema, bare);
	return true;
}

static bool read_colocation(Pg *pg, const char *table, const char *name, int64_t *colocation, Err *err)
{
	PgRows *rows = pg_query(pg, asset_text("sql/query/shard_table_group.sql"), 1, &name, err);
	bool ok = rows != NULL;

	if (ok && pg_row_count(rows) == 0) {
		ok = err_set(err, ERR_USAGE, "there is no table \"%s\"", table);
		err_hint(err, "\"citusctl status\" lists the tables that are distributed.");
	} else if (ok && (*colocation = pg_int(rows, 0, 0)) == 0) {
		ok = err_set(err, ERR_USAGE, "table \"%s\" is not distributed", table);
		err_hint(err, "Reference tables stand on every node; other tables stand on the coordinator.");
	}
	pg_rows_free(rows);
	return ok;
}

bool shards_colocation(const Session *session, const char *table, Arena *arena, int64_t *colocation, Err *err)
{
	Pg *pg = connect_app(session, err);
	const char *name = NULL;
	bool ok = pg != NULL && quoted(pg, table, arena, &name, err) &&
	          read_colocation(pg, table, name, colocation, err);

	pg_close(pg);
	return ok;
}

static const char *name_of_node(const Session *session, Arena *arena, const char *host, int port)
{
	const Cluster *cluster = session->cluster;

	for (size_t i = 0; i < cluster->node_count; i++)
		if (session_port(session, &cluster->nodes[i]) == port && strcmp(cluster->nodes[i].host, host) == 0)
			return cluster->nodes[i].name;
	return arena_printf(arena, "%s:%d", host, port);
}

static bool read_place(const Session *session, Pg *pg, const char *table, const char *name, const char *key,
                       Arena *arena, ShardPlace *place, Err *err)
{
	PgRows *rows = pg_query(pg, asset_text("sql/query/shard_locate.sql"), 2, (const char *const[]) {name, key}, err);
	bool ok = rows != NULL && pg_row_count(rows) > 0;

	if (rows == NULL && str_starts(err->sqlstate, "22")) {
		err->kind = ERR_USAGE;
		err_set_hint(err, "The key is a value of the column that \"%s\" is distributed by.", table);
	} else if (rows != NULL && !ok) {
		err_set(err, ERR_FAILED, "the shard of \"%s\" for this key stands on no node", table);
	}
	if (ok)
		*place = (ShardPlace) {
			.shard = pg_int(rows, 0, 0),
			.group = pg_int(rows, 0, 1),
			.node = name_of_node(session, arena, pg_value(rows, 0, 2), (int) pg_int(rows, 0, 3)),
			.host = arena_strdup(arena, pg_value(rows, 0, 2)),
			.port = (int) pg_int(rows, 0, 3),
		};
	pg_rows_free(rows);
	return ok;
}

bool shards_locate(const Session *session, const char *table, const char *key, Arena *arena, ShardPlace *place,
                   Err *err)
{
	Pg *pg = connect_app(session, err);
	const char *name = NULL;
	int64_t colocation = 0;
	bool ok = pg != NULL && quoted(pg, table, arena, &name, err) &&
	          read_colocation(pg, table, name, &colocation, err) &&
	          read_place(session, pg, table, name, key, arena, place, err);

	pg_close(pg);
	return ok;
}

bool shards_list(const Session *session, Arena *arena, Snapshot *snapshot, Err *err)
{
	PgTarget target = session_superuser(session, cluster_coordinator(session->cluster),
	                                    session->cluster->postgres.database);
	Pg *pg = pg_open(&target, err);
	bool ok = pg != NULL && snapshot_read(session, pg, arena, snapshot, err);

	pg_close(pg);
	return ok;
}
