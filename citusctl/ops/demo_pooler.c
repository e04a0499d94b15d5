#include "ops/demo_pooler.h"

#include <unistd.h>

#include "io/asset.h"
#include "io/tmpl.h"
#include "run/ports.h"
#include "util/quote.h"

/* Room for those that look beside those that work. */
#define MORE_CLIENTS 20

#define PORT_FIRST 6432
#define PORT_LAST 6999
#define PROBE_TIMEOUT_S 2

static bool probe(const PgTarget *target, Err *err)
{
	PgTarget copy = *target;

	copy.timeout_s = PROBE_TIMEOUT_S;

	Pg *pg = pg_open(&copy, err);

	pg_close(pg);
	return pg != NULL;
}

static bool is_up(void *arg)
{
	const PoolerServer *server = arg;
	Err ignored = ERR_INIT;
	bool up = probe(&server->console, &ignored);

	err_clear(&ignored);
	return up;
}

/* As the server keeps it: with that PgBouncer lets clients in, and logs in for them. */
static bool write_users(const Beside *beside, Err *err)
{
	Session *session = beside->session;
	const Cluster *cluster = session->cluster;
	PgTarget admin = session_superuser(session, cluster_coordinator(cluster), cluster->postgres.database);
	const char *const role[] = {cluster->postgres.user};
	const char *verifier = NULL;
	Pg *pg = pg_open(&admin, err);
	bool ok = pg != NULL && pg_query_text(pg, asset_text("sql/query/role_verifier.sql"), 1, role, session->arena, &verifier,
	                                      err);

	pg_close(pg);
	return ok && beside_put(beside, "users", arena_printf(session->arena, "%s \"%s\"\n", quote_hba(session->arena, role[0]),
	                                                      verifier != NULL ? verifier : ""), err);
}

static bool write_settings(const PoolerServer *server, int clients, int pool_size, Err *err)
{
	const Beside *beside = &server->beside;
	const Session *session = beside->session;
	Arena *arena = session->arena;
	const Node *coordinator = cluster_coordinator(session->cluster);
	const TmplValue values[] = {
		{"host", coordinator->host},
		{"server_port", arena_printf(arena, "%d", session_port(session, coordinator))},
		{"port", arena_printf(arena, "%d", server->clients.port)},
		{"clients", arena_printf(arena, "%d", clients + MORE_CLIENTS)},
		{"pool_size", arena_printf(arena, "%d", pool_size)},
		{"directory", beside->directory},
		{"user", session->cluster->postgres.user},
		{NULL, NULL},
	};
	const char *text = tmpl_render(arena, "pgbouncer_demo.ini.tmpl", asset_text("templates/pgbouncer_demo.ini.tmpl"), values,
	                               err);

	return text != NULL && beside_put(beside, "pgbouncer.ini", text, err);
}

/* *reserved keeps it from other demos that look for one, until the pooler listens there. */
static int find_port(int *reserved)
{
	int port = PORT_FIRST;

	while ((*reserved = port_reserve(port)) < 0 && port < PORT_LAST)
		port++;
	return port;
}

static void set_address(PoolerServer *server, Session *session, int port)
{
	server->clients = session_app(session, cluster_coordinator(session->cluster));
	server->clients.node = "pooler";
	server->clients.port = port;
	server->console = server->clients;
	server->console.database = "pgbouncer";
	server->where = arena_printf(session->arena, "%s:%d", server->clients.host, port);
}

static bool start_own(PoolerServer *server, Session *session, int clients, int pool_size, Err *err)
{
	Beside *beside = &server->beside;
	int reserved = -1;

	server->is_own = true;
	if (!beside_open(beside, session, "pooler", err))
		return false;
	set_address(server, session, find_port(&reserved));

	const char *program = beside_find(beside, "pgbouncer", "pgbouncer", err);
	const char *const argv[] = {program, "-d", beside_path(beside, "pgbouncer.ini"), NULL};

	bool ok = program != NULL && write_users(beside, err) && write_settings(server, clients, pool_size, err) &&
	          beside_start(beside, argv, is_up, server, err);

	if (reserved >= 0)
		close(reserved);
	return ok;
}

bool pooler_server_start(PoolerServer *server, Session *session, int clients, int pool_size, Err *err)
{
	*server = (PoolerServer) {.is_own = false};
	if (session->cluster->deploy == DEPLOY_LOCAL)
		return start_own(server, session, clients, pool_size, err);
	if (session->cluster->pooler_port == 0) {
		err_set(err, ERR_USAGE, "--pooler: the description has no \"pooler\"");
		return err_hint(err, "Add \"pooler\": {\"port\": 6432} and run \"citusctl init\"; only for a local cluster one is started.");
	}
	set_address(server, session, session->cluster->pooler_port);
	return probe(&server->clients, err) ||
	       err_set_hint(err, "Is PgBouncer running there?  \"citusctl init\" starts the described one.");
}

bool pooler_server_stop(PoolerServer *server, Err *err)
{
	return !server->is_own || beside_stop(&server->beside, err);
}
