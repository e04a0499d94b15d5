#include <stdio.h>
#include <string.h>

#include "cli/cmd_node.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "ops/reach.h"
#include "run/each.h"
#include "util/clock.h"

typedef struct ExecArgs {
	bool root;
} ExecArgs;

static const Option exec_options[] = {
	{"root", 0, OPT_FLAG, offsetof(ExecArgs, root), NULL, "as root, not as the user that runs the servers", 0, 0},
	{0},
};

/* What it did on one node. */
typedef struct Execution {
	Arena *arena;
	bool ran;
	ShellResult result;
	Err err;
} Execution;

typedef struct Executions {
	Session *session;
	const char *const *argv;
	bool as_root;
	Execution *items; /* one a node */
} Executions;

static void execute(void *context, size_t node)
{
	Executions *all = context;
	Execution *one = &all->items[node];

	one->arena = arena_new();
	one->ran = reach_run(all->session, &all->session->cluster->nodes[node], all->argv, all->as_root, one->arena, &one->result, &one->err);
}

/* Each line with the node in front, unless there is only one node. */
static void print_lines(FILE *stream, const char *node, bool several, const char *text)
{
	for (const char *line = text; *line != '\0';) {
		size_t length = strcspn(line, "\n");

		if (several)
			fprintf(stream, "%s: ", node);
		fprintf(stream, "%.*s\n", (int) length, line);
		line += length + (line[length] == '\n' ? 1 : 0);
	}
}

static Json *to_json(const Cluster *cluster, const bool *selected, const Execution items[])
{
	Json *document = json_object();
	Json *nodes = json_add_array(document, "nodes");

	for (size_t i = 0; i < cluster->node_count; i++) {
		if (!selected[i])
			continue;

		Json *one = json_add_object(nodes, NULL);

		json_add_text(one, "name", cluster->nodes[i].name);
		if (items[i].ran) {
			json_add_int(one, "status", items[i].result.status);
			json_add_text(one, "stdout", items[i].result.out);
			json_add_text(one, "stderr", items[i].result.err);
		} else {
			json_add_text(one, "error", items[i].err.message);
		}
	}
	return document;
}

static void print_all(const Call *call, const bool *selected, const Execution items[])
{
	size_t count = 0;

	for (size_t i = 0; i < call->cluster->node_count; i++)
		count += selected[i] ? 1 : 0;
	for (size_t i = 0; i < call->cluster->node_count; i++) {
		if (!selected[i] || !items[i].ran)
			continue;
		print_lines(stdout, call->cluster->nodes[i].name, count > 1, items[i].result.out);
		fflush(stdout);
		print_lines(stderr, call->cluster->nodes[i].name, count > 1, items[i].result.err);
	}
}

/* The first node that could not be reached, else those where the command failed. */
static bool judge(const Call *call, const bool *selected, const Execution items[], Err *err)
{
	const char *failed = NULL;

	for (size_t i = 0; i < call->cluster->node_count; i++) {
		if (selected[i] && !items[i].ran) {
			err_copy(err, &items[i].err);
			return err_wrap(err, "%s", call->cluster->nodes[i].name);
		}
		if (selected[i] && items[i].result.status != 0)
			failed = arena_printf(call->arena, "%s%s%s (status %d)", failed != NULL ? failed : "", failed != NULL ? ", " : "",
			                      call->cluster->nodes[i].name, items[i].result.status);
	}
	return failed == NULL || err_set(err, ERR_FAILED, "the command failed on %s", failed);
}

static bool run_exec(Call *call, const void *opaque, Err *err)
{
	const ExecArgs *args = opaque;
	OptionList names = {{NULL}, 0};
	const bool *selected = NULL;
	size_t count = call->cluster->node_count;

	if (call->operand_count == call->plain_count) {
		err_set(err, ERR_USAGE, "there is no command to run");
		return err_hint(err, "It goes behind \"--\": citusctl exec worker1 -- df -h /var");
	}
	for (size_t i = 0; i < call->plain_count; i++)
		names.items[names.count++] = call->operands[i];
	if (!node_select(call, &names, &selected, err) || !session_attach(call->session, err))
		return false;

	const char **argv = arena_array(call->arena, call->operand_count - call->plain_count + 1, sizeof(*argv));
	Executions all = {.session = call->session, .argv = argv, .as_root = args->root,
	                  .items = arena_array(call->arena, count, sizeof(Execution))};

	for (size_t i = call->plain_count; i < call->operand_count; i++)
		argv[i - call->plain_count] = call->operands[i];
	each_node(call->session, selected, execute, &all);

	bool ok = clock_go_on(err) && judge(call, selected, all.items, err);

	if (!clock_interrupted() && !(call->globals->json && !ok && err->kind != ERR_FAILED)) {
		if (call->globals->json)
			output_json(to_json(call->cluster, selected, all.items));
		else
			print_all(call, selected, all.items);
		if (call->globals->json && !ok) {
			err_clear(err); /* the document says it */
			err->kind = ERR_FAILED;
		}
	}
	for (size_t i = 0; i < count; i++) {
		err_clear(&all.items[i].err);
		arena_free(all.items[i].arena);
	}
	return ok;
}

const Command exec_command = {
	.name = "exec",
	.summary = "run a command on the machines of nodes, all unless named",
	.operands = "[NODE...] -- COMMAND [ARG...]",
	.details = "The words of the command arrive as they are, without a shell in between; it runs as\n"
	           "the user that runs the servers, with CITUSCTL_NODE, PGPORT and PGDATABASE set (on a\n"
	           "local cluster also PGHOST and PGDATA).  Several nodes at a time, each line of output\n"
	           "with its node in front.  A command that fails somewhere makes the exit status 1.\n"
	           "\n"
	           "  citusctl exec -- df -h /var\n"
	           "  citusctl exec worker1 -- sh -c 'uptime; nproc'",
	.options = exec_options,
	.args_size = sizeof(ExecArgs),
	.operands_max = OPERANDS_MAX,
	.needs = NEEDS_SESSION,
	.run = run_exec,
};
