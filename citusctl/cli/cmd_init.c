#include <stdio.h>

#include "cli/commands.h"
#include "cli/output.h"
#include "ops/engine.h"
#include "ops/init.h"
#include "ops/members.h"
#include "run/operation.h"

typedef struct InitArgs {
	bool dry_run;
	bool exit_code;
	bool take_over;
} InitArgs;

static const Option init_options[] = {
	{"dry-run", 'n', OPT_FLAG, offsetof(InitArgs, dry_run), NULL, "show what would be done, change nothing",
	 0, 0},
	{"exit-code", 0, OPT_FLAG, offsetof(InitArgs, exit_code), NULL,
	 "with --dry-run: status 3 when there is something to do", 0, 0},
	{"take-over", 0, OPT_FLAG, offsetof(InitArgs, take_over), NULL,
	 "hosts whose servers were made from another directory: new passwords and certificates", 0, 0},
	{0},
};

/* That there is none is a choice, and stated. */
static const char *encryption(const Cluster *cluster)
{
	if (cluster->deploy != DEPLOY_SSH)
		return "";
	return cluster->tls ? ", connections encrypted" : ", connections not encrypted (\"tls\" is off)";
}

static void print_done(const Call *call, const Report *report)
{
	Arena *scratch = arena_new();
	size_t changed = report_count(report, OUTCOME_CHANGED);

	if (report->dry) {
		output_plan(report);
		output_differences(stdout, report, true);
		if (changed == 0 && report_count_left(report) == 0)
			printf("\nCluster \"%s\" is as described: nothing to do.\n", call->cluster->name);
		else if (changed == 0)
			printf("\nThere is nothing that init would do.\n");
		else
			printf("\nNothing was changed.  To do it: citusctl init\n");
	} else if (changed == 0) {
		printf("Cluster \"%s\" is %s: nothing was changed (%s).\n", call->cluster->name,
		       report_count_left(report) == 0 ? "as described" : "up", output_seconds(scratch, report->took_us));
	} else {
		printf("Cluster \"%s\" is ready: %zu nodes, engine %s%s (%s).\n", call->cluster->name,
		       call->cluster->node_count, engine_name(call->session->engine), encryption(call->cluster),
		       output_seconds(scratch, report->took_us));
	}

	const char *note = engine_note(call->cluster, call->session->engine, scratch);

	if (!report->dry && report_count_left(report) > 0) {
		output_differences(stdout, report, false);
		putchar('\n');
	}
	if (note != NULL)
		printf("Note: %s\n", note);
	if (!report->dry)
		printf("Next: citusctl status\n");
	arena_free(scratch);
}

static void print_json(const Call *call, const Report *report)
{
	Json *document = output_report_json(report);

	json_add_text(document, "note", engine_note(call->cluster, call->session->engine, call->arena));
	output_json(document);
}

static bool run_init(Call *call, const void *opaque, Err *err)
{
	const InitArgs *args = opaque;
	RunWatcher watcher;
	Report *report = NULL;
	call->session->adopts = call->globals->yes;
	call->session->takes_over = args->take_over;

	bool nothing_there = call->session->base != NULL && !session_exists(call->session);
	bool ok = args->dry_run ? nothing_there || session_attach(call->session, err) : session_claim(call->session, err);

	if (ok && !args->dry_run) {
		session_greet(call->session); /* while the coordinator is asked who works on the cluster */
		ok = operation_prepare(call->session, err) && removed_refuse_early(call->session, err);
	}

	if (!ok) {
		operation_end(call->session, ok, err);
		return false;
	}
	ok = run_plan(call->session, init_steps(call->session), args->dry_run,
	              args->dry_run ? NULL : output_watcher(call->globals, &watcher), &report, err);
	if (ok && !args->dry_run)
		operation_say(call->session, report_count(report, OUTCOME_CHANGED) > 0 ? "%zu changes" : "nothing was changed",
		              report_count(report, OUTCOME_CHANGED));
	operation_end(call->session, ok, err);
	if (ok && call->globals->json)
		print_json(call, report);
	else if (ok)
		print_done(call, report);
	if (ok && args->dry_run && args->exit_code && report_count(report, OUTCOME_CHANGED) + report_count_left(report) > 0) {
		err->kind = ERR_DIFFERS;
		ok = false;
	}
	if (!ok && args->dry_run && report != NULL && err->kind != ERR_DIFFERS && !call->globals->json) {
		output_plan(report); /* what was seen before it ended */
		output_differences(stdout, report, true);
		putchar('\n');
	} else if (!ok && err->kind != ERR_DIFFERS)
		err_hint(err, "What was done stays done: run \"citusctl init\" again to finish the job.");
	report_free(report);
	return ok;
}

const Command init_command = {
	.name = "init",
	.summary = "make the cluster be as described; again: nothing changes",
	.operands = "",
	.options = init_options,
	.args_size = sizeof(InitArgs),
	.needs = NEEDS_SESSION,
	.run = run_init,
};
