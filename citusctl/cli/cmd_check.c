#include <stdio.h>

#include "cli/commands.h"
#include "cli/output.h"
#include "ops/check.h"

static const char *const verdicts[] = {"Pass", "Warn", "Fail"};

static Json *check_json(const Cluster *cluster, const Check *check)
{
	static const char *const names[] = {"pass", "warn", "fail"};
	Json *document = json_object();

	json_add_text(document, "cluster", cluster->name);
	json_add_bool(document, "passed", check->failed == 0);
	json_add_int(document, "failed", (int64_t) check->failed);
	json_add_int(document, "warned", (int64_t) check->warned);

	Json *results = json_add_array(document, "checks");

	for (size_t i = 0; i < check->count; i++) {
		Json *one = json_add_object(results, NULL);

		json_add_text(one, "node", check->items[i].node);
		json_add_text(one, "check", check->items[i].check);
		json_add_text(one, "result", names[check->items[i].verdict]);
		json_add_text(one, "message", check->items[i].message);
	}
	return document;
}

static void print_results(const Call *call, const Check *check)
{
	static const char *const header[] = {"Node", "Check", "Result", "Message"};
	static const char *const colours[] = {"32", "33", "1;31"};
	static const bool right[] = {false, false, false, false};
	bool colour = output_colour(stdout);
	const char **cells = arena_array(call->arena, check->count * 4, sizeof(char *));
	size_t rows = 0;

	for (size_t i = 0; i < check->count; i++) {
		const CheckResult *r = &check->items[i];

		if (call->globals->quiet && r->verdict == VERDICT_PASS)
			continue;
		cells[rows * 4] = r->node;
		cells[rows * 4 + 1] = r->check;
		cells[rows * 4 + 2] = output_paint(call->arena, colour, colours[r->verdict], verdicts[r->verdict]);
		cells[rows++ * 4 + 3] = r->message;
	}
	if (rows > 0)
		output_table(stdout, header, right, 4, cells, rows);
}

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
		print_results(call, &check);
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
