#include "ops/provision.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#include "io/asset.h"
#include "ops/adopt.h"
#include "ops/drift.h"
#include "ops/facts.h"
#include "ops/family.h"
#include "ops/fence.h"
#include "ops/host_files.h"
#include "ops/init_sql.h"
#include "ops/packages.h"
#include "ops/pooler.h"
#include "ops/survey.h"
#include "ops/tls.h"
#include "run/operation.h"
#include "util/clock.h"
#include "util/quote.h"
#include "util/str.h"

#define REFUSED_STATUS 46 /* of create_debian.sh: the server is somebody else's */

/* ---- looking -------------------------------------------------------------- */

static const Facts *facts_of(const Host *host)
{
	return session_place(host->session, host->node)->facts;
}

static HostServer server_of_host(const Host *host)
{
	return facts_server(facts_of(host), host->session->cluster, host->node, host->session->pg_major, host->arena);
}

/* The name alone is not enough: who works from another directory has other passwords and
 * another authority, and would lock the first one and the applications out. */
static bool is_ours(const Host *host, const Facts *facts, Err *err)
{
	const Session *session = host->session;

	if (facts->created == 0 || *facts->id == '\0' || str_equal(facts->id, session->id) || session->takes_over)
		return true;
	err_set(err, ERR_REFUSED, "the server of cluster \"%s\" on %s was made from another directory than %s", session->cluster->name,
	        host->node->host, session->base);
	err_hint(err, "Work as the user and on the machine that made it, or copy its directory (\"%s\" below its CITUSCTL_HOME) here.  "
	              "If it is lost: \"citusctl init --take-over\" gives the servers new passwords and certificates; who uses a "
	              "generated password is locked out by that.", session->cluster->name);
	return err_node(err, host->node->name);
}

static bool look(Host *host, Outcome *outcome, Err *err)
{
	Place *place = session_place(host->session, host->node);
	const Facts *found = NULL;
	Facts *facts = arena_alloc(host->arena, sizeof(*facts));

	*outcome = OUTCOME_UNCHANGED;
	if (!survey_host(host, &found, err))
		return false;
	*facts = *found;
	if (!adopt_look(host, facts, err))
		return false;
	place->facts = facts;
	place->adopted = facts->adopted != NULL;
	return is_ours(host, facts, err);
}

static bool ensure_packages(Host *host, Outcome *outcome, Err *err)
{
	const Cluster *cluster = host->session->cluster;
	const char *what = NULL;

	if (!cluster->install_packages || !packages_missing(facts_of(host), cluster, host->node))
		return true;
	if (host->dry) {
		*outcome = OUTCOME_CHANGED;
		host->missing = true;
		return true;
	}

	Outcome looked = OUTCOME_UNCHANGED;

	if (!packages_install(host, facts_of(host), &what, err) || !look(host, &looked, err))
		return false;
	*outcome = OUTCOME_CHANGED;
	host_say(host, "%s", what);
	return true;
}

/* A dry run can't find what an earlier step would install. */
static bool will_be_installed(const Host *host)
{
	const Session *session = host->session;

	for (size_t i = 0; host->dry && session->cluster->install_packages && i < session->cluster->node_count; i++)
		if (session->places[i].facts != NULL &&
		    packages_missing(session->places[i].facts, session->cluster, &session->cluster->nodes[i]))
			return true;
	return false;
}

/* The version that servers which are there already lay down, ours or to be taken over;
 * 0: none.  Of several the first node's counts: the others then do not fit. */
static int major_of_servers(const Facts facts[], const Cluster *cluster)
{
	for (size_t i = 0; i < cluster->node_count; i++)
		if (facts[i].os != NULL && facts[i].created != 0 && !facts[i].half_made)
			return facts[i].created;
	for (size_t i = 0; i < cluster->node_count; i++)
		if (facts[i].os != NULL && facts_candidate(&facts[i], &cluster->nodes[i]) != NULL)
			return facts_candidate(&facts[i], &cluster->nodes[i])->major;
	return 0;
}

/* Text sorts the same on all nodes: as in the database of a server that is taken over. */
static const char *locale_of(const Facts facts[], const Cluster *cluster)
{
	for (size_t i = 0; i < cluster->node_count; i++) {
		if (facts[i].locale != NULL)
			return facts[i].locale;
		if (facts[i].adoptable != NULL && facts[i].adoptable->collation != NULL)
			return facts[i].adoptable->collation;
	}
	return "C.UTF-8";
}

static bool choose(Host *host, Outcome *outcome, Err *err)
{
	Session *session = host->session;
	const Cluster *cluster = session->cluster;
	Facts *facts = arena_array(host->arena, cluster->node_count, sizeof(*facts));
	Cluster wanted = *cluster;

	*outcome = OUTCOME_UNCHANGED;
	/* A plan for some nodes has not looked at the coordinator, whose version is theirs. */
	if (facts_of(host) == NULL && !look(host, outcome, err))
		return false;
	for (size_t i = 0; i < cluster->node_count; i++)
		if (session->places[i].facts != NULL)
			facts[i] = *session->places[i].facts;

	int made = major_of_servers(facts, cluster);

	if (wanted.postgres.version == 0)
		wanted.postgres.version = made;

	int major = will_be_installed(host) ? cluster->postgres.version : facts_common_major(facts, &wanted, err);

	if (major == 0)
		return false;
	if (facts[0].created != 0 && !facts[0].half_made && facts[0].created != major) {
		err_set(err, ERR_REFUSED, "the cluster's data was made by PostgreSQL %d, the description now says %d", facts[0].created,
		        major);
		return err_hint(err, "Upgrade it with pg_upgrade, or set \"postgres.version\" back to %d.", facts[0].created);
	}
	session->pg_major = major;
	session->locale = arena_strdup(session->arena, locale_of(facts, cluster));
	session->engine = ENGINE_IS_CITUS;
	session->engine_reason = "every host has Citus";
	host_say(host, "PostgreSQL %d, engine citus", session->pg_major);
	return adopt_judge(session, host->dry, host->arena, err) && (host->dry || session_remember(session, err));
}

/* ---- making --------------------------------------------------------------- */

/* A host that this run leaves out, such as one that node add does not reach. */
static bool all_are_looked_at(const Session *session)
{
	for (size_t i = 0; i < session->cluster->node_count; i++)
		if (session->places[i].facts == NULL)
			return false;
	return true;
}

/* Of the servers that are there, as the look at their hosts has seen them. */
static bool all_trust(const Host *host, const char *authority)
{
	const Session *session = host->session;

	for (size_t i = 0; i < session->cluster->node_count; i++) {
		const Facts *facts = session->places[i].facts;

		if (facts == NULL)
			return false;
		if (facts->created == 0 || facts->half_made)
			continue;

		HostServer server = facts_server(facts, session->cluster, &session->cluster->nodes[i], facts->created, host->arena);

		if (!facts_has_file(facts, arena_printf(host->arena, "%s/citusctl-ca.crt", server.config), SUPERUSER, 0644, authority))
			return false;
	}
	return true;
}

static bool ensure_authority(Host *host, Outcome *outcome, Err *err)
{
	Session *session = host->session;
	bool changed = false;
	bool spared = false;

	if (!session->cluster->tls) {
		host_say(host, "none: \"tls\" is off, connections are not encrypted");
		return true;
	}
	if (!tls_authority(session, !all_are_looked_at(session), host->dry, &changed, &spared, err))
		return false;
	if (changed)
		*outcome = OUTCOME_CHANGED;
	if (spared)
		host_differs(host, false, "the certificate authority is to be replaced, which waits for an init that reaches all hosts");
	session->spares = true;
	if (changed && host->dry)
		return true;

	const char *authority = tls_authority_text(session, host->arena, err);

	session->spares = authority == NULL || !all_trust(host, authority);
	return authority != NULL;
}

static bool ensure_certificate(Host *host, Outcome *outcome, Err *err)
{
	bool changed = false;
	bool spared = false;

	if (!host->session->cluster->tls)
		return true;
	if (!tls_certificate(host->session, host->node, host->session->spares, host->dry, &changed, &spared, err))
		return false;
	if (changed)
		*outcome = OUTCOME_CHANGED;
	if (spared)
		host_differs(host, false, "its certificate is due; the next init renews it, when every host has that of the new authority");
	return true;
}

static bool family_is_known(Host *host, Err *err)
{
	const Facts *facts = facts_of(host);

	if (family_traits(facts->family) != NULL)
		return true;
	err_set(err, ERR_FAILED, "%s runs a system (%s) that this version of citusctl makes no servers on", host->node->host,
	        *facts->os != '\0' ? facts->os : "unknown");
	return err_hint(err, "It knows Debian and Ubuntu with postgresql-common, RHEL and its kin.  For servers that are there already use "
	                     "\"deploy\": \"none\".");
}

static bool is_made(const Host *host)
{
	const Facts *facts = facts_of(host);
	HostServer server = server_of_host(host);

	return facts->created == server.major && !facts->half_made && facts_found(facts, &server) != NULL;
}

static bool not_ours(Host *host, const HostServer *server, Err *err)
{
	const Found *found = facts_found(facts_of(host), server);

	err_set(err, ERR_REFUSED, "there is a server %d/%s on %s that citusctl did not create", server->major, server->name,
	        host->node->host);
	if (found != NULL && family_traits(server->family)->adopts)
		return err_hint(err, "To have it taken over, give the node its port, %d; otherwise give the cluster another name.", found->port);
	return err_hint(err, "Remove that server if nobody needs it; its data are in %s.", server->data);
}

static bool port_is_taken(Host *host, const HostServer *server, Err *err)
{
	err_set(err, ERR_FAILED, "port %d of %s is taken by another program", server->port, host->node->host);
	return err_hint(err, "Give the node another \"port\", or stop that program (\"ss -ltnp\" there shows it).");
}

static bool create_server(Host *host, const HostServer *server, Err *err)
{
	const Session *session = host->session;
	const char *const words[] = {session->cluster->name, arena_printf(host->arena, "%d", server->major), server->name,
	                             arena_printf(host->arena, "%d", server->port), server->bindir, session->id != NULL ? session->id : "",
	                             NULL};
	const char *create = family_traits(server->family)->create;
	ShellResult result;

	if (!shell_run(host->root, script_argv(host->arena, create, "create", words), session->superuser_password,
	               host->arena, &result, err))
		return false;
	if (result.status == REFUSED_STATUS)
		return not_ours(host, server, err);
	return result.status == 0 || shell_failed(create, &result, err);
}

static bool take_over(Host *host, const Found *candidate, Outcome *outcome, Err *err)
{
	Outcome looked = OUTCOME_UNCHANGED;

	if (!adopt_server(host, facts_of(host), candidate, err))
		return false;
	*outcome = OUTCOME_CHANGED;
	host->missing = host->dry;
	return host->dry || look(host, &looked, err);
}

/* A server that was made from another directory is this one's from now on. */
static bool claim(Host *host, Outcome *outcome, Err *err)
{
	const Session *session = host->session;
	const char *const words[] = {session->cluster->name, session->id, NULL};
	ShellResult result;

	if (session->id == NULL || str_equal(facts_of(host)->id, session->id))
		return true;
	*outcome = OUTCOME_CHANGED;
	host_say(host, "is this directory's from now on");
	return host->dry || (shell_run(host->root, script_argv(host->arena, "host/claim.sh", "claim", words), NULL, host->arena, &result, err) &&
	                     (result.status == 0 || shell_failed("claim", &result, err)));
}

static bool ensure_server(Host *host, Outcome *outcome, Err *err)
{
	HostServer server = server_of_host(host);

	if (host->missing) {
		*outcome = OUTCOME_CHANGED;
		return true;
	}
	if (!family_is_known(host, err))
		return false;
	if (is_made(host))
		return claim(host, outcome, err);

	const Found *candidate = facts_candidate(facts_of(host), host->node);

	if (candidate != NULL)
		return take_over(host, candidate, outcome, err);
	if (facts_found(facts_of(host), &server) != NULL && !facts_of(host)->half_made)
		return not_ours(host, &server, err);
	if (facts_of(host)->listening)
		return port_is_taken(host, &server, err);
	*outcome = OUTCOME_CHANGED;
	host->missing = host->dry;
	host_say(host, "%d/%s, port %d", server.major, server.name, server.port);
	host->fresh = !host->dry;
	return host->dry || create_server(host, &server, err);
}

/* As the look at the host has seen them. */
static bool files_are_as_wanted(const Host *host, const ShellFile files[], size_t count)
{
	bool same = true;

	for (size_t i = 0; same && i < count; i++)
		same = facts_has_file(facts_of(host), files[i].path, SUPERUSER, files[i].mode, files[i].text);
	return same;
}

static bool ensure_files(Host *host, Outcome *outcome, Err *err)
{
	HostServer server = server_of_host(host);
	ShellFile files[HOST_FILES_MAX];
	size_t count = 0;
	bool changed = false;

	if (host->missing) {
		*outcome = OUTCOME_CHANGED;
		return true;
	}
	if (host->dry && host->session->cluster->tls && !tls_is_made(host->session, host->node)) {
		*outcome = OUTCOME_CHANGED;
		host_differs(host, true, "the certificates kept for this cluster are not on this machine: new ones would be made");
		return true;
	}
	if (!host_files(host, &server, files, &count, err))
		return false;
	if (files_are_as_wanted(host, files, count))
		return true;
	if (!(host->dry ? drift_files(host, files, count, &changed, err)
	                : shell_put_all(host->shell, files, count, &changed, err)))
		return false;
	if (changed)
		*outcome = OUTCOME_CHANGED;
	return true;
}

/* ---- running -------------------------------------------------------------- */

static bool control(Host *host, const HostServer *server, const char *verb, Err *err)
{
	const char *const words[] = {verb, server->unit, server->bindir, server->data, server->main, server->log, NULL};
	ShellResult result;

	if (!shell_run(host->root, script_argv(host->arena, "host/control.sh", "control", words), NULL, host->arena, &result, err))
		return false;
	if (result.status == 0)
		return true;
	err_set(err, ERR_FAILED, strcmp(verb, "stop") == 0 ? "the server %d/%s does not stop"
	                                                   : "the server %d/%s does not come up",
	        server->major, server->name);
	err_detail(err, "The last lines of %s on %s:\n%s", server->log, host->node->host, result.err);
	err_hint(err, strstr(result.err, "No space left on device") != NULL
	                  ? "The disk is full: free some space and run the command again."
	                  : "Remedy what its log names and run the command again.");
	return err_node(err, host->node->name);
}

static bool is_running(const Host *host)
{
	HostServer server = server_of_host(host);
	const Found *found = facts_found(facts_of(host), &server);

	return found != NULL && found->pid != 0;
}

/* Gives the superuser the password of this cluster's directory, by the way that needs
 * none: its system user on the host.  The password itself does not leave this machine. */
static bool set_superuser_password(Host *host, const HostServer *server, Err *err)
{
	const char *verifier = pg_scram_verifier(host->arena, host->session->superuser_password, err);
	const char *psql = server->family == FAMILY_DEBIAN ? "psql" : arena_printf(host->arena, "%s/psql", server->bindir);
	const char *const argv[] = {psql, "-X", "-q", "-p", arena_printf(host->arena, "%d", server->port), "-d", "postgres",
	                            "-v", "ON_ERROR_STOP=1", NULL};

	/* Letters, digits and $+/=: as safe between quotes as SCRAM makes it. */
	return verifier != NULL &&
	       shell_run_ok(host->shell, argv,
	                    arena_printf(host->arena, "ALTER ROLE " SUPERUSER " PASSWORD '%s'; SELECT pg_reload_conf();\n",
	                                 verifier), err);
}

/* The maintenance database, while there is no other. */
static Pg *open_maintenance(Host *host, Err *err)
{
	PgTarget target = session_superuser(host->session, host->node, "postgres");

	return pg_open(&target, err);
}

static bool wait_for_restart(Host *host, const HostServer *server, Err *err)
{
	pthread_mutex_lock(&host->session->one_at_a_time);

	bool ok = clock_go_on(err) && control(host, server, "restart", err);

	pthread_mutex_unlock(&host->session->one_at_a_time);
	return ok;
}

/* Reloads what is newer than the server knows; restarts it where a setting needs that,
 * one node of the cluster at a time. */
static bool refresh(Host *host, const HostServer *server, Pg *pg, Outcome *outcome, Err *err)
{
	const char *files = arena_printf(host->arena, "{%s,%s/pg_hba.conf,%s/citusctl-ca.crt,%s/citusctl-node.pem}", server->conf,
	                                 server->config, server->config, server->config);
	const char *pending = NULL;

	if (!drift_settings(host, pg, files, outcome, &pending, err))
		return false;
	if (pending == NULL)
		return true;
	*outcome = OUTCOME_CHANGED;
	host_say(host, "restarted for %s", pending);
	host_disconnect(host);
	if (host->node->is_coordinator)
		operation_let_go(host->session);
	return wait_for_restart(host, server, err);
}

static bool says(const Err *err, const char *words)
{
	return err->detail != NULL && strstr(err->detail, words) != NULL;
}

/* The superuser is not let in: the rules may be new and not loaded yet, or the password
 * is not the one that is known here. */
static Pg *get_in(Host *host, const HostServer *server, const Err *why, Err *err)
{
	Err still = ERR_INIT;
	Pg *pg = NULL;

	if (says(why, "pg_hba.conf") && !control(host, server, "reload", err))
		return NULL;
	for (int tries = 0; says(why, "pg_hba.conf") && pg == NULL && tries < 20; tries++) {
		clock_sleep_ms(50);
		pg = open_maintenance(host, &still);
		if (pg == NULL && !says(&still, "pg_hba.conf"))
			break;
	}
	err_clear(&still);
	if (pg == NULL && set_superuser_password(host, server, err)) {
		clock_sleep_ms(50); /* what waits for a restart is known when the reload has come through */
		pg = open_maintenance(host, err);
	}
	return pg;
}

static bool refresh_running(Host *host, const HostServer *server, Outcome *outcome, Err *err)
{
	Err why = ERR_INIT;
	Pg *own = NULL;
	Pg *pg = host_pg_started(host, &why);
	bool ok = true;

	if (pg == NULL && says(&why, "does not exist")) {
		pg = own = open_maintenance(host, err);
	} else if (pg == NULL && (says(&why, "password") || says(&why, "pg_hba.conf"))) {
		*outcome = OUTCOME_CHANGED;
		host_say(host, "let the superuser in");
		host_differs(host, true, "the server does not let its superuser in: %s",
		             says(&why, "password") ? "its password is another one" : "pg_hba.conf has no line for it");
		host->missing = host->dry;
		if (!host->dry)
			pg = own = get_in(host, server, &why, err);
	} else if (pg == NULL) {
		err_copy(err, &why);
		ok = false;
	}
	err_clear(&why);
	ok = ok && (host->missing || (pg != NULL && refresh(host, server, pg, outcome, err)));
	pg_close(own);
	return ok;
}

static bool ensure_running(Host *host, Outcome *outcome, Err *err)
{
	HostServer server = server_of_host(host);

	if (host->missing) {
		*outcome = OUTCOME_CHANGED;
		return true;
	}
	if (is_running(host))
		return refresh_running(host, &server, outcome, err);
	if (is_made(host) && facts_of(host)->listening)
		return port_is_taken(host, &server, err);
	*outcome = OUTCOME_CHANGED;
	host_say(host, "port %d", server.port);
	host->missing = host->dry;
	return host->dry || control(host, &server, "start", err);
}

static bool ensure_pooler(Host *host, Outcome *outcome, Err *err)
{
	HostServer server = server_of_host(host);

	return pooler_ensure(host, facts_of(host), &server, outcome, err);
}

static bool ensure_made(Host *host, Outcome *outcome, Err *err)
{
	*outcome = OUTCOME_UNCHANGED;
	if (is_made(host))
		return true;
	err_set(err, ERR_FAILED, "there is no server of cluster \"%s\" on %s", host->session->cluster->name,
	        host->node->host);
	return err_hint(err, "\"citusctl init\" makes it.");
}

static bool ensure_stopped(Host *host, Outcome *outcome, Err *err)
{
	HostServer server = server_of_host(host);

	if (!is_running(host))
		return true;
	*outcome = OUTCOME_CHANGED;
	host_disconnect(host);
	if (host->dry)
		return true;
	return (!facts_of(host)->pooler || pooler_stop(host, &server, err)) && control(host, &server, "stop", err);
}

/* For the demo, which looks how the cluster takes it. */
static bool crash_server(Host *host, Outcome *outcome, Err *err)
{
	HostServer server = server_of_host(host);
	const char *const words[] = {server.data, NULL};
	ShellResult result;

	*outcome = OUTCOME_CHANGED;
	host_disconnect(host);
	return host->dry ||
	       (shell_run(host->root, script_argv(host->arena, "host/crash.sh", "crash", words), NULL, host->arena, &result, err) &&
	        (result.status == 0 || shell_failed("killing the server", &result, err)));
}

/* ---- going ---------------------------------------------------------------- */

/* Only what citusctl made: the state on the host says which server that is. */
static bool drop_server(Host *host, Outcome *outcome, Err *err)
{
	const Facts *facts = facts_of(host);

	if (facts->created == 0)
		return true;
	if (facts->adopted != NULL)
		return adopt_release(host, facts, err);

	HostServer server = facts_server(facts, host->session->cluster, host->node, facts->created, host->arena);
	const char *const words[] = {host->session->cluster->name, arena_printf(host->arena, "%d", server.major), server.name,
	                             server.unit, server.bindir, NULL};
	const FamilyTraits *family = family_traits(facts->family);
	ShellResult result;

	*outcome = OUTCOME_CHANGED;
	if (host->dry || family == NULL)
		return true;
	return shell_run(host->root, script_argv(host->arena, family->drop, "drop", words), NULL, host->arena, &result, err) &&
	       (result.status == 0 || shell_failed(family->drop, &result, err));
}

/* A server that was there before the cluster has others to serve. */
static bool fence_stop(Host *host, Outcome *outcome, Err *err)
{
	return session_place(host->session, host->node)->adopted || ensure_stopped(host, outcome, err);
}

/* What overrides every other settings file: started by hand, or by the host when it
 * boots, the server does not load the engine. */
static bool disarm_server(Host *host, Outcome *outcome, Err *err)
{
	HostServer server = server_of_host(host);

	*outcome = OUTCOME_CHANGED;
	if (facts_of(host)->adopted != NULL)
		return adopt_release(host, facts_of(host), err);
	return facts_found(facts_of(host), &server) == NULL || fence_disarm(host, server.data, err);
}

/* Its new name tells when it was removed, and is what this step says. */
static bool set_aside(Host *host, Outcome *outcome, Err *err)
{
	const Facts *facts = facts_of(host);
	char stamp[32] = "";
	time_t now = time(NULL);
	struct tm utc;

	if (facts->created == 0 || facts->adopted != NULL)
		return true;
	if (gmtime_r(&now, &utc) != NULL)
		strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &utc);

	HostServer server = facts_server(facts, host->session->cluster, host->node, facts->created, host->arena);
	const char *aside = arena_printf(host->arena, "%s_removed_%s", server.name, stamp);
	const char *const words[] = {host->session->cluster->name, arena_printf(host->arena, "%d", server.major), server.name,
	                             aside, NULL};
	ShellResult result;

	*outcome = OUTCOME_CHANGED;
	host_say(host, "%d/%s", server.major, aside);
	return host->dry ||
	       (shell_run(host->root, script_argv(host->arena, "host/aside_debian.sh", "aside", words), NULL, host->arena, &result, err) &&
	        (result.status == 0 || shell_failed("pg_renamecluster", &result, err)));
}

const Step provision_steps[] = {
	{"look at the host", ON_EVERY_NODE, look},
	{"install the packages", ON_EVERY_NODE, ensure_packages},
	{"find PostgreSQL and the engine", ON_COORDINATOR, choose},
	{"make the certificate authority", ON_COORDINATOR, ensure_authority},
	{"make the certificate", ON_EVERY_NODE, ensure_certificate},
	{"create the server", ON_EVERY_NODE, ensure_server},
	{"write the settings", ON_EVERY_NODE, ensure_files},
	{"start the server", ON_EVERY_NODE, ensure_running},
	{"create the role and the database", ON_EVERY_NODE, init_login},
	{"install the engine", ON_EVERY_NODE, init_engine},
	{"register the nodes", ON_COORDINATOR, init_registered},
	{"apply the schema files", ON_COORDINATOR, init_schema},
	{"create the tables", ON_COORDINATOR, init_tables},
	{"register the placement rules", ON_COORDINATOR, init_placement},
	{"run the pooler", ON_COORDINATOR, ensure_pooler},
	{0},
};

const Step provision_start_steps[] = {
	{"look at the host", ON_EVERY_NODE, look},
	{"find PostgreSQL and the engine", ON_COORDINATOR, choose},
	{"find the server", ON_EVERY_NODE, ensure_made},
	{"start the server", ON_EVERY_NODE, ensure_running},
	{"run the pooler", ON_COORDINATOR, ensure_pooler},
	{0},
};

const Step provision_stop_steps[] = {
	{"look at the host", ON_EVERY_NODE, look},
	{"find PostgreSQL and the engine", ON_COORDINATOR, choose},
	{"stop the server", ON_EVERY_NODE, ensure_stopped},
	{0},
};

const Step provision_crash_steps[] = {
	{"look at the host", ON_EVERY_NODE, look},
	{"find PostgreSQL and the engine", ON_COORDINATOR, choose},
	{"kill the server", ON_EVERY_NODE, crash_server},
	{0},
};

const Step provision_drop_steps[] = {
	{"look at the host", ON_EVERY_NODE, look},
	{"remove the server", ON_EVERY_NODE, drop_server},
	{0},
};

const Step provision_fence_steps[] = {
	{"look at the host", ON_EVERY_NODE, look},
	{"find PostgreSQL and the engine", ON_COORDINATOR, choose},
	{"stop the server", ON_EVERY_NODE, fence_stop},
	{"disarm the server", ON_EVERY_NODE, disarm_server},
	{"set the server aside", ON_EVERY_NODE, set_aside},
	{0},
};
