/* cli/cmd_node.h - what the files of the verb "node" share. */
#ifndef CITUSCTL_CLI_CMD_NODE_H
#define CITUSCTL_CLI_CMD_NODE_H

#include "cli/command.h"

typedef struct NodeArgs {
	OptionList nodes; /* in addition to the operands */
	bool lost;
} NodeArgs;

/* The names given as operands after the verb and with --node, in that order. */
OptionList node_names(const Call *call, const NodeArgs *args);

/* A member for each node of the description, true for those named; all when none
 * is named.  ERR_USAGE for a name that is not in the description. */
bool node_select(const Call *call, const OptionList *names, const bool **selected, Err *err) MUST_CHECK;

bool node_run_list(Call *call, Err *err) MUST_CHECK;
bool node_run_add(Call *call, const OptionList *names, Err *err) MUST_CHECK;
bool node_run_drain(Call *call, const OptionList *names, Err *err) MUST_CHECK;
bool node_run_remove(Call *call, const OptionList *names, bool lost, Err *err) MUST_CHECK;

#endif
