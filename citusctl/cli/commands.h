/* cli/commands.h - the verbs, each defined in its own file. */
#ifndef CITUSCTL_CLI_COMMANDS_H
#define CITUSCTL_CLI_COMMANDS_H

#include "cli/command.h"

extern const Command init_command;
extern const Command check_command;
extern const Command status_command;
extern const Command demo_command;
extern const Command metrics_command;
extern const Command node_command;
extern const Command rebalance_command;
extern const Command shard_command;
extern const Command verify_command;
extern const Command history_command;
extern const Command psql_command;
extern const Command exec_command;
extern const Command logs_command;
extern const Command destroy_command;
extern const Command schema_command;
extern const Command completion_command;
extern const Command help_command;
extern const Command version_command;

#endif
