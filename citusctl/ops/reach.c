#include "ops/reach.h"

#include <stdlib.h>
#include <string.h>

#include "ops/survey.h"

static bool runs_here(const Session *session, Err *err)
{
	if (session->cluster->deploy != DEPLOY_NONE)
		return true;
	err_set(err, ERR_REFUSED, "the machines of cluster \"%s\" are somebody else's (\"deploy\": \"none\")", session->cluster->name);
	return err_hint(err, "\"citusctl psql NODE\" reaches their servers.");
}

/* env NAME=VALUE... in front of the words. */
static const char *const *with_environment(const Session *session, const Node *node, const char *const argv[], Arena *arena)
{
	const Place *place = session_place(session, node);
	size_t count = 0;
	size_t n = 0;

	while (argv[count] != NULL)
		count++;

	const char **words = arena_array(arena, count + 8, sizeof(*words));

	words[n++] = "env";
	words[n++] = arena_printf(arena, "CITUSCTL_NODE=%s", node->name);
	words[n++] = arena_printf(arena, "PGPORT=%d", session_port(session, node));
	words[n++] = arena_printf(arena, "PGDATABASE=%s", session->cluster->postgres.database);
	if (session->sockets != NULL) {
		words[n++] = arena_printf(arena, "PGHOST=%s", session->sockets);
		words[n++] = arena_printf(arena, "PGDATA=%s", place->data);
	}
	for (size_t i = 0; i < count; i++)
		words[n++] = argv[i];
	return words;
}

bool reach_run(Session *session, const Node *node, const char *const argv[], bool as_root, Arena *arena, ShellResult *result,
               Err *err)
{
	const char *const *words = with_environment(session, node, argv, arena);
	const ShellTarget here = {.run_as = NULL};
	Host host = {0};
	bool ok = runs_here(session, err) && host_open(&host, session, node, true, err);

	if (ok && as_root && host.root == NULL) {
		shell_close(host.shell);
		host.shell = shell_open(&here, err); /* as whoever runs citusctl: root or not */
		ok = host.shell != NULL;
	}
	ok = ok && shell_run(as_root && host.root != NULL ? host.root : host.shell, words, NULL, arena, result, err);
	host_close(&host);
	return ok;
}

static bool find_log(Host *host, const char **path, Err *err)
{
	const Cluster *cluster = host->session->cluster;
	const Facts *facts = NULL;

	if (host->root == NULL) {
		*path = session_place(host->session, host->node)->log;
		return true;
	}
	if (!survey_host(host, &facts, err))
		return false;
	if (facts->created == 0) {
		err_set(err, ERR_FAILED, "there is no server of cluster \"%s\" on %s", cluster->name, host->node->host);
		err_hint(err, "\"citusctl init\" makes it.");
		return err_node(err, host->node->name);
	}
	*path = facts_server(facts, cluster, host->node, facts->created, host->arena).log;
	return true;
}

/* The script says how long the file is on a line of its own first. */
static bool read_log(Host *host, int lines, Arena *arena, NodeLog *log, Err *err)
{
	const char *const words[] = {log->path, arena_printf(arena, "%d", lines), arena_printf(arena, "%lld", log->offset), NULL};
	Shell *shell = host->root != NULL ? host->root : host->shell;
	ShellResult result;

	if (!shell_run(shell, script_argv(arena, "host/log.sh", "log", words), NULL, arena, &result, err))
		return false;
	if (result.status != 0) {
		err_set(err, ERR_FAILED, "the log \"%s\" of node \"%s\" can't be read", log->path, host->node->name);
		err_detail(err, "%s", result.err);
		return err_node(err, host->node->name);
	}
	log->offset = strtoll(result.out, NULL, 10);
	log->text = strchr(result.out, '\n') != NULL ? strchr(result.out, '\n') + 1 : "";
	return true;
}

bool reach_log(Session *session, const Node *node, int lines, Arena *arena, NodeLog *log, Err *err)
{
	Host host = {0};
	bool ok = runs_here(session, err) && host_open(&host, session, node, true, err);

	if (ok && log->path == NULL) {
		log->offset = -1;
		ok = find_log(&host, &log->path, err);
		log->path = arena_strdup(arena, log->path);
	}
	ok = ok && read_log(&host, lines, arena, log, err);
	host_close(&host);
	return ok;
}
