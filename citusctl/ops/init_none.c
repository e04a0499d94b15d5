#include "ops/init_none.h"

#include <string.h>

#include "io/asset.h"
#include "ops/drift.h"
#include "ops/engine.h"
#include "ops/init_sql.h"
#include "util/str.h"

/* What the login of the description may do on one server. */
typedef struct Rights {
	bool superuser;
	bool creates_databases;
} Rights;

static bool read_rights(Pg *pg, Rights *rights, Err *err)
{
	PgRows *rows = pg_query(pg, asset_text("sql/query/login_rights.sql"), 0, NULL, err);

	if (rows == NULL)
		return false;
	*rights = (Rights) {pg_bool(rows, 0, 0), pg_bool(rows, 0, 1)};
	pg_rows_free(rows);
	return true;
}

/* statements: what is to be run, one a line, each with where. */
static bool needs_superuser(const Host *host, const char *what, const char *statements, Err *err)
{
	const Cluster *cluster = host->session->cluster;

	err_set(err, ERR_REFUSED, "%s takes a superuser, and \"%s\" is none", what, cluster->postgres.user);
	err_set_hint(err, "Let a superuser run this, then run the command again (or name a superuser as "
	                  "\"postgres.user\"):\n%s", statements);
	return err_node(err, host->node->name);
}

/* The detail of a login that failed is all that tells a missing database. */
static bool database_is_missing(const Err *err)
{
	return err->kind == ERR_UNREACHABLE && err->detail != NULL &&
	       strstr(err->detail, "database") != NULL && strstr(err->detail, "does not exist") != NULL;
}

static bool create_database(Host *host, Err *err)
{
	const Cluster *cluster = host->session->cluster;
	PgTarget target = session_superuser(host->session, host->node, "postgres");
	Pg *pg = pg_open(&target, err);
	Rights rights = {false, false};
	bool ok = pg != NULL && read_rights(pg, &rights, err);

	if (ok && !rights.creates_databases)
		ok = needs_superuser(host, "creating the database",
		                     arena_printf(host->arena, "  CREATE DATABASE %s OWNER %s;   -- on %s:%d",
		                                  pg_ident(pg, host->arena, cluster->postgres.database),
		                                  pg_ident(pg, host->arena, cluster->postgres.user), host->node->host,
		                                  host->node->port), err);
	else if (ok && !host->dry)
		ok = pg_exec(pg, arena_printf(host->arena, "CREATE DATABASE %s",
		                              pg_ident(pg, host->arena, cluster->postgres.database)), err);
	pg_close(pg);
	return ok;
}

static bool reach_server(Host *host, Outcome *outcome, Err *err)
{
	Rights rights = {false, false};

	if (host_pg(host, err) == NULL) {
		if (!database_is_missing(err)) {
			if (err->kind == ERR_UNREACHABLE && (err->detail == NULL || strstr(err->detail, "password") == NULL))
				err_set_hint(err, "With \"deploy\": \"none\" citusctl neither starts servers nor changes who may "
				                  "log in: see to it that the server runs and lets role \"%s\" in from here.",
				             host->session->cluster->postgres.user);
			return false;
		}
		err_clear(err);
		*outcome = OUTCOME_CHANGED;
		host_say(host, "database %s", host->session->cluster->postgres.database);
		host->missing = host->dry;
		return create_database(host, err) && (host->dry || host_pg(host, err) != NULL);
	}
	if (!read_rights(host->pg, &rights, err) || !drift_read_versions(host, host->pg, err) ||
	    !drift_described_settings(host, host->pg, err))
		return false;
	host_say(host, "PostgreSQL %d.%d, as \"%s\"%s", pg_server_version(host->pg) / 10000,
	         pg_server_version(host->pg) % 10000, host->session->cluster->postgres.user,
	         rights.superuser ? ", a superuser" : "");
	return true;
}

/* Sets the engine once for all nodes; each looks for itself whether it has it. */
static bool find_engine(Host *host, Outcome *outcome, Err *err)
{
	Session *session = host->session;

	*outcome = OUTCOME_UNCHANGED;
	if (!host->missing)
		session->pg_major = pg_server_version(host->pg) / 10000;
	host_say(host, "%s", engine_name(session->engine));
	(void) err;
	return true;
}

static bool engine_is_there(Host *host, bool *there, Err *err)
{
	Arena *arena = host->arena;
	const char *const citus[] = {"citus"};
	const char *version = NULL;

	if (host->session->engine == ENGINE_IS_EMBEDDED) {
		*there = false; /* it is compared with the files built in, by engine_install() */
		return true;
	}
	if (!pg_query_text(host->pg, asset_text("sql/query/extension_version.sql"), 1, citus, arena, &version, err))
		return false;
	*there = version != NULL;

	bool available = *there;

	if (!*there && !pg_query_bool(host->pg, asset_text("sql/query/extension_available.sql"), 1, citus,
	                              &available, err))
		return false;
	if (available)
		return true;
	err_set(err, ERR_FAILED, "Citus is not installed on the server of node \"%s\" (PostgreSQL %d)",
	        host->node->name, pg_server_version(host->pg) / 10000);
	err_hint(err, "Install its package there, put citus first in shared_preload_libraries, and restart that "
	              "server.");
	return err_node(err, host->node->name);
}

static bool install_engine(Host *host, Outcome *outcome, Err *err)
{
	Rights rights = {false, false};
	bool there = false;

	if (host->missing) {
		*outcome = OUTCOME_CHANGED;
		return true;
	}
	if (!engine_is_there(host, &there, err) || !read_rights(host->pg, &rights, err))
		return false;
	if (rights.superuser && host->dry && !there && host->session->engine == ENGINE_IS_CITUS) {
		*outcome = OUTCOME_CHANGED;
		host->missing = true;
		return true;
	}
	if (rights.superuser)
		return init_engine(host, outcome, err) ||
		       err_hint(err, "citus has to be first in shared_preload_libraries of that server.");
	if (there)
		return true;
	if (host->session->engine == ENGINE_IS_EMBEDDED)
		return needs_superuser(host, "installing the embedded engine", "  (its SQL files)", err);
	return needs_superuser(host, "creating the extension",
	                       arena_printf(host->arena, "  CREATE EXTENSION citus;   -- in database %s on %s:%d",
	                                    host->session->cluster->postgres.database, host->node->host,
	                                    host->node->port), err);
}

/* The statements for the nodes that are not registered yet, "" when all are. */
static bool missing_registrations(Host *host, Str *statements, Err *err)
{
	const Cluster *cluster = host->session->cluster;
	bool ok = true;

	for (size_t i = 0; ok && i < cluster->node_count; i++) {
		const Node *node = &cluster->nodes[i];
		const char *const address[] = {node->host, arena_printf(host->arena, "%d", node->port)};
		bool there = false;

		if (host->session->only != NULL && !host->session->only[i])
			continue;
		ok = pg_query_bool(host->pg, asset_text(node->is_coordinator ? "sql/query/coordinator_is_set.sql"
		                                                             : "sql/query/worker_is_added.sql"),
		                   2, address, &there, err);
		if (ok && !there)
			str_printf(statements, "  SELECT %s(%s, %d);\n",
			           node->is_coordinator ? "citus_set_coordinator_host" : "citus_add_node",
			           pg_literal(host->pg, host->arena, node->host), node->port);
	}
	return ok;
}

/* Citus logs in to the other nodes as the role that works, and for its own work as
 * the one that owns the extension: both need credentials there. */
static bool explain_login(Err *err)
{
	if (err->message == NULL || strstr(err->message, "connection to the remote node") == NULL)
		return false;
	return err_set_hint(err, "The message says as which role (role@host:port) a node logs in to another; the owner of "
	                         "the extension is one of them.  A superuser gives it a password on every node with\n"
	                         "  INSERT INTO pg_dist_authinfo VALUES (0, 'ROLE', 'password=...');\n"
	                         "or the other node's pg_hba.conf has to let it in.");
}

static bool register_nodes(Host *host, Outcome *outcome, Err *err)
{
	Rights rights = {false, false};
	Str statements = STR_INIT;

	if (host->missing) {
		*outcome = OUTCOME_CHANGED;
		return true;
	}

	bool ok = read_rights(host->pg, &rights, err) && (rights.superuser || missing_registrations(host, &statements, err));

	if (ok && *str_text(&statements) != '\0')
		ok = needs_superuser(host, "registering nodes",
		                     arena_printf(host->arena, "%s  -- in database %s on the coordinator, %s:%d",
		                                  str_text(&statements), host->session->cluster->postgres.database,
		                                  host->node->host, host->node->port), err);
	str_free(&statements);
	return ok && (init_registered(host, outcome, err) || explain_login(err));
}

static bool apply_schema(Host *host, Outcome *outcome, Err *err)
{
	return init_schema(host, outcome, err) || explain_login(err);
}

static bool create_tables(Host *host, Outcome *outcome, Err *err)
{
	return init_tables(host, outcome, err) || explain_login(err);
}

const Step none_steps[] = {
	{"reach the server", ON_EVERY_NODE, reach_server},
	{"find the engine", ON_COORDINATOR, find_engine},
	{"install the engine", ON_EVERY_NODE, install_engine},
	{"register the nodes", ON_COORDINATOR, register_nodes},
	{"apply the schema files", ON_COORDINATOR, apply_schema},
	{"create the tables", ON_COORDINATOR, create_tables},
	{"register the placement rules", ON_COORDINATOR, init_placement},
	{0},
};
