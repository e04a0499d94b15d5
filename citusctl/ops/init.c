#include "ops/init.h"

#include <dirent.h>
#include <string.h>
#include <unistd.h>

#include "io/asset.h"
#include "ops/drift.h"
#include "ops/engine.h"
#include "ops/init_none.h"
#include "ops/init_sql.h"
#include "ops/provision.h"
#include "ops/server.h"
#include "run/operation.h"
#include "util/clock.h"
#include "util/str.h"

#define HALF_MADE ".new."

static bool has_data(Host *host, const char *data)
{
	return shell_exists(host->shell, arena_printf(host->arena, "%s/PG_VERSION", data));
}

static bool find_postgres(Host *host, Outcome *outcome, Err *err)
{
	Session *session = host->session;

	*outcome = OUTCOME_UNCHANGED;
	if (!session_find_postgres(session, err))
		return false;
	host_say(host, "PostgreSQL %d, engine %s: %s", session->pg_major, engine_name(session->engine),
	         session->engine_reason);
	return host->dry || session_remember(session, err);
}

/*
 * What is half made has a name that no other run uses: an initdb or cp that
 * outlives a killed citusctl goes on in its own directory, not in ours.
 */
static const char *half_made(const Host *host, const char *name)
{
	return arena_printf(host->arena, "%s/%s" HALF_MADE "%ld", host->session->base, name, (long) getpid());
}

/* Removes what killed runs left half made; what is still being written stays
 * for the next time. */
static void remove_half_made(Host *host)
{
	DIR *directory = opendir(host->session->base);
	const struct dirent *entry = NULL;
	Err ignored = ERR_INIT;

	while (directory != NULL && (entry = readdir(directory)) != NULL) {
		if (strstr(entry->d_name, HALF_MADE) == NULL)
			continue;

		Server server = {.data = arena_printf(host->arena, "%s/%s", host->session->base, entry->d_name)};

		if (!server_kill(&server, &ignored) || !shell_remove(host->shell, server.data, &ignored))
			err_clear(&ignored);
	}
	if (directory != NULL)
		closedir(directory);
}

/* A node that has no data yet: its port is reserved, and nothing listens there. */
static const Node *seed_node(Host *host)
{
	const Session *session = host->session;

	for (size_t i = 0; i < session->cluster->node_count; i++)
		if (!has_data(host, session->places[i].data))
			return &session->cluster->nodes[i];
	return host->node;
}

/* The data directory that all nodes' are cloned from: initdb once, not N times. */
static Server seed_server(Host *host, bool done)
{
	Session *session = host->session;

	return (Server) {
		.data = done ? arena_printf(host->arena, "%s/.seed", session->base) : half_made(host, ".seed"),
		.log = arena_printf(host->arena, "%s/seed.log", session->base),
		.port = done ? 0 : session_port(session, seed_node(host)),
		/* Until it has stopped and all of it is on disk nobody takes it for a seed. */
		.options = "-c fsync=off -c full_page_writes=off -c autovacuum=off",
	};
}

static bool fill_seed(Host *host, Err *err)
{
	bool changed = false;
	Pg *pg = NULL;
	bool ok = init_role_and_database(host, &changed, err) && (pg = host_pg(host, err)) != NULL &&
	          engine_install(pg, host->session->engine, &changed, err) &&
	          pg_run(pg, asset_text(engine_traits(host->session->engine)->seed_identity), 0, NULL, err);

	host_disconnect(host);
	return ok;
}

/* For the time being the host is that of the node whose port the seed has: where nodes are
 * added the coordinator's own server runs, and is not meant. */
static bool make_seed(Host *host, Err *err)
{
	const Node *node = host->node;
	Server fresh = seed_server(host, false);
	Err ignored = ERR_INIT;

	host_disconnect(host);
	host->node = seed_node(host);

	bool ok = server_create(host, &fresh, err) && server_start(host, &fresh, err) && fill_seed(host, err);

	/* Also after a failure or Ctrl-C no server of ours stays behind. */
	if (ok)
		ok = server_stop(host, &fresh, err);
	else if (!server_kill(&fresh, &ignored))
		err_clear(&ignored);
	host->node = node;
	return ok && shell_sync(host->shell, fresh.data, err) &&
	       shell_rename(host->shell, fresh.data, seed_server(host, true).data, err);
}

static bool ensure_seed(Host *host, Outcome *outcome, Err *err)
{
	Session *session = host->session;
	bool complete = true;

	for (size_t i = 0; i < session->cluster->node_count; i++)
		complete = complete && has_data(host, session->places[i].data);
	if (complete)
		return true;
	*outcome = OUTCOME_CHANGED;
	if (!host->dry)
		remove_half_made(host);

	bool ok = host->dry || has_data(host, seed_server(host, true).data) || make_seed(host, err);

	host_say(host, "initdb, role, database, engine");
	return ok;
}

/* A directory that is there without being a data directory is somebody else's. */
static bool place_is_usable(Host *host, const char *data, Err *err)
{
	if (!shell_exists(host->shell, data))
		return true;
	err_set(err, ERR_REFUSED, "\"%s\" is there and is not a data directory of this cluster", data);
	return err_hint(err, "Move it away and run the command again.");
}

/* A worker's is a copy of the seed, the coordinator's in the end the seed itself. */
static bool ensure_data(Host *host, Outcome *outcome, Err *err)
{
	const Place *place = session_place(host->session, host->node);
	const char *const copy[] = {"cp", "-R", "-T", "--reflink=auto", seed_server(host, true).data,
	                            half_made(host, host->node->name), NULL};

	if (has_data(host, place->data))
		return true;
	*outcome = OUTCOME_CHANGED;
	host->missing = host->dry;
	host_say(host, "%s", place->data);
	return place_is_usable(host, place->data, err) &&
	       (host->dry || host->node->is_coordinator || shell_run_ok(host->shell, copy, NULL, err));
}

/* Copies get their names when they are on disk: what has its name is complete,
 * whatever happens to the machine. */
static bool ensure_in_place(Host *host, Outcome *outcome, Err *err)
{
	Session *session = host->session;
	const Cluster *cluster = session->cluster;
	size_t made = 0;
	bool ok = true;

	for (size_t i = 0; ok && i < cluster->node_count; i++) {
		const char *copy = cluster->nodes[i].is_coordinator ? seed_server(host, true).data
		                                                    : half_made(host, cluster->nodes[i].name);

		if (has_data(host, session->places[i].data) || (!host->dry && !has_data(host, copy)))
			continue; /* there already, or not a node of this plan */
		if (made++ == 0 && !host->dry)
			ok = shell_sync(host->shell, session->base, err);
		ok = ok && (host->dry || shell_rename(host->shell, copy, session->places[i].data, err));
	}
	if (made > 0) {
		*outcome = OUTCOME_CHANGED;
		host_say(host, "%zu node%s", made, made == 1 ? "" : "s");
	}
	return ok;
}

static bool ensure_settings(Host *host, Outcome *outcome, Err *err)
{
	Server server = server_of(host);
	ShellFile files[SERVER_FILES];
	bool changed = host->missing;

	if (!host->missing && !(server_files(host, &server, files, err) &&
	                        (host->dry ? drift_files(host, files, SERVER_FILES, &changed, err)
	                                   : shell_put_all(host->shell, files, SERVER_FILES, &changed, err))))
		return false;
	if (changed)
		*outcome = OUTCOME_CHANGED;
	return true;
}

/* Rules of who may log in that were spoilt and written anew are not loaded yet. */
static Pg *get_in(Host *host, const Server *server, Err *err)
{
	Pg *pg = host_pg_started(host, err);

	for (int tries = 0; pg == NULL && !host->dry && tries < 40 && err->detail != NULL &&
	                    strstr(err->detail, "pg_hba.conf") != NULL; tries++) {
		if (tries == 0)
			server_reload(server);
		clock_sleep_ms(50);
		err_clear(err);
		pg = host_pg(host, err);
	}
	return pg;
}

/* A running server is reloaded, and restarted when a setting waits for that. */
static bool refresh_server(Host *host, const Server *server, Outcome *outcome, Err *err)
{
	Pg *pg = get_in(host, server, err);
	const char *pending = NULL;

	if (pg == NULL && host->dry && err->detail != NULL && strstr(err->detail, "pg_hba.conf") != NULL) {
		*outcome = OUTCOME_CHANGED;
		host_differs(host, true, "the server does not let its superuser in: pg_hba.conf has no line for it");
		host->missing = true;
		err_clear(err);
		return true;
	}
	if (pg == NULL || !drift_settings(host, pg, "{citusctl.conf,pg_hba.conf}", outcome, &pending, err))
		return false;
	if (pending == NULL)
		return true;
	*outcome = OUTCOME_CHANGED;
	host_say(host, "restarted for %s", pending);
	host_disconnect(host);
	if (host->node->is_coordinator)
		operation_let_go(host->session);
	return server_stop(host, server, err) && server_start(host, server, err);
}

static bool ensure_running(Host *host, Outcome *outcome, Err *err)
{
	Server server = server_of(host);

	if (host->missing) {
		*outcome = OUTCOME_CHANGED;
		return true;
	}
	if (server_pid(&server) != 0)
		return refresh_server(host, &server, outcome, err);
	*outcome = OUTCOME_CHANGED;
	host_say(host, "port %d", server.port);
	if (host->dry)
		host->missing = true;
	return host->dry || server_start(host, &server, err);
}

static bool ensure_stopped(Host *host, Outcome *outcome, Err *err)
{
	Server server = server_of(host);

	if (server_pid(&server) == 0)
		return true;
	*outcome = OUTCOME_CHANGED;
	return host->dry || server_stop(host, &server, err);
}

static bool tidy_up(Host *host, Outcome *outcome, Err *err)
{
	*outcome = OUTCOME_UNCHANGED;
	if (!host->dry)
		remove_half_made(host);
	return host->dry || !shell_exists(host->shell, seed_server(host, true).data) ||
	       shell_remove(host->shell, seed_server(host, true).data, err);
}

static const Step local_steps[] = {
	{"find PostgreSQL and the engine", ON_COORDINATOR, find_postgres},
	{"prepare a data directory", ON_COORDINATOR, ensure_seed},
	{"copy the data directory", ON_EVERY_NODE, ensure_data},
	{"put the data directories in place", ON_COORDINATOR, ensure_in_place},
	{"write the settings", ON_EVERY_NODE, ensure_settings},
	{"start the server", ON_EVERY_NODE, ensure_running},
	{"create the role and the database", ON_EVERY_NODE, init_login},
	{"install the engine", ON_EVERY_NODE, init_engine},
	{"register the nodes", ON_COORDINATOR, init_registered},
	{"apply the schema files", ON_COORDINATOR, init_schema},
	{"create the tables", ON_COORDINATOR, init_tables},
	{"register the placement rules", ON_COORDINATOR, init_placement},
	{"tidy up", ON_COORDINATOR, tidy_up},
	{0},
};

static const Step local_start_steps[] = {
	{"find PostgreSQL and the engine", ON_COORDINATOR, find_postgres},
	{"start the server", ON_EVERY_NODE, ensure_running},
	{0},
};

static const Step local_stop_steps[] = {
	{"find PostgreSQL and the engine", ON_COORDINATOR, find_postgres},
	{"stop the server", ON_EVERY_NODE, ensure_stopped},
	{0},
};

static const Step no_steps[] = {{0}};

/* What is done for each way to deploy, in the order of Deploy. */
static const struct {
	const Step *init;
	const Step *start;
	const Step *stop;
} plans[] = {
	[DEPLOY_LOCAL] = {local_steps, local_start_steps, local_stop_steps},
	[DEPLOY_SSH] = {provision_steps, provision_start_steps, provision_stop_steps},
	[DEPLOY_NONE] = {none_steps, no_steps, no_steps},
};

const Step *init_steps(const Session *session)
{
	return plans[session->cluster->deploy].init;
}

const Step *start_steps(const Session *session)
{
	return plans[session->cluster->deploy].start;
}

const Step *stop_steps(const Session *session)
{
	return plans[session->cluster->deploy].stop;
}
