#include "cli/rebalance_live.h"

#include <langinfo.h>
#include <stdio.h>
#include <string.h>

#include "cli/output.h"
#include "cli/plan_file.h"
#include "cli/plan_output.h"
#include "cli/rebalance_progress.h"
#include "run/operation.h"
#include "util/quote.h"

/* Moves that are listed for people; JSON has all of them. */
#define MOVES_SHOWN 40

static GroupLabel *labels_of(const Rebalance *r, Arena *arena)
{
	GroupLabel *labels = arena_array(arena, r->snapshot.group_count, sizeof(GroupLabel));
	const char **names = arena_array(arena, r->snapshot.table_count, sizeof(char *));
	size_t table = 0;

	for (size_t t = 0; t < r->snapshot.table_count; t++)
		names[t] = r->snapshot.tables[t].name;

	/* Groups and tables come in order of colocation. */
	for (size_t i = 0; i < r->snapshot.group_count; i++) {
		const SnapshotGroup *group = &r->snapshot.groups[i];

		while (table < r->snapshot.table_count && r->snapshot.tables[table].colocation < group->colocation)
			table++;

		size_t count = 0;

		while (table + count < r->snapshot.table_count &&
		       r->snapshot.tables[table + count].colocation == group->colocation)
			count++;
		labels[i] = (GroupLabel) {.id = group->id, .tables = names + table, .table_count = count};
	}
	return labels;
}

/* ---- JSON ------------------------------------------------------------------------ */

static void add_findings(Json *document, const Rebalance *r)
{
	static const char *const levels[] = {"note", "warning", "error"};
	Json *findings = json_add_array(document, "findings");

	for (size_t i = 0; i < r->findings.count; i++) {
		const Finding *finding = &r->findings.items[i];
		Json *one = json_add_object(findings, NULL);

		json_add_text(one, "level", levels[finding->level]);
		if (finding->node != NULL)
			json_add_text(one, "node", finding->node);
		json_add_text(one, "text", finding->text);
		if (finding->hint != NULL)
			json_add_text(one, "hint", finding->hint);
	}
}

static void add_results(Json *document, const Rebalance *r, const RebalanceResult *result)
{
	static const char *const outcomes[] = {"done", "stopped", "interrupted", "failed", "yielded"};
	static const char *const states[] = {"waiting", "running", "moved", "failed"};
	Json *results = json_add_array(document, "results");

	for (size_t i = 0; i < r->plan.move_count; i++) {
		const MoveProgress *move = &result->moves[i];
		Json *one = json_add_object(results, NULL);

		json_add_int(one, "shard_group", r->moves[i].group->id);
		json_add_text(one, "state", states[move->state]);
		json_add_text(one, "mode", r->moves[i].mode == REBALANCE_ONLINE ? "online" : "block_writes");
		json_add_int(one, "attempts", move->attempts);
		json_add_double(one, "seconds", move->seconds);
		if (move->error != NULL)
			json_add_text(one, "error", move->error);
	}
	json_add_text(document, "outcome", outcomes[result->outcome]);
	json_add_int(document, "moved", (int64_t) result->moved);
	json_add_int(document, "failed", (int64_t) result->failed);
	json_add_int(document, "left", (int64_t) result->left);
	json_add_int(document, "bytes_moved", result->bytes);
	json_add_bool(document, "verified", result->verified);
	if (result->estimated_s > 0)
		json_add_double(document, "estimated_seconds_at_10_percent", result->estimated_s);
}

/* The error goes into the document; only its kind is left for the exit status. */
static void add_error(Json *document, Err *err)
{
	ErrKind kind = err->kind;
	Json *error = json_add_object(document, "error");

	json_add_text(error, "message", err->message);
	json_add_int(error, "status", kind);
	if (err->node != NULL)
		json_add_text(error, "node", err->node);
	if (err->detail != NULL)
		json_add_text(error, "detail", err->detail);
	if (err->hint != NULL)
		json_add_text(error, "hint", err->hint);
	err_clear(err);
	err->kind = kind;
}

static Json *document_of(const Call *call, const Rebalance *r, bool dry)
{
	Json *document = json_object();

	json_add_text(document, "cluster", call->cluster->name);
	json_add_bool(document, "dry_run", dry);
	plan_output_json(document, r->problem, &r->plan, labels_of(r, call->arena));
	json_add_double(document, "estimated_seconds", r->estimate_s);
	json_add_int(document, "jobs", r->jobs);
	add_findings(document, r);
	return document;
}

/* ---- text ------------------------------------------------------------------------ */

static void print_findings(FILE *out, const Call *call, const Rebalance *r, FindingLevel most)
{
	static const char *const levels[] = {"note", "warning", "error"};
	static const char *const colours[] = {"0", "33", "1;31"};

	for (size_t i = 0; i < r->findings.count; i++) {
		const Finding *finding = &r->findings.items[i];

		if (finding->level > most)
			continue;
		fprintf(out, "%s: %s%s%s\n",
		        output_paint(call->arena, output_colour(out), colours[finding->level], levels[finding->level]),
		        finding->node != NULL ? finding->node : "", finding->node != NULL ? ": " : "", finding->text);
		if (finding->hint != NULL)
			fprintf(out, "  %s\n", finding->hint);
	}
}

static void print_plan(const Call *call, const Rebalance *r)
{
	PlanLook look = {output_colour(stdout), strcmp(nl_langinfo(CODESET), "UTF-8") == 0,
	                 call->globals->verbose ? SIZE_MAX : MOVES_SHOWN, r->request.fixed_count > 0};

	if (r->plan.move_count == 0 && r->request.fixed_count > 0) {
		printf("Nothing to move: %s.\n", r->request.fixed_count == 1 ? "the shard group is there already"
		                                                           : "the shard groups are where they were to go");
		return;
	}
	plan_output_text(stdout, r->problem, &r->plan, labels_of(r, call->arena), look);
	if (r->plan.move_count == 0)
		return;
	printf("Time: about %s with %d at a time, on assumed speeds; the run measures and corrects it.\n",
	       output_seconds(call->arena, (int64_t) (r->estimate_s * 1e6)),
	       r->plan.move_count < (size_t) r->jobs ? (int) r->plan.move_count : r->jobs);
	if (r->findings.count > 0)
		putchar('\n');
	print_findings(stdout, call, r, FINDING_ERROR);
}

static bool dry_run(Call *call, const Rebalance *r, const LiveOptions *options, Err *err)
{
	if (call->globals->json) {
		Json *document = document_of(call, r, true);

		json_add_double(document, "seconds", 0);
		output_json(document);
	} else {
		print_plan(call, r);
		if (r->plan.move_count > 0 && options->plan_out != NULL)
			printf("\nNothing was moved.  To run this plan: %s rebalance --plan-in %s\n", rebalance_program(call),
			       quote_shell(call->arena, options->plan_out));
		else if (r->plan.move_count > 0)
			printf("\nNothing was moved.  To do it: %s\n", options->again);
		else
			printf("Next: citusctl status\n");
	}
	if (options->exit_code && r->plan.move_count > 0) {
		err->kind = ERR_DIFFERS;
		return false;
	}
	return true;
}

/* One group that was moved by hand, or with nothing else to do. */
static void print_one_done(const Call *call, const RebalanceMove *move, const RebalanceResult *result)
{
	printf("Shard group %lld (%s; %s) is on %s now, after %s%s; nothing was left behind on %s.\n",
	       (long long) move->group->id, move->tables, output_bytes(call->arena, move->group->bytes), move->to->name,
	       output_seconds(call->arena, (int64_t) (result->seconds * 1e6)),
	       move->mode == REBALANCE_BLOCK_WRITES ? " with its writes waiting" : "", move->from->name);
}

static void print_all_done(const Call *call, const Rebalance *r, const RebalanceResult *result)
{
	printf("%zu moves, %s in %s (%s/s): every shard is where it was to go, with those it is colocated with,\n"
	       "and nothing was left behind.\n",
	       result->moved, output_bytes(call->arena, result->bytes),
	       output_seconds(call->arena, (int64_t) (result->seconds * 1e6)),
	       output_bytes(call->arena, (int64_t) ((double) result->bytes / (result->seconds > 0.01 ? result->seconds : 0.01))));
	for (size_t n = 0; n < r->snapshot.node_count; n++)
		if (r->plan.nodes[n].bytes_before != r->plan.nodes[n].bytes_after)
			printf("  %-14s %8s -> %s\n", r->snapshot.nodes[n].name,
			       output_bytes(call->arena, r->plan.nodes[n].bytes_before),
			       output_bytes(call->arena, r->plan.nodes[n].bytes_after));
}

static void print_done(const Call *call, const Rebalance *r, const RebalanceResult *result)
{
	const char *drained = r->request.drain_count > 0 ? r->request.drain[0] : NULL;

	if (result->moved == 1)
		print_one_done(call, &r->moves[0], result);
	else if (result->moved > 1)
		print_all_done(call, r, result);
	else
		printf("There was nothing to move.\n");
	for (size_t i = 0; i < r->request.drain_count; i++)
		printf("Node %s holds no shards and gets no new ones.\n", r->request.drain[i]);
	if (drained != NULL)
		printf("Next: citusctl node remove %s, or citusctl node add %s to let it have shards again\n", drained, drained);
	else
		printf("Next: citusctl status\n");
}

static bool run(Call *call, Rebalance *r, const LiveOptions *options, Err *err)
{
	RebalanceScreen screen = rebalance_screen(call->globals);
	const RebalanceOptions run_options = {.max_rate = options->max_rate,
	                                      .max_seconds = options->max_seconds,
	                                      .node_wait_s = options->node_wait_s,
	                                      .watch = rebalance_show,
	                                      .watch_arg = &screen};
	RebalanceResult result;

	if (!call->globals->json && !call->globals->quiet)
		print_findings(stderr, call, r, FINDING_WARNING); /* an error is told as what ends the run */

	bool ok = rebalance_run(call->session, r, &run_options, &result, err);

	rebalance_screen_end(&screen);
	operation_say(call->session, "%zu of %zu shard groups moved, %s", result.moved, r->plan.move_count,
	              output_bytes(call->arena, result.bytes));
	if (!ok && (err->kind == ERR_STOPPED || err->kind == ERR_INTERRUPTED || result.outcome == REBALANCE_YIELDED ||
	            result.failed > 0))
		err_set_hint(err, "What was moved stays.  To continue: %s", options->again);
	if (call->globals->json) {
		Json *document = document_of(call, r, false);

		add_results(document, r, &result);
		json_add_double(document, "seconds", result.seconds);
		if (!ok)
			add_error(document, err);
		output_json(document);
	} else if (ok) {
		print_done(call, r, &result);
	}
	return ok;
}

const char *rebalance_program(const Call *call)
{
	return call->globals->file == NULL
	           ? "citusctl"
	           : arena_printf(call->arena, "citusctl -c %s", quote_shell(call->arena, call->globals->file));
}

bool rebalance_begin(Session *session, Err *err)
{
	return (session->base == NULL || session_lock(session, err)) && operation_begin(session, err);
}

bool rebalance_live(Call *call, Rebalance *r, const LiveOptions *options, Err *err)
{
	if (!rebalance_check(call->session, r, err) ||
	    (options->plan_out != NULL && !plan_file_write(options->plan_out, call->cluster, r, err)))
		return false;
	if (options->dry_run)
		return dry_run(call, r, options, err);

	/* A node that is drained is closed to new shards, also when it has none. */
	if (r->plan.move_count > 0 || r->request.drain_count > 0)
		return run(call, r, options, err);
	if (call->globals->json)
		return dry_run(call, r, options, err);
	print_plan(call, r);
	printf("Next: citusctl status\n");
	return true;
}
