#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cmd_node.h"
#include "cli/commands.h"
#include "io/foreground.h"
#include "util/str.h"

typedef struct PsqlArgs {
	bool superuser;
} PsqlArgs;

static const Option psql_options[] = {
	{"superuser", 0, OPT_FLAG, offsetof(PsqlArgs, superuser), NULL, "as the superuser, not as the role of the description", 0, 0},
	{0},
};

#define NO_CONNECTION 2 /* of psql: no connection */

/* One line of a password file that fits every connection. */
static const char *passfile_text(Arena *arena, const char *password)
{
	Str text = STR_INIT;

	str_append(&text, "*:*:*:*:");
	for (const char *c = password; *c != '\0'; c++) {
		if (*c == ':' || *c == '\\')
			str_append_char(&text, '\\');
		str_append_char(&text, *c);
	}
	str_append_char(&text, '\n');

	const char *kept = arena_strdup(arena, str_text(&text));

	str_free(&text);
	return kept;
}

/* The node named, or the coordinator. */
static const Node *chosen_node(const Call *call, Err *err)
{
	OptionList names = {{call->operands[0]}, call->plain_count > 0 ? 1 : 0};
	const bool *selected = NULL;

	if (call->plain_count > 1) {
		err_set(err, ERR_USAGE, "\"psql\" takes one node");
		err_hint(err, "What is for psql itself goes behind \"--\".");
		return NULL;
	}
	if (names.count == 0)
		return &call->cluster->nodes[0];
	return node_select(call, &names, &selected, err) ? cluster_find_node(call->cluster, names.items[0]) : NULL;
}

/* psql of the cluster's PostgreSQL where that is known, else the one of the path. */
static const char *psql_program(const Call *call)
{
	Err ignored = ERR_INIT;
	const char *path = "psql";

	if (call->cluster->deploy == DEPLOY_LOCAL && session_find_postgres(call->session, &ignored)) {
		const char *beside = arena_printf(call->arena, "%s/psql", call->session->bindir);

		path = access(beside, X_OK) == 0 ? beside : path;
	}
	err_clear(&ignored);
	return path;
}

static bool run_program(const Call *call, const PgTarget *target, const char *host, const char *passfile, int *status, Err *err)
{
	Arena *arena = call->arena;
	const char **argv = arena_array(arena, call->operand_count + 2, sizeof(*argv));
	const char *environment[] = {
		arena_printf(arena, "PGHOST=%s", host),
		arena_printf(arena, "PGPORT=%d", target->remote != NULL ? REMOTE_FORWARD_PORT : target->port),
		arena_printf(arena, "PGUSER=%s", target->user),
		arena_printf(arena, "PGDATABASE=%s", target->database),
		"PGHOSTADDR", "PGSERVICE", "PGPASSWORD", "PGSSLMODE",
		passfile != NULL ? arena_printf(arena, "PGPASSFILE=%s", passfile) : NULL,
		NULL};

	argv[0] = psql_program(call);
	for (size_t i = call->plain_count; i < call->operand_count; i++)
		argv[i - call->plain_count + 1] = call->operands[i];
	fflush(stdout);
	if (foreground_run(argv, environment, status, err))
		return true;
	return err_hint(err, "Install PostgreSQL's client (such as \"apt-get install postgresql-client\").");
}

static bool run_psql(Call *call, const void *opaque, Err *err)
{
	const PsqlArgs *args = opaque;
	Session *session = call->session;

	if (call->globals->json) {
		err_set(err, ERR_USAGE, "psql prints in its own way, not as JSON");
		return err_hint(err, "A query can make JSON: citusctl psql -- -Atc \"SELECT json_agg(t) FROM t\"");
	}

	const Node *node = chosen_node(call, err);

	if (node == NULL || !session_attach(session, err))
		return false;

	PgTarget target = args->superuser ? session_superuser(session, node, call->cluster->postgres.database) : session_app(session, node);
	const char *host = target.host;
	const char *passfile = NULL;
	int fd = -1;
	int status = 0;

	if (target.remote != NULL && (!remote_login(target.remote, err) ||
	                              (host = remote_forward(target.remote, "127.0.0.1", target.port, err)) == NULL))
		return false;
	if (target.password != NULL && (fd = foreground_file(passfile_text(call->arena, target.password), call->arena, &passfile, err)) < 0)
		return false;

	bool ok = run_program(call, &target, host, passfile, &status, err);

	if (fd >= 0)
		close(fd);
	if (ok && status != 0)
		err->kind = status == NO_CONNECTION ? ERR_UNREACHABLE : status == 130 ? ERR_INTERRUPTED : ERR_FAILED;
	return ok && status == 0;
}

const Command psql_command = {
	.name = "psql",
	.summary = "psql on a node, the coordinator unless named",
	.operands = "[NODE] [-- PSQL-OPTION...]",
	.details = "Through SSH where the nodes are hosts.  The password is on no command line, in no\n"
	           "environment and no file that others can read.  What psql should do goes behind --:\n"
	           "\n"
	           "  citusctl psql worker1 -- -c 'SELECT count(*) FROM pg_stat_activity'\n"
	           "\n"
	           "Exit status: 0, 4 when psql has no connection, else 1.",
	.options = psql_options,
	.args_size = sizeof(PsqlArgs),
	.operands_max = OPERANDS_MAX,
	.needs = NEEDS_SESSION,
	.run = run_psql,
};
