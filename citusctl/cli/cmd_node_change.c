/*
 * cli/cmd_node_change.c - "node list", "node add", "node drain", "node remove".
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cmd_node.h"
#include "cli/output.h"
#include "cli/rebalance_progress.h"
#include "ops/node.h"
#include "ops/node_list.h"
#include "run/operation.h"

/* ---- list ------------------------------------------------------------------- */

static Json *list_json(const Cluster *cluster, const NodeList *list)
{
	Json *document = json_object();

	json_add_text(document, "cluster", cluster->name);

	Json *nodes = json_add_array(document, "nodes");

	for (size_t i = 0; i < list->count; i++) {
		const NodeInfo *info = &list->items[i];
		Json *node = json_add_object(nodes, NULL);

		json_add_text(node, "name", info->status->name);
		json_add_text(node, "role", info->status->role);
		json_add_text(node, "host", info->status->host);
		json_add_int(node, "port", info->status->port);
		json_add_text(node, "state", info->status->state);
		json_add_bool(node, "takes_shards", info->takes_shards);
		json_add_int(node, "shards", info->status->shards);
		if (info->status->bytes == BYTES_UNKNOWN)
			json_add_text(node, "bytes", NULL);
		else
			json_add_int(node, "bytes", info->status->bytes);
		json_add_text(node, "postgres", info->postgres);
		json_add_text(node, "engine", info->engine);
		json_add_text(node, "started_at", info->since);
	}
	return document;
}

static void print_list(const NodeList *list, Arena *arena)
{
	static const char *const header[] = {"Node", "Role", "Address", "State", "New shards", "Shards", "Size", "PostgreSQL", "Up since"};
	static const bool right[] = {false, false, false, false, false, true, true, false, false};
	bool colour = output_colour(stdout);
	const char **cells = arena_array(arena, list->count * 9, sizeof(char *));

	for (size_t i = 0; i < list->count; i++) {
		const NodeInfo *info = &list->items[i];
		const NodeStatus *n = info->status;
		const char **row = &cells[i * 9];
		bool worker = strcmp(n->role, "worker") == 0;

		row[0] = n->name;
		row[1] = n->role;
		row[2] = arena_printf(arena, "%s:%d", n->host, n->port);
		row[3] = output_paint(arena, colour, strcmp(n->state, "active") == 0 ? "32" : "1;31", n->state);
		row[4] = info->takes_shards ? "welcome" : worker ? "kept off" : "-";
		row[5] = worker ? arena_printf(arena, "%lld", (long long) n->shards) : "-";
		row[6] = !worker ? "-" : n->bytes == BYTES_UNKNOWN ? "unknown" : output_bytes(arena, n->bytes);
		row[7] = info->postgres != NULL ? info->postgres : "-";
		row[8] = info->since != NULL ? info->since : "-";
	}
	output_table(stdout, header, right, 9, cells, list->count);
}

bool node_run_list(Call *call, Err *err)
{
	NodeList list;

	if (!session_attach(call->session, err) || !node_list_read(call->session, call->arena, &list, err))
		return false;
	if (call->globals->json)
		output_json(list_json(call->cluster, &list));
	else
		print_list(&list, call->arena);
	return true;
}

/* ---- add -------------------------------------------------------------------- */

bool node_run_add(Call *call, const OptionList *names, Err *err)
{
	Session *session = call->session;
	const bool *selected = NULL;
	RunWatcher watcher;
	Report *report = NULL;
	NodeAddition addition = {0};

	if (!node_select(call, names, &selected, err))
		return false;
	if (names->count > 0 && selected[0])
		return err_set(err, ERR_USAGE, "node \"%s\" is the coordinator, which \"citusctl init\" makes",
		               call->cluster->nodes[0].name);
	if (session->base != NULL && !session_attach(session, err))
		return false;
	session->adopts = call->globals->yes;

	bool ok = session_claim(session, err) && operation_begin(session, err) &&
	          node_add(session, selected, output_watcher(call->globals, &watcher), &report, &addition, err);

	operation_end(session, ok, err);
	if (addition.unreached != NULL)
		fprintf(stderr, "Not reached: %s.  It does not let new nodes in yet: when it is back, citusctl init\n", addition.unreached);
	if (ok && !call->globals->json && report_count_left(report) > 0) {
		output_differences(stdout, report, false);
		putchar('\n');
	}
	if (ok && call->globals->json)
		output_json(output_report_json(report));
	else if (ok && addition.opened > 0 && report_count(report, OUTCOME_CHANGED) == 0)
		printf("%zu node%s shards again.\nNext: citusctl rebalance --dry-run\n", addition.opened, addition.opened == 1 ? " takes" : "s take");
	else if (ok && report_count(report, OUTCOME_CHANGED) == 0)
		printf("%s of the cluster already.\nNext: citusctl status\n", names->count == 1 ? "It is a node" : "They are nodes");
	else if (ok && names->count == 1)
		printf("Done: %s is a node of cluster \"%s\".\nNext: citusctl rebalance --dry-run\n", names->items[0], call->cluster->name);
	else if (ok)
		printf("Done: all %zu are nodes of cluster \"%s\".\nNext: citusctl rebalance --dry-run\n",
		       names->count > 0 ? names->count : call->cluster->node_count - 1, call->cluster->name);
	if (!ok)
		err_hint(err, "What was done stays done: run the command again to finish the job.");
	report_free(report);
	return ok;
}

/* ---- drain ------------------------------------------------------------------ */

static bool needs_names(const OptionList *names, const char *verb, Err *err)
{
	if (names->count > 0)
		return true;
	err_set(err, ERR_USAGE, "\"node %s\" needs the name of a node", verb);
	return err_hint(err, "\"citusctl node list\" shows them.");
}

static bool find_programs(Session *session, Err *err)
{
	return session->cluster->deploy != DEPLOY_LOCAL || session_find_postgres(session, err);
}

bool node_run_drain(Call *call, const OptionList *names, Err *err)
{
	Session *session = call->session;
	RebalanceScreen screen = rebalance_screen(call->globals);
	const RebalanceOptions options = {.watch = rebalance_show, .watch_arg = &screen};
	Json *document = json_object();
	Json *nodes = json_add_array(document, "drained");
	int64_t all = 0;
	bool ok = needs_names(names, "drain", err) && session_attach(session, err) && session_lock(session, err) &&
	          operation_begin(session, err);

	for (size_t i = 0; ok && i < names->count; i++) {
		int64_t moved = 0;

		ok = node_drain(session, names->items[i], &options, call->arena, &moved, err);
		all += moved;
		if (!ok)
			break;

		Json *one = json_add_object(nodes, NULL);

		json_add_text(one, "name", names->items[i]);
		json_add_int(one, "moved_shards", moved);
		if (!call->globals->json)
			printf("Node %s holds no shards (%lld moved) and gets no new ones.\n", names->items[i], (long long) moved);
	}
	if (ok)
		operation_say(session, "%lld shards moved", (long long) all);
	rebalance_screen_end(&screen);
	operation_end(session, ok, err);
	if (ok && call->globals->json) {
		output_json(document);
		return true;
	}
	json_free(document);
	if (ok)
		printf("Next: citusctl node remove %s, or citusctl node add %s to let it have shards again\n", names->items[0],
		       names->items[0]);
	return ok;
}

/* ---- remove ----------------------------------------------------------------- */

static void print_losses(const char *name, const LossList *losses, Arena *arena)
{
	static const char *const header[] = {"Table", "Lost", "Of", "Shards"};
	static const bool right[] = {false, true, true, false};
	const char **cells = arena_array(arena, losses->count * 4, sizeof(char *));

	for (size_t i = 0; i < losses->count; i++) {
		cells[i * 4] = losses->items[i].table;
		cells[i * 4 + 1] = arena_printf(arena, "%lld", (long long) losses->items[i].shards);
		cells[i * 4 + 2] = arena_printf(arena, "%lld", (long long) losses->items[i].of);
		cells[i * 4 + 3] = losses->items[i].ids;
	}
	fprintf(stderr, "These shards stand on node %s only, and all their rows are lost with it:\n\n", name);
	output_table(stderr, header, right, 4, cells, losses->count);
	fprintf(stderr, "\nThey begin again empty on the other workers.  Reference tables lose nothing.  If there is a\n"
	                "backup of this node or its disk can be read, stop here: what is given up can't be brought back.\n\n");
}

/* The sentence names the number of shards, so that it can't be typed by habit, and a
 * script that pipes it in was written knowing what is lost. */
static bool loss_is_accepted(Call *call, const char *name, const LossList *losses, Err *err)
{
	const char *sentence = arena_printf(call->arena, "I accept the loss of %lld shards on %s", (long long) losses->shards, name);
	char answer[256] = "";

	fprintf(stderr, "To give them up, type: %s\n> ", sentence);
	if (fgets(answer, sizeof(answer), stdin) != NULL)
		answer[strcspn(answer, "\r\n")] = '\0';
	else if (isatty(STDIN_FILENO) == 0)
		fputc('\n', stderr);
	if (strcmp(answer, sentence) == 0)
		return true;
	err_set(err, ERR_REFUSED, "not confirmed: %lld shards of node \"%s\" would be lost", (long long) losses->shards, name);
	return err_hint(err, "Nothing was changed.  The sentence is read from standard input; -y does not replace it.");
}

static bool confirm_removal(Call *call, const char *name, bool lost, Err *err)
{
	LossList losses;
	char answer[16] = "";

	if (lost) {
		if (!node_losses(call->session, name, call->arena, &losses, err))
			return false;
		if (losses.shards > 0) {
			print_losses(name, &losses, call->arena);
			return loss_is_accepted(call, name, &losses, err);
		}
	}
	if (call->globals->yes)
		return true;
	if (isatty(STDIN_FILENO) == 0) {
		err_set(err, ERR_REFUSED, "not confirmed: standard input is not a terminal");
		return err_hint(err, "Add -y to remove node \"%s\" without being asked.", name);
	}
	fprintf(stderr, "This moves all shards of node %s to the others, takes it out of cluster \"%s\" and stops its server.\n"
	        "Go on? [y/N] ", name, call->cluster->name);
	if (fgets(answer, sizeof(answer), stdin) != NULL && (answer[0] == 'y' || answer[0] == 'Y'))
		return true;
	err_set(err, ERR_REFUSED, "not confirmed");
	return err_hint(err, "Nothing was changed.");
}

static void add_removal(Json *nodes, const NodeRemoval *removal)
{
	Json *one = json_add_object(nodes, NULL);

	json_add_text(one, "name", removal->name);
	json_add_bool(one, "was_removed_before", removal->already);
	json_add_int(one, "moved_shards", removal->moved);
	json_add_int(one, "lost_shards", removal->lost_shards);
	json_add_bool(one, "fenced", removal->fence.complete);
	json_add_text(one, "fence", removal->fence.how);
}

static void print_removal(const Call *call, const NodeRemoval *removal)
{
	const Node *node = cluster_find_node(call->cluster, removal->name);

	if (removal->already)
		printf("Node %s was removed before; ", removal->name);
	else if (removal->lost_shards > 0)
		printf("Node %s is out of the cluster, %lld of its shards were given up; ", removal->name,
		       (long long) removal->lost_shards);
	else
		printf("Node %s is out of the cluster: %lld shards moved, no placement was left on it; ", removal->name,
		       (long long) removal->moved);
	printf("%s.\n", removal->fence.how);
	if (!removal->fence.complete)
		printf("The fence is not complete.\n");
	if (node != NULL)
		printf("The description still lists it: take %s out of \"workers\".\n", removal->name);
}

bool node_run_remove(Call *call, const OptionList *names, bool lost, Err *err)
{
	Session *session = call->session;
	RebalanceScreen screen = rebalance_screen(call->globals);
	const RebalanceOptions options = {.watch = rebalance_show, .watch_arg = &screen};
	Json *document = json_object();
	Json *nodes = json_add_array(document, "removed");
	bool ok = needs_names(names, "remove", err) && session_attach(session, err) && session_lock(session, err) &&
	          find_programs(session, err);

	for (size_t i = 0; ok && i < names->count; i++)
		ok = confirm_removal(call, names->items[i], lost, err);
	ok = ok && operation_begin(session, err);
	for (size_t i = 0; ok && i < names->count; i++) {
		NodeRemoval removal = {.name = names->items[i], .lost = lost, .moves = &options};

		ok = node_remove(session, &removal, call->arena, err);
		if (!ok)
			break;
		add_removal(nodes, &removal);
		operation_say(session, "%lld shards moved, %lld lost%s", (long long) removal.moved, (long long) removal.lost_shards,
		              removal.fence.complete ? "" : ", not fenced");
		if (!call->globals->json)
			print_removal(call, &removal);
	}
	rebalance_screen_end(&screen);
	operation_end(session, ok, err);
	if (ok && call->globals->json) {
		output_json(document);
		return true;
	}
	json_free(document);
	if (ok)
		printf("Next: citusctl status\n");
	return ok;
}
