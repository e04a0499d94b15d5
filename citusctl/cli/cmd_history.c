#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/output.h"
#include "ops/history.h"

typedef struct HistoryArgs {
	int64_t limit;
} HistoryArgs;

static const Option history_options[] = {
	{"limit", 'n', OPT_INT, offsetof(HistoryArgs, limit), "N", "the last N operations (default 20)", 1, 1000},
	{0},
};

static bool history_defaults(void *opaque)
{
	*(HistoryArgs *) opaque = (HistoryArgs) {.limit = 20};
	return true;
}

static Json *history_json(const Cluster *cluster, const History *history)
{
	Json *document = json_object();

	json_add_text(document, "cluster", cluster->name);

	Json *operations = json_add_array(document, "operations");

	for (size_t i = 0; i < history->count; i++) {
		const HistoryEntry *e = &history->entries[i];
		Json *one = json_add_object(operations, NULL);

		json_add_int(one, "id", e->id);
		json_add_text(one, "operator", e->operator);
		json_add_text(one, "command", e->command);
		json_add_text(one, "started_at", e->started_at);
		json_add_text(one, "finished_at", e->finished_at);
		if (e->has_seconds)
			json_add_double(one, "seconds", e->seconds);
		json_add_text(one, "outcome", e->outcome);
		json_add_text(one, "details", e->details);
	}
	return document;
}

static const char *colour_of(const char *outcome)
{
	if (strcmp(outcome, "done") == 0)
		return "32";
	return strcmp(outcome, "running") == 0 ? "33" : "1;31";
}

static void print_history(const Cluster *cluster, const History *history, Arena *arena)
{
	static const char *const header[] = {"Started", "Operator", "Command", "Took", "Outcome", "Details"};
	static const bool right[] = {false, false, false, true, false, false};
	bool colour = output_colour(stdout);
	const char **cells = arena_array(arena, history->count * 6, sizeof(char *));

	if (history->count == 0) {
		printf("Nothing has been done to cluster \"%s\" yet.\n", cluster->name);
		return;
	}
	for (size_t i = 0; i < history->count; i++) {
		const HistoryEntry *e = &history->entries[i];
		const char **row = &cells[i * 6];

		row[0] = e->started;
		row[1] = e->operator;
		row[2] = e->command;
		row[3] = e->has_seconds ? output_seconds(arena, (int64_t) (e->seconds * 1e6)) : "-";
		row[4] = output_paint(arena, colour, colour_of(e->outcome), e->outcome);
		row[5] = e->details != NULL ? e->details : "";
	}
	output_table(stdout, header, right, 6, cells, history->count);
}

static bool run_history(Call *call, const void *opaque, Err *err)
{
	const HistoryArgs *args = opaque;
	History history;

	if (!session_attach(call->session, err) ||
	    !history_read(call->session, (int) args->limit, call->arena, &history, err))
		return false;
	if (call->globals->json)
		output_json(history_json(call->cluster, &history));
	else
		print_history(call->cluster, &history, call->arena);
	return true;
}

const Command history_command = {
	.name = "history",
	.summary = "what was done to the cluster: who, when, what, how it ended",
	.operands = "",
	.details = "The journal stands on the coordinator, so that all operators see the same one.  A run\n"
	           "that was killed \"did not finish\".",
	.options = history_options,
	.args_size = sizeof(HistoryArgs),
	.needs = NEEDS_SESSION,
	.defaults = history_defaults,
	.run = run_history,
};
