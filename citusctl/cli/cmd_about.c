/*
 * cli/cmd_about.c - the verbs that tell of citusctl itself.
 */
#include <stdio.h>
#include <stdlib.h>

#include "cli/commands.h"
#include "cli/output.h"
#include "version.h"

static bool run_help(Call *call, const void *args, Err *err)
{
	const Command *command = NULL;

	(void) args;
	if (call->operand_count > 0) {
		command = command_find(call->operands[0]);
		if (command == NULL) {
			err_set(err, ERR_USAGE, "there is no command \"%s\"", call->operands[0]);
			return err_hint(err, "\"citusctl help\" lists the commands.");
		}
	}
	command_help(command);
	return true;
}

static bool run_version(Call *call, const void *args, Err *err)
{
	(void) args;
	(void) err;
	if (call->globals->json) {
		Json *document = json_object();

		json_add_text(document, "version", CITUSCTL_VERSION);
		output_json(document);
	} else {
		printf("citusctl %s\n", CITUSCTL_VERSION);
	}
	return true;
}

static bool run_schema(Call *call, const void *args, Err *err)
{
	char *text = cluster_json_schema();

	(void) call;
	(void) args;
	(void) err;
	puts(text);
	free(text);
	return true;
}

static bool run_completion(Call *call, const void *args, Err *err)
{
	(void) call;
	(void) args;
	(void) err;
	command_print_completion();
	return true;
}

const Command help_command = {
	.name = "help",
	.summary = "this text, or the help of one command",
	.operands = "[COMMAND]",
	.operands_max = 1,
	.run = run_help,
};

const Command version_command = {
	.name = "version",
	.summary = "the version of citusctl",
	.operands = "",
	.run = run_version,
};

const Command schema_command = {
	.name = "schema",
	.summary = "the JSON Schema of the description, for editors",
	.operands = "",
	.run = run_schema,
};

const Command completion_command = {
	.name = "completion",
	.summary = "completion for bash: source <(citusctl completion)",
	.operands = "",
	.run = run_completion,
};
