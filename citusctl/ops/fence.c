#include "ops/fence.h"

#include <string.h>
#include <time.h>

#include "io/asset.h"
#include "ops/engine.h"
#include "ops/provision.h"
#include "ops/server.h"
#include "run/run.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/str.h"

#define LOGIN_TIMEOUT_S 3

/* By address: a name may be another node's by then. */
#define AGAIN "should it come back, run \"citusctl node remove %s:%d\" before anything else"

static bool read_text(Pg *pg, const char *asset, Arena *arena, const char **text, Err *err)
{
	return pg_query_text(pg, asset_text(asset), 0, NULL, arena, text, err);
}

/*
 * Whether the server at the other end is the member's and not the coordinator or
 * another node, whatever way led there: what comes next deletes the catalog of the
 * cluster in its database.
 */
static bool is_the_member(const Session *session, Pg *pg, Pg *coordinator, const Member *member, Arena *arena, Err *err)
{
	const char *identity = engine_traits(session->engine)->server_id;
	const char *group = NULL;
	const char *there = NULL;
	const char *here = NULL;

	if (!read_text(pg, engine_traits(session->engine)->local_group, arena, &group, err) || !read_text(pg, identity, arena, &there, err) ||
	    !read_text(coordinator, identity, arena, &here, err))
		return false;

	/* A node that is out of the cluster may have no group any more. */
	bool its_group = group == NULL || strcmp(group, "0") == 0 || member->group == 0 ||
	                 strcmp(group, arena_printf(arena, "%lld", (long long) member->group)) == 0;

	if (there != NULL && here != NULL && strcmp(there, here) != 0 && its_group)
		return true;
	return err_set(err, ERR_REFUSED, "the server that answers for node \"%s\" is %s", member->name,
	               str_equal(there, here) ? "the coordinator" : "another node");
}

/* Makes the node forget the cluster; false when its server does not let us. */
static bool forget_cluster(const Session *session, Pg *coordinator, const Member *member, Arena *arena)
{
	PgTarget target = member_target(session, member);
	Err ignored = ERR_INIT;

	target.timeout_s = LOGIN_TIMEOUT_S;

	Pg *pg = pg_open(&target, &ignored);
	bool ok = pg != NULL && is_the_member(session, pg, coordinator, member, arena, &ignored) &&
	          pg_exec(pg, asset_text(engine_traits(session->engine)->fence), &ignored);

	if (!ok)
		log_debug("%s: could not be made to forget the cluster: %s", member->name, ignored.message);
	pg_close(pg);
	err_clear(&ignored);
	return ok;
}

/* What overrides every other settings file, should somebody start the server. */
bool fence_disarm(Host *host, const char *data, Err *err)
{
	const char *path = arena_printf(host->arena, "%s/postgresql.auto.conf", data);
	const char *line = "shared_preload_libraries = ''\t# removed from its cluster by citusctl\n";
	const char *text = NULL;
	bool changed = false;

	return shell_get(host->shell, path, host->arena, &text, err) &&
	       (str_ends(text != NULL ? text : "", line) ||
	        shell_put(host->shell, path, arena_printf(host->arena, "%s%s", text != NULL ? text : "", line), 0600,
	                  &changed, err));
}

/* Stops the server and sets its directory aside; *aside is NULL when there is none. */
static bool put_away(Session *session, const Node *node, Arena *arena, const char **aside, Err *err)
{
	Host host = {0};
	char stamp[32] = "";
	time_t now = time(NULL);
	struct tm utc;

	*aside = NULL;
	if (gmtime_r(&now, &utc) != NULL)
		strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &utc);

	bool ok = host_open(&host, session, node, false, err);

	if (ok) {
		Server server = server_of(&host);

		ok = server_stop(&host, &server, err);
		if (ok && shell_exists(host.shell, arena_printf(arena, "%s/PG_VERSION", server.data))) {
			const char *to = arena_printf(arena, "%s.removed-%s", server.data, stamp);

			ok = fence_disarm(&host, server.data, err) && shell_rename(host.shell, server.data, to, err);
			*aside = ok ? to : NULL;
		}
	}
	host_close(&host);
	return ok;
}

/* On a host of its own: the plan of one node. */
static bool put_away_on_host(Session *session, const Node *node, Arena *arena, const char **aside, Err *err)
{
	bool *only = arena_array(arena, session->cluster->node_count, sizeof(bool));
	const bool *before = session->only;
	Report *report = NULL;

	only[node - session->cluster->nodes] = true;
	session->only = only;

	bool ok = run_plan(session, provision_fence_steps, false, NULL, &report, err);

	if (ok) {
		const Slot *last = report_slot(report, report->step_count - 1, (size_t) (node - session->cluster->nodes));

		*aside = last->said != NULL ? arena_printf(arena, "server %s", last->said) : NULL;
	}
	session->only = before;
	report_free(report);
	return ok;
}

bool fence_node(Session *session, Pg *coordinator, const Member *member, Arena *arena, Fence *fence, Err *err)
{
	const char *aside = NULL;
	bool forgot = forget_cluster(session, coordinator, member, arena);

	*fence = (Fence) {false, NULL};
	if (!clock_go_on(err))
		return false;
	if (session->cluster->deploy != DEPLOY_NONE && member->described != NULL) {
		Err why = ERR_INIT;

		bool away = session->cluster->deploy == DEPLOY_SSH
		                ? put_away_on_host(session, member->described, arena, &aside, &why)
		                : put_away(session, member->described, arena, &aside, &why);

		if (away && session_place(session, member->described)->adopted) {
			fence->complete = forgot;
			fence->how = forgot ? "its server was there before the cluster and goes on, without the cluster's nodes and passwords"
			                    : arena_printf(arena, "its server was there before the cluster and does not answer: " AGAIN, member->host, member->port);
			err_clear(&why);
			return true;
		}
		if (away) {
			fence->complete = true;
			fence->how = aside != NULL ? arena_printf(arena, "its server is stopped, its data set aside as %s", aside)
			                           : "there is no server of it any more";
			err_clear(&why);
			return true;
		}
		if (why.kind == ERR_INTERRUPTED || !forgot) {
			fence->how = arena_printf(arena, "its server could not be stopped (%s)", why.message);
			if (why.kind == ERR_INTERRUPTED) {
				err_move(err, &why);
				return false;
			}
			err_clear(&why);
			return true;
		}
		err_clear(&why);
	}
	fence->complete = forgot;
	fence->how = forgot ? "its server forgot the cluster and may be stopped"
	                    : arena_printf(arena, "its server does not answer: " AGAIN, member->host, member->port);
	return true;
}
