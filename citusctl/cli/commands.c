#include "cli/commands.h"

const Command *const commands[] = {
	&init_command,
	&check_command,
	&status_command,
	&rebalance_command,
	&shard_command,
	&verify_command,
	&demo_command,
	&metrics_command,
	&node_command,
	&history_command,
	&psql_command,
	&exec_command,
	&logs_command,
	&destroy_command,
	&schema_command,
	&completion_command,
	&help_command,
	&version_command,
	NULL,
};
