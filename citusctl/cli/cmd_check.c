#include <stdio.h>

#include "cli/check_output.h"
#include "cli/commands.h"

/* Who can log in where, when somebody can't: rows are from, columns to. */
static void print_matrix(const Call *call, const Check *check)
{
	size_t count = call->cluster->node_count;
	const char **header = arena_array(call->arena, count + 1, sizeof(char *));
	const char **cells = arena_array(call->arena, count * (count + 1), sizeof(char *));
	bool *right = arena_array(call->arena, count + 1, sizeof(bool));
	bool bad = false;

	header[0] = "Logs in from \\ to";
	for (size_t i = 0; i < count; i++) {
		header[i + 1] = call->cluster->nodes[i].name;
		cells[i * (count + 1)] = call->cluster->nodes[i].name;
		for (size_t k = 0; k < count; k++) {
			int login = check->logins[i * count + k];

			bad = bad || login < 0;
			cells[i * (count + 1) + k + 1] = login == 0 ? "-" : login > 0 ? "yes" : "NO";
		}
	}
	if (!bad)
		return;
	putchar('\n');
	output_table(stdout, header, right, count + 1, cells, count);
}

static bool run_check(Call *call, const void *args, Err *err)
{
	Session *session = call->session;
	bool made = session->base == NULL || session_exists(session);
	Check check;

	(void) args;
	if (made && !session_attach(session, err))
		return false;
	if (session->cluster->deploy == DEPLOY_LOCAL && !session_find_postgres(session, err))
		err_clear(err); /* which is what the check will say */
	if (!check_run(session, call->arena, &check, err))
		return false;
	if (call->globals->json) {
		output_json(check_json(call->cluster, &check));
	} else {
		check_print(call, &check);
		print_matrix(call, &check);
		printf("\n%zu checks: %zu failed, %zu warning%s.\nNext: %s\n", check.count, check.failed, check.warned,
		       check.warned == 1 ? "" : "s", check.failed > 0 ? "remedy what failed, citusctl check" : made ? "citusctl status" : "citusctl init");
	}
	if (check.failed > 0)
		err->kind = ERR_DIFFERS;
	return check.failed == 0;
}

const Command check_command = {
	.name = "check",
	.summary = "examine the description, the hosts and the servers; changes nothing",
	.operands = "",
	.details = "Before the first init: hosts, versions, ports, directories, disk, memory, clocks, names and\n"
	           "connections between all nodes.  Once servers run also settings, locale, identity and the\n"
	           "logins from each node to every other with the credentials that they use.  A check that\n"
	           "fails makes the exit status 3; -q shows what did not pass only.",
	.needs = NEEDS_SESSION,
	.run = run_check,
};
