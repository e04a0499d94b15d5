#include <stdio.h>
#include <string.h>

#include "cli/check_output.h"
#include "cli/commands.h"
#include "ops/verify.h"

static const Option verify_options[] = {
	{"fix", 0, OPT_FLAG, offsetof(VerifyOptions, fix), NULL, "mend what is safe to mend, and say what was done", 0, 0},
	{"deep", 0, OPT_FLAG, offsetof(VerifyOptions, deep), NULL, "also read every row of every shard: does it belong there?", 0, 0},
	{"grace", 0, OPT_INT, offsetof(VerifyOptions, grace_s), "SECONDS", "how old a prepared transaction may be (default 60)", 0, 86400},
	{0},
};

static bool verify_defaults(void *opaque)
{
	*(VerifyOptions *) opaque = (VerifyOptions) {.grace_s = 60};
	return true;
}

static Json *verify_json(const Cluster *cluster, const VerifyReport *report)
{
	Json *document = check_json(cluster, &report->check);
	Json *fixed = json_add_array(document, "fixed");

	for (size_t i = 0; i < report->fixed_count; i++) {
		Json *one = json_add_object(fixed, NULL);

		json_add_text(one, "node", report->fixed[i].node);
		json_add_text(one, "what", report->fixed[i].what);
	}
	json_add_int(document, "unreachable", (int64_t) report->unreachable);
	json_add_int(document, "fixable", (int64_t) report->fixable);
	return document;
}

static const char *next_command(const VerifyReport *report, const VerifyOptions *options)
{
	if (report->fixable > 0 && !options->fix)
		return "citusctl verify --fix";
	return report->check.failed > 0 ? "remedy what failed, citusctl verify" : "citusctl status";
}

static bool is_counted(const Check *check, size_t before, const char *name, bool failed)
{
	for (size_t i = 0; i < before; i++)
		if (strcmp(check->items[i].check, name) == 0 && (!failed || check->items[i].verdict == VERDICT_FAIL))
			return true;
	return false;
}

/* Each once, however many results it has and wherever they stand: a node may go away late. */
static size_t count_checks(const Check *check, bool failed)
{
	size_t count = 0;

	for (size_t i = 0; i < check->count; i++) {
		const CheckResult *r = &check->items[i];

		if ((!failed || r->verdict == VERDICT_FAIL) && !is_counted(check, i, r->check, failed))
			count++;
	}
	return count;
}

static void print_report(const Call *call, const VerifyReport *report, const VerifyOptions *options)
{
	for (size_t i = 0; i < report->fixed_count; i++)
		printf("Mended, %s: %s.\n", report->fixed[i].node, report->fixed[i].what);
	if (options->fix && report->fixed_count == 0)
		printf("%s\n", report->check.failed > 0 ? "Nothing of it can be mended safely." : "There was nothing to mend.");
	if (options->fix)
		putchar('\n');
	check_print(call, &report->check);
	printf("\n%zu checks: %zu failed", count_checks(&report->check, false), count_checks(&report->check, true));
	if (report->check.failed > 0)
		printf(" (%zu problem%s)", report->check.failed, report->check.failed == 1 ? "" : "s");
	printf(", %zu warning%s.\nNext: %s\n", report->check.warned, report->check.warned == 1 ? "" : "s",
	       next_command(report, options));
}

static bool run_verify(Call *call, const void *opaque, Err *err)
{
	const VerifyOptions *options = opaque;
	VerifyReport report;

	if (!session_attach(call->session, err) || !verify_cluster(call->session, options, call->arena, &report, err)) {
		if (err->kind == ERR_INTERRUPTED && !options->fix)
			err_set_hint(err, "Nothing was changed.");
		return false;
	}
	if (call->globals->json)
		output_json(verify_json(call->cluster, &report));
	else
		print_report(call, &report, options);
	if (report.unreachable > 0)
		err->kind = ERR_UNREACHABLE;
	else if (report.check.failed > 0)
		err->kind = ERR_DIFFERS;
	return report.unreachable == 0 && report.check.failed == 0;
}

const Command verify_command = {
	.name = "verify",
	.summary = "is the cluster as sound as its catalog says? --fix mends what is safe to mend",
	.operands = "",
	.details = "Compares what the catalog says with what is on the nodes: the nodes themselves, tables,\n"
	           "shards and their definitions, copies of the catalog and of reference tables, and what\n"
	           "is left of moves, two-phase commits and an init that died.  Reads reference tables\n"
	           "whole; with --deep every row of every shard.  What is under way meanwhile is no\n"
	           "defect: a check that finds something looks three times before it is told, and so\n"
	           "reads three times.  Changes nothing without --fix.  The exit status is 3 when a check fails, 4 when a node does not answer.",
	.options = verify_options,
	.args_size = sizeof(VerifyOptions),
	.needs = NEEDS_SESSION,
	.defaults = verify_defaults,
	.run = run_verify,
};
