#include "cli/cmd_node.h"

#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/output.h"
#include "ops/init.h"
#include "ops/node.h"
#include "run/operation.h"
#include "util/clock.h"
#include "util/str.h"

static const Option node_options[] = {
	{"node", 0, OPT_LIST, offsetof(NodeArgs, nodes), "NODE", "one more node, as if named as an operand", 0, 0},
	{"lost", 0, OPT_FLAG, offsetof(NodeArgs, lost), NULL,
	 "remove: the node is gone for good, with the shards that stood on it only", 0, 0},
	{0},
};

OptionList node_names(const Call *call, const NodeArgs *args)
{
	OptionList names = args->nodes;

	for (size_t i = 1; i < call->operand_count && names.count < OPERANDS_MAX; i++)
		names.items[names.count++] = call->operands[i];
	return names;
}

static bool unknown_node(const Cluster *cluster, const char *name, Err *err)
{
	const char *known[64];
	size_t count = 0;

	for (size_t i = 0; i < cluster->node_count && count < sizeof(known) / sizeof(known[0]); i++)
		known[count++] = cluster->nodes[i].name;

	const char *near = str_nearest(name, known, count);

	err_set(err, ERR_USAGE, "there is no node \"%s\" in the description", name);
	if (near != NULL)
		return err_hint(err, "Did you mean \"%s\"?", near);
	return err_hint(err, "List it under \"workers\" first; \"citusctl node list\" shows those there are.");
}

bool node_select(const Call *call, const OptionList *names, const bool **selected, Err *err)
{
	const Cluster *cluster = call->cluster;
	bool *chosen = arena_array(call->arena, cluster->node_count, sizeof(bool));

	for (size_t i = 0; i < names->count; i++) {
		const Node *node = cluster_find_node(cluster, names->items[i]);

		if (node == NULL)
			return unknown_node(cluster, names->items[i], err);
		chosen[node - cluster->nodes] = true;
	}
	for (size_t i = 0; i < cluster->node_count && names->count == 0; i++)
		chosen[i] = true;
	*selected = chosen;
	return true;
}

static bool run_steps(Call *call, const Step *steps, Report **report, Err *err)
{
	RunWatcher watcher;

	return run_plan(call->session, steps, false, output_watcher(call->globals, &watcher), report, err);
}

/* "The servers of cluster "chirp"", or "Node "worker2"". */
static const char *subject(const Call *call, const OptionList *names)
{
	const char *list = NULL;

	if (names->count == 0)
		return arena_printf(call->arena, "The servers of cluster \"%s\"", call->cluster->name);
	for (size_t i = 0; i < names->count; i++)
		list = list == NULL ? names->items[i] : arena_printf(call->arena, "%s, %s", list, names->items[i]);
	return arena_printf(call->arena, names->count == 1 ? "Node %s" : "Nodes %s", list);
}

static void print_done(const Call *call, const Report *report, const OptionList *names, bool started)
{
	const char *what = subject(call, names);
	bool one = names->count == 1;

	if (call->globals->json)
		output_json(output_report_json(report));
	else if (report_count(report, OUTCOME_CHANGED) == 0)
		printf("%s %s already.\nNext: citusctl status\n", what,
		       started ? one ? "runs" : "run" : one ? "is stopped" : "are stopped");
	else
		printf("%s %s %s.\nNext: citusctl %s\n", what, one ? "is" : "are", started ? "up" : "stopped",
		       started ? "status" : "node start");
}

static bool run_start(Call *call, const OptionList *names, Err *err)
{
	Report *report = NULL;
	bool ok = operation_prepare(call->session, err) && run_steps(call, start_steps(call->session), &report, err) &&
	          operation_join(call->session, err);

	operation_end(call->session, ok, err);
	if (ok)
		print_done(call, report, names, true);
	report_free(report);
	return ok;
}

static bool run_stop(Call *call, const OptionList *names, Err *err)
{
	Report *report = NULL;
	bool ok = operation_prepare(call->session, err);

	/* When the coordinator has stopped there is no journal to write to. */
	if (call->session->only[0] || !ok)
		operation_end(call->session, ok, err);
	ok = ok && run_steps(call, stop_steps(call->session), &report, err);
	operation_end(call->session, ok, err);
	if (ok)
		print_done(call, report, names, false);
	report_free(report);
	return ok;
}

/* One node at a time, the coordinator last; the next when this one answers. */
static bool restart_node(Call *call, size_t index, Json *nodes, Err *err)
{
	Session *session = call->session;
	const Node *node = &call->cluster->nodes[index];
	bool *only = arena_array(call->arena, call->cluster->node_count, sizeof(bool));
	Report *stopped = NULL;
	Report *started = NULL;
	int64_t began = clock_us();

	only[index] = true;
	session->only = only;
	if (index == 0)
		operation_let_go(session);

	bool ok = run_steps(call, stop_steps(call->session), &stopped, err) && run_steps(call, start_steps(call->session), &started, err) &&
	          node_wait(session, node, err) && operation_join(session, err);

	if (ok) {
		Json *one = json_add_object(nodes, NULL);

		json_add_text(one, "name", node->name);
		json_add_double(one, "seconds", (double) (clock_us() - began) / 1e6);
	}
	report_free(stopped);
	report_free(started);
	return ok;
}

static bool run_restart(Call *call, const OptionList *names, Err *err)
{
	const bool *selected = call->session->only;
	Json *document = json_object();
	Json *nodes = json_add_array(document, "restarted");
	int64_t began = clock_us();
	bool ok = operation_prepare(call->session, err);

	/* A coordinator that is down, as a run that was killed leaves it, comes first: the others need it. */
	size_t first = selected[0] && !operation_is_joined(call->session) ? 0 : 1;

	for (size_t i = first; ok && i < first + call->cluster->node_count; i++)
		if (selected[i % call->cluster->node_count])
			ok = restart_node(call, i % call->cluster->node_count, nodes, err);
	json_add_double(document, "seconds", (double) (clock_us() - began) / 1e6);
	if (ok)
		operation_say(call->session, "%zu node%s", json_size(nodes), json_size(nodes) == 1 ? "" : "s");
	operation_end(call->session, ok, err);
	call->session->only = NULL;
	if (ok && call->globals->json) {
		output_json(document);
		return true;
	}
	if (ok)
		printf("%s %s restarted, one at a time (%s).\nNext: citusctl status\n", subject(call, names),
		       names->count == 1 ? "was" : "were", output_seconds(call->arena, clock_us() - began));
	json_free(document);
	return ok;
}

/* Servers that somebody else runs are not ours to start and stop. */
static bool runs_servers(const Call *call, const char *verb, Err *err)
{
	if (call->cluster->deploy != DEPLOY_NONE)
		return true;
	err_set(err, ERR_REFUSED, "\"node %s\": the servers of cluster \"%s\" are run by somebody else "
	        "(\"deploy\": \"none\")", verb, call->cluster->name);
	return err_hint(err, "Use what they are run with, such as systemctl on their hosts.");
}

static bool start_or_stop(Call *call, const char *verb, const OptionList *names, Err *err)
{
	if (!runs_servers(call, verb, err) || !node_select(call, names, &call->session->only, err) ||
	    !session_attach(call->session, err) || !session_lock(call->session, err))
		return false;
	if (strcmp(verb, "start") == 0)
		return run_start(call, names, err);
	return strcmp(verb, "stop") == 0 ? run_stop(call, names, err) : run_restart(call, names, err);
}

static bool unknown_verb(const char *verb, Err *err)
{
	static const char *const verbs[] = {"list", "add", "remove", "drain", "start", "stop", "restart"};
	const char *near = str_nearest(verb, verbs, sizeof(verbs) / sizeof(verbs[0]));

	err_set(err, ERR_USAGE, "there is no \"node %s\"", verb);
	if (near != NULL)
		return err_hint(err, "Did you mean \"node %s\"?  \"citusctl help node\" lists them.", near);
	return err_hint(err, "\"citusctl help node\" lists what there is.");
}

static bool run_node(Call *call, const void *opaque, Err *err)
{
	const NodeArgs *args = opaque;
	const char *verb = call->operands[0];
	const OptionList names = node_names(call, args);

	if (args->lost && strcmp(verb, "remove") != 0)
		return err_set(err, ERR_USAGE, "--lost is for \"node remove\"");
	if (strcmp(verb, "list") == 0)
		return node_run_list(call, err);
	if (strcmp(verb, "add") == 0)
		return node_run_add(call, &names, err);
	if (strcmp(verb, "drain") == 0)
		return node_run_drain(call, &names, err);
	if (strcmp(verb, "remove") == 0)
		return node_run_remove(call, &names, args->lost, err);
	if (strcmp(verb, "start") == 0 || strcmp(verb, "stop") == 0 || strcmp(verb, "restart") == 0)
		return start_or_stop(call, verb, &names, err);
	return unknown_verb(verb, err);
}

const Command node_command = {
	.name = "node",
	.summary = "list, add, drain, remove, start, stop or restart nodes",
	.operands = "list|add|drain|remove|start|stop|restart [NODE...]",
	.details =
		"  list      the nodes with their state, versions and shards\n"
		"  add       bring described workers in: server, roles, database, engine, reference tables;\n"
		"            all that are not there yet unless named.  A drained one takes shards again.\n"
		"  drain     move all shards of a worker to the others; it gets no new ones\n"
		"  remove    drain a worker, take it out of the cluster, and fence its server\n"
		"  start     start servers, all unless named; brings a local cluster back after a reboot\n"
		"  stop      stop servers\n"
		"  restart   restart servers one at a time, waiting for each\n"
		"\n"
		"A worker that is gone for good: \"node remove NODE --lost\" shows which shards are lost with\n"
		"it, and gives them up when that is confirmed by a sentence, which -y does not replace.\n"
		"NODE is a name of the description; for drain and remove also HOST:PORT of one that it\n"
		"does not list.",
	.options = node_options,
	.args_size = sizeof(NodeArgs),
	.operands_min = 1,
	.operands_max = OPERANDS_MAX,
	.needs = NEEDS_SESSION,
	.run = run_node,
};
