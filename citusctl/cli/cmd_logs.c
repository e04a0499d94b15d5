#include <stdio.h>
#include <string.h>

#include "cli/cmd_node.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "ops/reach.h"
#include "run/each.h"
#include "util/clock.h"
#include "util/str.h"

#define FOLLOW_MS 1000

typedef struct LogsArgs {
	int64_t lines;
	bool follow;
} LogsArgs;

static const Option logs_options[] = {
	{"lines", 'n', OPT_INT, offsetof(LogsArgs, lines), "N", "the last N lines of each (default 20)", 0, 10000},
	{"follow", 'f', OPT_FLAG, offsetof(LogsArgs, follow), NULL, "go on with what is written, until Ctrl-C", 0, 0},
	{0},
};

static bool logs_defaults(void *opaque)
{
	*(LogsArgs *) opaque = (LogsArgs) {.lines = 20};
	return true;
}

typedef struct Reader {
	Arena *arena;
	NodeLog log;
	bool ok;
	Err err;
} Reader;

typedef struct Readers {
	Session *session;
	int lines;
	Reader *items; /* one a node */
} Readers;

static void read_one(void *context, size_t node)
{
	Readers *readers = context;
	Reader *one = &readers->items[node];
	Arena *fresh = arena_new();
	NodeLog log = {.path = arena_strdup(fresh, one->log.path), .offset = one->log.offset};

	err_clear(&one->err);
	one->ok = reach_log(readers->session, &readers->session->cluster->nodes[node], readers->lines, fresh, &log, &one->err);
	arena_free(one->arena); /* what was read the last time */
	one->arena = fresh;
	one->log = log;
}

static Json *to_json(const Cluster *cluster, const bool *selected, const Reader items[])
{
	Json *document = json_object();
	Json *nodes = json_add_array(document, "nodes");

	for (size_t i = 0; i < cluster->node_count; i++) {
		if (!selected[i])
			continue;

		Json *one = json_add_object(nodes, NULL);
		char *rest = NULL;
		Arena *scratch = arena_new();

		json_add_text(one, "name", cluster->nodes[i].name);
		json_add_text(one, "file", items[i].log.path);

		Json *lines = json_add_array(one, "lines");

		for (char *line = strtok_r(arena_strdup(scratch, items[i].log.text), "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest))
			json_add_text(lines, NULL, line);
		arena_free(scratch);
	}
	return document;
}

static void print_new(const Call *call, const bool *selected, const Reader items[], size_t count)
{
	for (size_t i = 0; i < call->cluster->node_count; i++) {
		if (!selected[i] || !items[i].ok)
			continue;
		for (const char *line = items[i].log.text; *line != '\0';) {
			size_t length = strcspn(line, "\n");

			if (count > 1)
				printf("%s: ", call->cluster->nodes[i].name);
			printf("%.*s\n", (int) length, line);
			line += length + (line[length] == '\n' ? 1 : 0);
		}
	}
	fflush(stdout);
}

/* A host that goes away while its log is followed is said so once, and waited for. */
static void follow(const Call *call, const bool *selected, Readers *readers, size_t count)
{
	bool *away = arena_array(call->arena, call->cluster->node_count, sizeof(bool));

	while (!clock_interrupted()) {
		for (int waited = 0; waited < FOLLOW_MS && !clock_interrupted(); waited += 50)
			clock_sleep_ms(50);
		if (clock_interrupted())
			break;
		each_node(call->session, selected, read_one, readers);
		print_new(call, selected, readers->items, count);
		for (size_t i = 0; i < call->cluster->node_count; i++) {
			if (selected[i] && !readers->items[i].ok && !away[i] && !clock_interrupted())
				fprintf(stderr, "%s: %s\n", call->cluster->nodes[i].name, readers->items[i].err.message);
			away[i] = !readers->items[i].ok;
		}
	}
}

static bool read_logs(Call *call, const LogsArgs *args, const bool *selected, Readers *readers, Err *err)
{
	size_t count = 0;

	for (size_t i = 0; i < call->cluster->node_count; i++)
		count += selected[i] ? 1 : 0;
	each_node(call->session, selected, read_one, readers);
	if (!clock_go_on(err))
		return false;
	for (size_t i = 0; i < call->cluster->node_count; i++)
		if (selected[i] && !readers->items[i].ok) {
			if (!call->globals->json)
				print_new(call, selected, readers->items, count);
			err_copy(err, &readers->items[i].err);
			return err_wrap(err, "%s", call->cluster->nodes[i].name);
		}
	if (call->globals->json)
		output_json(to_json(call->cluster, selected, readers->items));
	else
		print_new(call, selected, readers->items, count);
	if (args->follow)
		follow(call, selected, readers, count);
	return !args->follow || clock_go_on(err);
}

static bool run_logs(Call *call, const void *opaque, Err *err)
{
	const LogsArgs *args = opaque;
	OptionList names = {{NULL}, 0};
	const bool *selected = NULL;
	size_t count = call->cluster->node_count;

	if (args->follow && call->globals->json)
		return err_set(err, ERR_USAGE, "--follow has no end, and JSON is one document: leave one of them out");
	for (size_t i = 0; i < call->operand_count; i++)
		names.items[names.count++] = call->operands[i];
	if (!node_select(call, &names, &selected, err) || !session_attach(call->session, err))
		return false;

	Readers readers = {.session = call->session, .lines = (int) args->lines,
	                   .items = arena_array(call->arena, count, sizeof(Reader))};
	bool ok = read_logs(call, args, selected, &readers, err);

	for (size_t i = 0; i < count; i++) {
		err_clear(&readers.items[i].err);
		arena_free(readers.items[i].arena);
	}
	return ok;
}

const Command logs_command = {
	.name = "logs",
	.summary = "the end of the servers' logs, of all nodes unless named",
	.operands = "[NODE...]",
	.details = "Each line with its node in front when there are several.",
	.options = logs_options,
	.args_size = sizeof(LogsArgs),
	.defaults = logs_defaults,
	.operands_max = OPERANDS_MAX,
	.needs = NEEDS_SESSION,
	.run = run_logs,
};
