#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/output.h"
#include "ops/engine.h"
#include "ops/status.h"

static void add_bytes(Json *object, int64_t bytes)
{
	if (bytes == BYTES_UNKNOWN)
		json_add_text(object, "bytes", NULL);
	else
		json_add_int(object, "bytes", bytes);
}

static const char *show_bytes(Arena *arena, int64_t bytes)
{
	return bytes == BYTES_UNKNOWN ? "unknown" : output_bytes(arena, bytes);
}

static Json *status_json(const Cluster *cluster, const Status *status, const char *note)
{
	Json *document = json_object();

	json_add_text(document, "cluster", cluster->name);
	json_add_text(document, "engine", status->engine);
	json_add_text(document, "version", status->version);

	Json *nodes = json_add_array(document, "nodes");

	for (size_t i = 0; i < status->node_count; i++) {
		const NodeStatus *n = &status->nodes[i];
		Json *node = json_add_object(nodes, NULL);

		json_add_text(node, "name", n->name);
		json_add_text(node, "role", n->role);
		json_add_text(node, "host", n->host);
		json_add_int(node, "port", n->port);
		json_add_text(node, "state", n->state);
		json_add_int(node, "shards", n->shards);
		add_bytes(node, n->bytes);
	}

	Json *tables = json_add_array(document, "tables");

	for (size_t i = 0; i < status->table_count; i++) {
		const TableStatus *t = &status->tables[i];
		Json *table = json_add_object(tables, NULL);

		json_add_text(table, "name", t->name);
		json_add_text(table, "type", t->type);
		json_add_text(table, "distribution_column", t->distribution_column);
		json_add_int(table, "colocation_id", t->colocation_id);
		json_add_int(table, "shard_count", t->shard_count);
		add_bytes(table, t->bytes);
		json_add_text(table, "storage", t->storage);
	}
	json_add_double(json_add_object(document, "balance"), "max_over_mean", status->max_over_mean);
	json_add_text(document, "note", note);
	return document;
}

static void print_nodes(const Status *status, Arena *arena)
{
	static const char *const header[] = {"Node", "Role", "Address", "State", "Shards", "Size"};
	static const bool right[] = {false, false, false, false, true, true};
	bool colour = output_colour(stdout);
	const char **cells = arena_array(arena, status->node_count * 6, sizeof(char *));

	for (size_t i = 0; i < status->node_count; i++) {
		const NodeStatus *n = &status->nodes[i];
		const char **row = &cells[i * 6];
		bool worker = strcmp(n->role, "worker") == 0;

		row[0] = n->name;
		row[1] = n->role;
		row[2] = arena_printf(arena, "%s:%d", n->host, n->port);
		row[3] = output_paint(arena, colour, strcmp(n->state, "active") == 0 ? "32" : "1;31", n->state);
		row[4] = worker ? arena_printf(arena, "%lld", (long long) n->shards) : "-";
		row[5] = worker ? show_bytes(arena, n->bytes) : "-";
	}
	output_table(stdout, header, right, 6, cells, status->node_count);
}

static void print_tables(const Status *status, Arena *arena)
{
	static const char *const header[] = {"Table", "Type", "Distributed by", "Group", "Shards", "Size"};
	static const bool right[] = {false, false, false, true, true, true};
	const char **cells = arena_array(arena, status->table_count * 6, sizeof(char *));

	for (size_t i = 0; i < status->table_count; i++) {
		const TableStatus *t = &status->tables[i];
		const char **row = &cells[i * 6];

		row[0] = t->name;
		row[1] = t->type;
		row[2] = t->distribution_column != NULL ? t->distribution_column : "-";
		row[3] = arena_printf(arena, "%lld", (long long) t->colocation_id);
		row[4] = arena_printf(arena, "%lld", (long long) t->shard_count);
		row[5] = show_bytes(arena, t->bytes);
	}
	output_table(stdout, header, right, 6, cells, status->table_count);
}

static size_t count_state(const Status *status, const char *state)
{
	size_t count = 0;

	for (size_t i = 0; i < status->node_count; i++)
		count += strcmp(status->nodes[i].state, state) == 0 ? 1 : 0;
	return count;
}

static void print_status(const Cluster *cluster, const Status *status, const char *note, Arena *arena)
{
	size_t removed = count_state(status, "removed");
	size_t wrong = status->node_count - removed - count_state(status, "active");
	const char *platform = strstr(status->version, " on "); /* and compiler: for the JSON only */
	size_t length = platform != NULL ? (size_t) (platform - status->version) : strlen(status->version);

	printf("Cluster %s, engine %s (%.*s)\n\n", cluster->name, status->engine, (int) length, status->version);
	print_nodes(status, arena);
	putchar('\n');
	if (status->table_count > 0) {
		print_tables(status, arena);
		if (status->max_over_mean > 0)
			printf("\nBalance: the fullest worker holds %.2f times the mean.\n", status->max_over_mean);
		else if (isnan(status->max_over_mean))
			printf("\nSizes and balance are not known while a worker is down.\n");
	} else {
		printf("No distributed tables yet.\n");
	}
	if (note != NULL)
		printf("Note: %s\n", note);
	if (removed > 0)
		printf("\nRemoved nodes are still in the description: take them out of \"workers\".\n");
	if (wrong > 0)
		printf("\n%zu of %zu nodes are not active.  To start stopped servers: citusctl node start\n", wrong,
		       status->node_count);
	else
		printf("Next: citusctl demo\n");
}

static bool run_status(Call *call, const void *args, Err *err)
{
	Status status;

	(void) args;
	if (!session_attach(call->session, err) || !status_read(call->session, call->arena, &status, err))
		return false;

	const char *note = engine_note(call->cluster, call->session->engine, call->arena);

	if (call->globals->json)
		output_json(status_json(call->cluster, &status, note));
	else
		print_status(call->cluster, &status, note, call->arena);
	return true;
}

const Command status_command = {
	.name = "status",
	.summary = "nodes, tables, shards, sizes, balance",
	.operands = "",
	.needs = NEEDS_SESSION,
	.run = run_status,
};
