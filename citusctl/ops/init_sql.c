#include "ops/init_sql.h"

#include "io/asset.h"
#include "ops/drift.h"
#include "ops/engine.h"
#include "ops/members.h"
#include "ops/placement.h"
#include "ops/tables.h"
#include "ops/upkeep.h"
#include "run/operation.h"
#include "util/clock.h"
#include "util/quote.h"
#include "util/str.h"

static bool logs_in(const PgTarget *target)
{
	Err ignored = ERR_INIT;
	Pg *pg = pg_open(target, &ignored);
	bool does = pg != NULL;

	pg_close(pg);
	err_clear(&ignored);
	return does;
}

static void say_more(Host *host, const char *what, const char *name)
{
	host_say(host, "%s%s%s %s", host->said != NULL ? host->said : "", host->said != NULL ? ", " : "", what, name);
}

/* On a server that was there before the cluster: whoever uses the role knows its password. */
static bool role_is_used(const char *role, Err *err)
{
	err_set(err, ERR_REFUSED, "role \"%s\" was there before the server was taken over, and has another password than the one "
	        "known here", role);
	return err_hint(err, "Say its password (\"postgres.password\" of the description), name another \"postgres.user\", or give the "
	                     "role a new password by hand.");
}

static bool ensure_role(Host *host, Pg *pg, bool *changed, Err *err)
{
	Session *session = host->session;
	const char *role = session->cluster->postgres.user;
	const char *mend = NULL;
	bool exists = false;

	if (!pg_query_bool(pg, asset_text("sql/query/role_exists.sql"), 1, (const char *const[]) {role},
	                   &exists, err) ||
	    !drift_role(host, pg, &mend, err) || (mend != NULL && !host->dry && !pg_exec(pg, mend, err)))
		return false;
	*changed = *changed || mend != NULL;
	if (exists) {
		PgTarget target = session_app(session, host->node);

		target.database = "postgres";
		if ((mend != NULL && host->dry) || logs_in(&target))
			return true;
		if (session_place(session, host->node)->adopted)
			return role_is_used(role, err);
		host_differs(host, true, "role \"%s\" does not log in with the password that is known here", role);
	}
	*changed = true;
	say_more(host, "role", role);

	/* Citus sends role commands on to the workers; each node is seen to here. */
	const char *sql = arena_printf(
		host->arena, "%s ROLE %s LOGIN PASSWORD %s", exists ? "ALTER" : "CREATE",
		pg_ident(pg, host->arena, role),
		pg_literal(pg, host->arena, pg_encrypt_password(pg, host->arena, role, session->password)));

	return host->dry || pg_exec(pg, sql, err);
}

static bool ensure_database(Host *host, Pg *pg, bool *changed, Err *err)
{
	const char *database = host->session->cluster->postgres.database;
	bool exists = false;

	if (!pg_query_bool(pg, asset_text("sql/query/database_exists.sql"), 1,
	                   (const char *const[]) {database}, &exists, err))
		return false;
	if (exists)
		return true;
	*changed = true;
	say_more(host, "database", database);
	host->missing = host->dry;

	const char *locale = host->session->locale;

	return host->dry ||
	       pg_exec(pg, arena_printf(host->arena, "CREATE DATABASE %s OWNER %s%s%s",
	                                pg_ident(pg, host->arena, database),
	                                pg_ident(pg, host->arena, host->session->cluster->postgres.user),
	                                locale != NULL ? " TEMPLATE template0 ENCODING 'UTF8' LOCALE " : "",
	                                locale != NULL ? pg_literal(pg, host->arena, locale) : ""), err);
}

/* Role and database are made from the maintenance database. */
bool init_role_and_database(Host *host, bool *changed, Err *err)
{
	PgTarget target = session_superuser(host->session, host->node, "postgres");
	Pg *pg = pg_open(&target, err);
	bool ok = pg != NULL && ensure_role(host, pg, changed, err) && ensure_database(host, pg, changed, err);

	pg_close(pg);
	return ok;
}

/* Attributes that somebody gave the role, or another owner of the database. */
static bool mend_role(Host *host, Pg *app, bool *changed, Err *err)
{
	const char *statements = NULL;

	if (!drift_role(host, app, &statements, err))
		return false;
	*changed = statements != NULL;
	if (statements != NULL)
		host_say(host, "rights of the role");
	return statements == NULL || host->dry || (host_pg(host, err) != NULL && pg_exec(host->pg, statements, err));
}

bool init_login(Host *host, Outcome *outcome, Err *err)
{
	bool changed = false;
	Err ignored = ERR_INIT;

	if (host->missing) {
		*outcome = OUTCOME_CHANGED;
		return true;
	}

	Pg *app = host->fresh ? NULL : host_app(host, &ignored);
	bool ok = app != NULL ? mend_role(host, app, &changed, err) : init_role_and_database(host, &changed, err);

	err_clear(&ignored);
	if (!host->node->is_coordinator || changed)
		host_disconnect_app(host); /* the coordinator's is that of the tables */
	if (changed)
		*outcome = OUTCOME_CHANGED;
	return ok;
}

/* What the nodes log in to each other with as one role. */
static bool ensure_authinfo(Host *host, Pg *pg, const char *role, const char *password, bool *changed,
                            Err *err)
{
	const char *wanted = arena_printf(host->arena, "password=%s", quote_conninfo(host->arena, password));
	const char *const values[] = {role, wanted};
	const char *known = NULL;

	if (!pg_query_text(pg, asset_text("sql/query/authinfo_get.sql"), 1, values, host->arena, &known, err))
		return false;
	if (str_equal(known, wanted))
		return true;
	*changed = true;
	if (known != NULL)
		host_differs(host, true, "what role \"%s\" of this node logs in to the others with is not the password known here", role);
	return host->dry ||
	       (pg_exec(pg, "BEGIN", err) &&
	        pg_run(pg, asset_text("sql/query/hide_parameters.sql"), 0, NULL, err) &&
	        pg_run(pg, asset_text("sql/query/authinfo_delete.sql"), 1, values, err) &&
	        pg_run(pg, asset_text("sql/query/authinfo_insert.sql"), 2, values, err) &&
	        pg_exec(pg, "COMMIT", err));
}

bool init_engine(Host *host, Outcome *outcome, Err *err)
{
	Session *session = host->session;
	bool changed = false;

	if (host->missing) {
		*outcome = OUTCOME_CHANGED;
		return true;
	}

	Pg *pg = host_pg(host, err);
	bool ok = pg != NULL && (host->dry ? engine_is_installed(pg, session->engine, &changed, err)
	                                   : engine_install(pg, session->engine, &changed, err)) &&
	          drift_read_versions(host, pg, err);

	if (ok && host->dry && changed) {
		host->missing = true;
		*outcome = OUTCOME_CHANGED;
		return true;
	}
	ok = ok && (host->dry || pg_run(pg, asset_text(engine_traits(session->engine)->own_identity), 0, NULL, err)) &&
	     (session->password == NULL ||
	      ensure_authinfo(host, pg, session->cluster->postgres.user, session->password, &changed, err)) &&
	     (session->superuser_password == NULL ||
	      ensure_authinfo(host, pg, SUPERUSER, session->superuser_password, &changed, err));
	if (changed) {
		*outcome = OUTCOME_CHANGED;
		host_disconnect_app(host); /* it began without the engine */
	}
	return ok;
}

/*
 * Servers word the loss of another one in many ways: after any failure on the
 * coordinator say which node does not answer.  Always false.
 */
static bool blame_dead(const Host *host, Err *err)
{
	const Session *session = host->session;
	const char *names = NULL;

	for (size_t i = 0; i < session->cluster->node_count && !clock_interrupted(); i++) {
		const Node *node = &session->cluster->nodes[i];
		PgTarget probe = session_superuser(session, node, session->cluster->postgres.database);
		Err ignored = ERR_INIT;

		probe.timeout_s = 2;

		Pg *pg = pg_open(&probe, &ignored);

		if (pg == NULL && ignored.kind == ERR_UNREACHABLE)
			names = names == NULL ? arena_printf(host->arena, "\"%s\"", node->name)
			                      : arena_printf(host->arena, "%s and \"%s\"", names, node->name);
		pg_close(pg);
		err_clear(&ignored);
	}
	if (names == NULL || err->kind == ERR_INTERRUPTED)
		return false;

	const char *said = arena_printf(host->arena, "%s", err->message);

	err_clear(err);
	err_set(err, ERR_UNREACHABLE, "node %s does not answer any more", names);
	err_detail(err, "%s", said);
	return err_hint(err, "Its server log tells why.  Run \"citusctl init\" again: it starts what does not run and "
	                     "finishes the job.");
}

static bool register_node(Host *host, Pg *pg, const Node *node, size_t *added, Err *err)
{
	const char *const address[] = {node->host,
	                               arena_printf(host->arena, "%d", session_port(host->session, node))};
	bool there = false;

	if (!pg_query_bool(pg, asset_text(node->is_coordinator ? "sql/query/coordinator_is_set.sql"
	                                                       : "sql/query/worker_is_added.sql"),
	                   2, address, &there, err))
		return false;
	if (there)
		return true;
	(*added)++;
	return host->dry ||
	       pg_run(pg, asset_text(node->is_coordinator ? "sql/query/set_coordinator_host.sql"
	                                                  : "sql/query/add_node.sql"),
	              2, address, err) ||
	       err_wrap(err, "register node \"%s\"", node->name);
}

/* Before any shard can land on a new node: a join there would miss them. */
static bool copy_reference_tables(Host *host, Pg *pg, Outcome *outcome, Err *err)
{
	MissingCopies missing = {.count = 0};

	if (!upkeep_missing_copies(pg, &missing, err))
		return false;
	if (missing.count == 0 || engine_traits(host->session->engine)->replicate_reference_tables == NULL)
		return true;
	*outcome = OUTCOME_CHANGED;
	host_say(host, "%s%s%lld cop%s of reference tables", host->said != NULL ? host->said : "", host->said != NULL ? ", " : "",
	         (long long) missing.count, missing.count == 1 ? "y" : "ies");
	return host->dry || upkeep_make_copies(pg, host->session->engine, &missing, err);
}

static bool tell_undescribed(Host *host, Pg *pg, Err *err)
{
	Members members;

	if (!members_read(host->session, pg, host->arena, &members, err))
		return false;
	for (size_t i = 0; i < members.count; i++)
		if (members.items[i].described == NULL)
			host_differs(host, false, "%s is a node of the cluster and not described: describe it, or citusctl node remove %s",
			             members.items[i].name, members.items[i].name);
	return true;
}

bool init_registered(Host *host, Outcome *outcome, Err *err)
{
	const Cluster *cluster = host->session->cluster;
	size_t added = 0;

	if (host->missing) {
		*outcome = OUTCOME_CHANGED;
		return true;
	}

	Pg *pg = host_pg(host, err);
	bool ok = pg != NULL && (host->dry || operation_join(host->session, err)) &&
	          removed_refuse(host->session, pg, err);

	for (size_t i = 0; ok && i < cluster->node_count; i++)
		if (i == 0 || host->session->only == NULL || host->session->only[i])
			ok = register_node(host, pg, &cluster->nodes[i], &added, err) || blame_dead(host, err);
	if (added > 0) {
		*outcome = OUTCOME_CHANGED;
		host_say(host, "%zu node%s", added, added == 1 ? "" : "s");
	}
	drift_compare_versions(host);
	return ok && (!host->dry || tell_undescribed(host, pg, err)) && copy_reference_tables(host, pg, outcome, err);
}

/* Tables are made by the role that will own them. */
static bool as_owner(Host *host, Outcome *outcome,
                     bool (*make)(Pg *, const TablePlan *, bool, Arena *, bool *, const char **, Err *),
                     Err *err)
{
	Session *session = host->session;
	TablePlan plan = {.cluster = session->cluster, .engine = session->engine, .session = session, .host = host};
	bool changed = false;

	if (session->only != NULL)
		return true; /* nodes are added, the tables are not the matter */
	if (host->missing) {
		*outcome = OUTCOME_CHANGED;
		return true;
	}

	Pg *pg = host_app(host, err);

	plan.superuser = pg != NULL || host->dry ? host_pg(host, err) : NULL;
	if (host->dry && plan.superuser != NULL)
		err_clear(err); /* a dry run looks also when init would have to mend the role first */

	bool ok = plan.superuser != NULL && (make(pg != NULL ? pg : plan.superuser, &plan, host->dry, host->arena, &changed,
	                                          &host->said, err) ||
	                                     blame_dead(host, err));

	if (changed || !ok)
		host_disconnect_app(host); /* a schema file may have changed its settings */
	if (changed)
		*outcome = OUTCOME_CHANGED;
	return ok;
}

bool init_schema(Host *host, Outcome *outcome, Err *err)
{
	return as_owner(host, outcome, tables_apply_schema, err);
}

bool init_tables(Host *host, Outcome *outcome, Err *err)
{
	return as_owner(host, outcome, tables_distribute, err);
}

bool init_placement(Host *host, Outcome *outcome, Err *err)
{
	bool changed = false;
	bool stale = false;

	if (host->missing)
		return true; /* told by the steps before, which make it */

	Pg *pg = host_pg(host, err);
	bool ok = pg != NULL && placement_register(host->session, pg, host->dry, host->arena, &changed, &stale, err);

	if (stale)
		host_differs(host, false, "Citus' own rebalancer keeps to older capacities and placement; writing them takes a superuser, "
		             "and \"%s\" is none", host->session->cluster->postgres.user);
	if (changed) {
		*outcome = OUTCOME_CHANGED;
		host_say(host, "capacities and placement, for Citus' own rebalancer");
	}
	return ok;
}
