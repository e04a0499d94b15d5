#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/output.h"
#include "ops/destroy.h"

/* The answer is the cluster's name, so that no habit of typing y loses data. */
static bool confirmed(const Call *call, Err *err)
{
	char answer[128] = "";

	if (call->globals->yes)
		return true;
	if (isatty(STDIN_FILENO) == 0) {
		err_set(err, ERR_REFUSED, "not confirmed: standard input is not a terminal");
		return err_hint(err, "Add -y when you are sure: all data of the cluster is lost.");
	}
	fprintf(stderr, "This stops the %zu servers of cluster \"%s\" and deletes all their data", call->cluster->node_count,
	        call->cluster->name);
	if (call->cluster->deploy == DEPLOY_LOCAL)
		fprintf(stderr, " in\n  %s\n", call->session->base);
	else
		fputs(".\nServers that were there before the cluster and were taken over stay, with their data.\n", stderr);
	fputs("Type the name of the cluster to go on: ", stderr);
	if (fgets(answer, sizeof(answer), stdin) != NULL)
		answer[strcspn(answer, "\r\n")] = '\0';
	if (strcmp(answer, call->cluster->name) == 0)
		return true;
	err_set(err, ERR_REFUSED, "not confirmed: \"%s\" is not \"%s\"", answer, call->cluster->name);
	return err_hint(err, "Nothing was changed.");
}

/* Of Leftovers.unasked. */
static const char unasked[] = "the coordinator did not answer: servers of nodes that are not described, if there are any, still run";

static bool run_destroy(Call *call, const void *args, Err *err)
{
	(void) args;
	if (call->cluster->deploy == DEPLOY_NONE) {
		err_set(err, ERR_REFUSED, "the servers of cluster \"%s\" are not citusctl's to destroy (\"deploy\": \"none\")",
		        call->cluster->name);
		return err_hint(err, "To remove what is in it: DROP DATABASE \"%s\" WITH (FORCE) on each of its %zu servers.",
		                call->cluster->postgres.database, call->cluster->node_count);
	}
	if (call->cluster->deploy == DEPLOY_LOCAL && access(call->session->base, F_OK) != 0) {
		if (call->globals->json) {
			Json *document = json_object();

			json_add_text(document, "destroyed", NULL);
			output_json(document);
		} else {
			printf("There is no cluster \"%s\" on this machine: nothing to do.\n", call->cluster->name);
		}
		return true;
	}
	Leftovers left = {0};

	if (!confirmed(call, err) || !destroy_cluster(call->session, &left, err))
		return false;
	if (call->globals->json) {
		Json *document = json_object();

		json_add_text(document, "destroyed", call->cluster->name);
		json_add_text(document, "left", left.adopted);
		json_add_text(document, "note", left.unasked ? unasked : NULL);
		output_json(document);
		return true;
	}
	if (left.adopted != NULL)
		printf("Cluster \"%s\" is gone.  Servers that were there before it stay as they are, with their data and the\n"
		       "database \"%s\": %s.\n", call->cluster->name, call->cluster->postgres.database, left.adopted);
	else
		printf("Cluster \"%s\" is gone: servers stopped, data deleted.\n", call->cluster->name);
	if (left.unasked)
		printf("But %s.\n", unasked);
	printf("Next: citusctl init\n");
	return true;
}

const Command destroy_command = {
	.name = "destroy",
	.summary = "stop the servers and delete all data; asks for the cluster's name",
	.operands = "",
	.needs = NEEDS_SESSION,
	.run = run_destroy,
};
