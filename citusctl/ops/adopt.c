#include "ops/adopt.h"

#include <ctype.h>
#include <string.h>

#include "io/asset.h"
#include "ops/family.h"
#include "ops/survey.h"
#include "util/str.h"

bool adopt_look(Host *host, Facts *facts, Err *err)
{
	const Cluster *cluster = host->session->cluster;
	const Found *found = facts_candidate(facts, host->node);
	ShellResult result;

	if (found == NULL || found->pid == 0 || family_traits(facts->family) == NULL || !family_traits(facts->family)->adopts)
		return true;

	const char *const argv[] = {"psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1",
	                            "-v", arena_printf(host->arena, "database=%s", cluster->postgres.database),
	                            "-v", arena_printf(host->arena, "role=%s", cluster->postgres.user),
	                            "-p", arena_printf(host->arena, "%d", found->port), "-d", "postgres", NULL};

	if (!shell_run(host->shell, argv, asset_text("sql/setup/adopt_look.sql"), host->arena, &result, err))
		return false;
	if (result.status == 0) {
		facts->adoptable = facts_adoptable(result.out, host->arena);
		return true;
	}

	Adoptable *silent = arena_alloc(host->arena, sizeof(*silent));

	silent->failure = result.err;
	facts->adoptable = silent;
	return true;
}

/* "C.utf8" and "C.UTF-8" are one. */
static bool same_locale(const char *a, const char *b)
{
	for (;; a++, b++) {
		while (*a == '-')
			a++;
		while (*b == '-')
			b++;
		if (tolower((unsigned char) *a) != tolower((unsigned char) *b))
			return false;
		if (*a == '\0')
			return true;
	}
}

/* Why it does not fit, in the arena; NULL when it does. */
static const char *misfit(const Session *session, const Facts *facts, const Found *found, Arena *arena)
{
	const Cluster *cluster = session->cluster;
	const Adoptable *is = facts->adoptable;

	if (family_traits(facts->family) == NULL || !family_traits(facts->family)->adopts)
		return "on this system citusctl does not take servers over";
	if (found->pid == 0)
		return arena_printf(arena, "it is stopped, so it can't be asked; start it (pg_ctlcluster %d %s start)", found->major, found->name);
	if (is == NULL || is->failure != NULL)
		return arena_printf(arena, "system user \"%s\" can't log in there by the socket: %s", SUPERUSER, is != NULL ? is->failure : "not tried");
	if (found->major != session->pg_major)
		return arena_printf(arena, "it is PostgreSQL %d, the cluster runs %d", found->major, session->pg_major);
	if (is->in_recovery)
		return "it is a standby of another server";
	if (strcmp(is->hba, arena_printf(arena, "/etc/postgresql/%d/%s/pg_hba.conf", found->major, found->name)) != 0)
		return arena_printf(arena, "its pg_hba.conf is not where Debian puts it but %s", is->hba);
	if (is->encoding != NULL && strcmp(is->encoding, "UTF8") != 0)
		return arena_printf(arena, "its database \"%s\" has encoding %s, wanted: UTF8", cluster->postgres.database, is->encoding);
	if (is->collation != NULL && !same_locale(is->collation, session->locale))
		return arena_printf(arena, "its database \"%s\" has the locale %s, that of the other nodes is %s", cluster->postgres.database,
		                    is->collation, session->locale);
	if (is->owner != NULL && strcmp(is->owner, cluster->postgres.user) != 0)
		return arena_printf(arena, "its database \"%s\" belongs to role \"%s\"; name that as \"postgres.user\"", cluster->postgres.database,
		                    is->owner);
	if (*is->rights != '\0')
		return arena_printf(arena, "its role \"%s\" has %s, which citusctl would take away; name another \"postgres.user\"",
		                    cluster->postgres.user, is->rights);
	return NULL;
}

static bool refuse(const Node *node, const Found *found, const char *why, Err *err)
{
	err_set(err, ERR_REFUSED, "%s: the server %d/%s on %s, port %d, which citusctl did not create, does not fit: %s", node->name,
	        found->major, found->name, node->host, found->port, why);
	return err_hint(err, "Remedy that, and it is taken over with its data; or give the node another \"port\"; or remove that "
	                     "server if nobody needs it (\"pg_dropcluster %d %s\" there, which deletes its data).", found->major, found->name);
}

/* A restart, new settings: not to be had unasked by those who use its databases. */
static bool is_allowed(const Session *session, const Node *node, const Facts *facts, const Found *found, Err *err)
{
	if (*facts->adoptable->others == '\0' || session->adopts)
		return true;
	err_set(err, ERR_REFUSED, "%s: the server %d/%s on %s, port %d, is not citusctl's and has databases: %s", node->name, found->major,
	        found->name, node->host, found->port, facts->adoptable->others);
	return err_hint(err, "With -y it is taken over: its data and roles stay, it gets settings of citusctl's, the superuser a "
	                     "password, and it is restarted.  Otherwise give the node another \"port\".");
}

bool adopt_judge(const Session *session, bool dry, Arena *arena, Err *err)
{
	for (size_t i = 0; i < session->cluster->node_count; i++) {
		const Node *node = &session->cluster->nodes[i];
		const Facts *facts = session->places[i].facts;
		const Found *found = facts != NULL ? facts_candidate(facts, node) : NULL;
		const char *why = found != NULL ? misfit(session, facts, found, arena) : NULL;

		if (why != NULL)
			return refuse(node, found, why, err);
		if (found != NULL && !dry && !is_allowed(session, node, facts, found, err))
			return false;
	}
	return true;
}

bool adopt_server(Host *host, const Facts *facts, const Found *found, Err *err)
{
	const char *const words[] = {host->session->cluster->name, arena_printf(host->arena, "%d", found->major), found->name,
	                             host->session->locale, arena_printf(host->arena, "%zu", strlen(facts->adoptable->kept)),
	                             host->session->id != NULL ? host->session->id : "", NULL};
	ShellResult result;

	host_say(host, "takes over %d/%s, port %d%s%s", found->major, found->name, found->port,
	         *facts->adoptable->others != '\0' ? ", with its databases " : "", facts->adoptable->others);
	if (host->dry)
		return true;
	if (!shell_run(host->root, script_argv(host->arena, "host/adopt_debian.sh", "adopt", words), facts->adoptable->kept, host->arena,
	               &result, err))
		return false;
	return result.status == 0 || shell_failed("adopt", &result, err);
}

bool adopt_release(Host *host, const Facts *facts, Err *err)
{
	const char *const words[] = {host->session->cluster->name, arena_printf(host->arena, "%d", facts->created), facts->adopted, NULL};
	ShellResult result;

	host_say(host, "%d/%s on %s", facts->created, facts->adopted, host->node->host);
	if (host->dry)
		return true;
	if (!shell_run(host->root, script_argv(host->arena, "host/release_debian.sh", "release", words), NULL, host->arena, &result, err))
		return false;
	return result.status == 0 || shell_failed("release", &result, err);
}
