/*
 * kill_at.so, for LD_PRELOAD: ends a program with SIGKILL just before its N-th step that
 * others can see: a message to a server, another program started, a file given its name.
 *
 *   KILL_AT=N          the step; 0 or none: it is not killed
 *   KILL_COUNT=FILE    a program that ends by itself writes there how many steps it made
 *
 * What the program starts is spared.  Any thread may step.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static atomic_long steps;
static long last;
static char count_file[4096];

__attribute__((constructor)) static void begin(void)
{
	const char *at = getenv("KILL_AT");
	const char *file = getenv("KILL_COUNT");

	last = at != NULL ? strtol(at, NULL, 10) : 0;
	if (file != NULL && strlen(file) < sizeof(count_file))
		memcpy(count_file, file, strlen(file) + 1);
	unsetenv("KILL_AT");
	unsetenv("KILL_COUNT");
	unsetenv("LD_PRELOAD");
}

__attribute__((destructor)) static void end(void)
{
	FILE *file = *count_file != '\0' ? fopen(count_file, "w") : NULL;

	if (file == NULL)
		return;
	fprintf(file, "%ld\n", atomic_load(&steps));
	fclose(file);
}

static void step(void)
{
	if (atomic_fetch_add(&steps, 1) + 1 == last)
		kill(getpid(), SIGKILL);
}

/* The function that this library stands in front of. */
#define NEXT(name) ((__typeof__(&(name))) dlsym(RTLD_NEXT, #name))

ssize_t send(int fd, const void *bytes, size_t length, int flags)
{
	step();
	return NEXT(send)(fd, bytes, length, flags);
}

int rename(const char *from, const char *to)
{
	step();
	return NEXT(rename)(from, to);
}

pid_t fork(void)
{
	step();
	return NEXT(fork)();
}

int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                const posix_spawnattr_t *attributes, char *const argv[], char *const environment[])
{
	step();
	return NEXT(posix_spawn)(pid, path, actions, attributes, argv, environment);
}

int posix_spawnp(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                 const posix_spawnattr_t *attributes, char *const argv[], char *const environment[])
{
	step();
	return NEXT(posix_spawnp)(pid, path, actions, attributes, argv, environment);
}
