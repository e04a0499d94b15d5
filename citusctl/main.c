/*
 * citusctl - one JSON file describes a distributed PostgreSQL cluster; citusctl
 * makes it so, keeps it balanced, and proves that it works.
 */
#include <locale.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

#include "cli/command.h"
#include "util/clock.h"

/* The first Ctrl-C ends the work in an orderly way, the third at once. */
static void on_signal(int number)
{
	static volatile sig_atomic_t count;

	(void) number;
	count = count + 1;
	if (count >= 3)
		_exit(130);
	clock_interrupt();
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = on_signal};

	setlocale(LC_CTYPE, "");
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	return command_main(argc, argv);
}
