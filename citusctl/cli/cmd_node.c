#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/output.h"
#include "ops/init.h"
#include "run/operation.h"

static bool run_steps(Call *call, const Step *steps, Report **report, Err *err)
{
	RunWatcher watcher;

	return run_plan(call->session, steps, false, output_watcher(call->globals, &watcher), report, err);
}

static bool start_or_stop(Call *call, const char *verb, Err *err)
{
	bool stops = strcmp(verb, "start") != 0;
	bool starts = strcmp(verb, "stop") != 0;
	Report *stopped = NULL;
	Report *started = NULL;
	bool ok = session_attach(call->session, err) && session_lock(call->session, err) &&
	          operation_prepare(call->session, err);

	if (!starts)
		operation_end(call->session, ok, err); /* there is no journal any more when it has stopped */
	operation_let_go(call->session);
	ok = ok && (!stops || run_steps(call, stop_steps(call->session), &stopped, err)) &&
	     (!starts || (run_steps(call, start_steps(call->session), &started, err) && operation_join(call->session, err)));
	operation_end(call->session, ok, err);

	const Report *last = starts ? started : stopped;

	if (ok && call->globals->json)
		output_json(output_report_json(last));
	else if (ok && report_count(last, OUTCOME_CHANGED) == 0)
		printf("All servers of cluster \"%s\" %s already.\nNext: citusctl status\n", call->cluster->name,
		       starts ? "run" : "are stopped");
	else if (ok)
		printf("The servers of cluster \"%s\" are %s.\nNext: citusctl %s\n", call->cluster->name,
		       starts ? "up" : "stopped", starts ? "status" : "node start");
	report_free(stopped);
	report_free(started);
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

static bool run_node(Call *call, const void *args, Err *err)
{
	const char *verb = call->operands[0];

	(void) args;
	if (strcmp(verb, "start") == 0 || strcmp(verb, "stop") == 0 || strcmp(verb, "restart") == 0)
		return runs_servers(call, verb, err) && start_or_stop(call, verb, err);
	err_set(err, ERR_USAGE, "\"node %s\" is not known", verb);
	return err_hint(err, "There are \"node start\", \"node stop\" and \"node restart\".");
}

const Command node_command = {
	.name = "node",
	.summary = "start, stop or restart the servers of a local cluster",
	.operands = "start|stop|restart",
	.details = "After a reboot of the machine \"citusctl node start\" brings a local cluster back.",
	.operands_min = 1,
	.operands_max = 1,
	.needs = NEEDS_SESSION,
	.run = run_node,
};
