#include "ops/crash.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/clock.h"

#define PROCESSES_MAX 2048
#define GONE_TIMEOUT_MS 10000

/* The parent of a process, 0 when it is not there or dead and not yet collected. */
static long parent_of(long pid)
{
	char path[64];
	char line[512];

	snprintf(path, sizeof(path), "/proc/%ld/stat", pid);

	FILE *file = fopen(path, "r");
	bool ok = file != NULL && fgets(line, sizeof(line), file) != NULL;

	if (file != NULL)
		fclose(file);

	/* "pid (name) state parent ...", and the name may hold anything. */
	const char *after = ok ? strrchr(line, ')') : NULL;

	if (after == NULL || strlen(after) < 5 || after[2] == 'Z')
		return 0;
	return strtol(after + 4, NULL, 10);
}

/* The server's processes, its first one in front. */
static size_t find_processes(long first, long found[PROCESSES_MAX])
{
	DIR *proc = opendir("/proc");
	const struct dirent *entry = NULL;
	size_t count = 0;

	found[count++] = first;
	while (proc != NULL && count < PROCESSES_MAX && (entry = readdir(proc)) != NULL) {
		long pid = strtol(entry->d_name, NULL, 10);

		if (pid > 1 && parent_of(pid) == first)
			found[count++] = pid;
	}
	if (proc != NULL)
		closedir(proc);
	return count;
}

typedef struct Victims {
	long pids[PROCESSES_MAX];
	size_t count;
} Victims;

static bool are_gone(void *arg)
{
	const Victims *victims = arg;

	for (size_t i = 0; i < victims->count; i++) {
		if (parent_of(victims->pids[i]) != 0)
			return false;
	}
	return true;
}

bool server_crash(const Server *server, Err *err)
{
	long first = server_pid(server);
	Victims victims;

	if (first == 0)
		return err_set(err, ERR_FAILED, "no server runs in \"%s\"", server->data);
	/* Stopped first, so that it makes no process that is missed. */
	kill((pid_t) first, SIGSTOP);
	victims.count = find_processes(first, victims.pids);
	for (size_t i = 0; i < victims.count; i++)
		kill((pid_t) victims.pids[i], SIGKILL);
	if (clock_poll_until(GONE_TIMEOUT_MS, are_gone, &victims))
		return true;
	return clock_go_on(err) && err_set(err, ERR_FAILED, "the server with process id %ld does not end", first);
}
