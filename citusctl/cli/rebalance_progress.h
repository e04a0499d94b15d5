/*
 * cli/rebalance_progress.h - what is shown while shards move, on stderr: live
 * lines on a terminal, plain lines elsewhere, JSON events (one object a line)
 * with -o json, nothing with -q.
 */
#ifndef CITUSCTL_CLI_REBALANCE_PROGRESS_H
#define CITUSCTL_CLI_REBALANCE_PROGRESS_H

#include "cli/command.h"
#include "ops/rebalance.h"

typedef struct RebalanceScreen {
	const Globals *globals;
	bool live;         /* a terminal */
	bool utf8;
	size_t drawn;      /* lines below the cursor's home */
	double said_s;     /* plain: when the totals were said last */
} RebalanceScreen;

RebalanceScreen rebalance_screen(const Globals *globals);

/* A RebalanceWatch; arg is a RebalanceScreen. */
void rebalance_show(void *arg, RebalanceEvent event, size_t move, const char *text,
                    const RebalanceProgress *progress);

/* Takes the live lines away; afterwards others may print. */
void rebalance_screen_end(RebalanceScreen *screen);

#endif
