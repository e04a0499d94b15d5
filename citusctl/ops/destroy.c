#include "ops/destroy.h"

#include <dirent.h>
#include <string.h>

#include "ops/beside.h"
#include "ops/members.h"
#include "ops/provision.h"
#include "ops/server.h"
#include "run/operation.h"
#include "run/run.h"
#include "util/clock.h"

/* Every directory below base: also servers of nodes that are no longer described. */
static bool kill_all(Session *session, Err *err)
{
	DIR *directory = opendir(session->base);
	const struct dirent *entry = NULL;
	bool ok = true;

	if (directory == NULL)
		return err_errno(err, "read \"%s\"", session->base);
	while (ok && (entry = readdir(directory)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			ok = server_kill(
				&(Server) {.data = arena_printf(session->arena, "%s/%s", session->base, entry->d_name)}, err);
	closedir(directory);
	return ok;
}

/* The lock goes last: by it a destroy that was stopped half-way is known for ours
 * by the next, which finishes it.  So does the description of a demo's cluster, which
 * that one has to be given. */
static bool remove_entries(Session *session, Shell *shell, Err *err)
{
	DIR *directory = opendir(session->base);
	const struct dirent *entry = NULL;
	bool ok = directory != NULL || err_errno(err, "read \"%s\"", session->base);

	while (ok && directory != NULL && (entry = readdir(directory)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
		    strcmp(entry->d_name, "lock") != 0 && strcmp(entry->d_name, "cluster.json") != 0)
			ok = shell_remove(shell, arena_printf(session->arena, "%s/%s", session->base, entry->d_name),
			                  err);
	if (directory != NULL)
		closedir(directory);
	return ok;
}

static bool remove_files(Session *session, Err *err)
{
	const ShellTarget here = {.run_as = NULL};
	Shell *shell = shell_open(&here, err);
	bool ok = shell != NULL;

	if (ok && session->sockets != NULL && strncmp(session->sockets, session->base, strlen(session->base)) != 0)
		ok = shell_remove(shell, session->sockets, err);
	ok = ok && remove_entries(session, shell, err) && shell_remove(shell, session->base, err);
	shell_close(shell);
	return ok;
}

static bool forget(Err *err)
{
	err_clear(err);
	return clock_go_on(err);
}

/* Nobody's operation is cut short, wherever it runs from.  What stands in the way of
 * asking, a missing password or a server that is down, is no reason to keep the data. */
static bool nobody_works(Session *session, Err *err)
{
	if (session_exists(session) && !session_attach(session, err))
		return forget(err);
	return !session_exists(session) || operation_prepare(session, err) || (err->kind != ERR_REFUSED && forget(err));
}

/* A node whose host is not described would be left running, and nobody had its passwords.
 * *asked: whether the coordinator said which nodes it has. */
static bool all_are_described(Session *session, bool *asked, Err *err)
{
	Pg *pg = operation_pg(session);
	Members members = {NULL, 0};
	const char *names = NULL;

	if (pg == NULL)
		return true;
	if (!members_read(session, pg, session->arena, &members, err))
		return forget(err);
	*asked = true;
	for (size_t i = 0; i < members.count; i++)
		if (members.items[i].described == NULL && members.items[i].group != 0)
			names = arena_printf(session->arena, "%s%s%s", names != NULL ? names : "", names != NULL ? ", " : "", members.items[i].name);
	if (names == NULL)
		return true;
	err_set(err, ERR_REFUSED, "the cluster has nodes that are not described, whose servers would be left behind: %s", names);
	return err_hint(err, "Describe them again, so that they go too, or take each out first: citusctl node remove HOST:PORT");
}

/* What the plan says of servers that were let go of. */
static const char *left_there(const Session *session, const Report *report)
{
	const char *left = NULL;

	for (size_t n = 0; report != NULL && n < session->cluster->node_count; n++)
		if (session->places[n].adopted && report_slot(report, report->step_count - 1, n)->said != NULL)
			left = arena_printf(session->arena, "%s%s%s", left != NULL ? left : "", left != NULL ? ", " : "",
			                    report_slot(report, report->step_count - 1, n)->said);
	return left;
}

/* The hosts know what was made on them, also when nothing is known here. */
static bool drop_on_hosts(Session *session, Leftovers *left, Err *err)
{
	const ShellTarget here = {.run_as = NULL};
	Shell *shell = shell_open(&here, err);
	Report *report = NULL;
	bool asked = false;
	bool ok = shell != NULL && session_is_ours(session, err) && shell_mkdir(shell, session->base, 0700, err) &&
	          session_lock(session, err) && nobody_works(session, err) && all_are_described(session, &asked, err) &&
	          run_plan(session, provision_drop_steps, false, NULL, &report, err) && remove_files(session, err);

	if (!ok)
		operation_end(session, false, err);
	*left = (Leftovers) {
		.adopted = left_there(session, report),
		.unasked = !asked && report != NULL && report_count(report, OUTCOME_CHANGED) > 0,
	};
	report_free(report);
	shell_close(shell);
	return ok;
}

bool destroy_cluster(Session *session, Leftovers *left, Err *err)
{
	Leftovers nobody_asks;

	if (left == NULL)
		left = &nobody_asks;
	*left = (Leftovers) {0};
	if (session->cluster->deploy == DEPLOY_SSH)
		return drop_on_hosts(session, left, err);
	return session_is_ours(session, err) && session_lock(session, err) && nobody_works(session, err) &&
	       beside_stop_all(session, err) && kill_all(session, err) && remove_files(session, err);
}
