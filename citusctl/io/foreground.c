#define _GNU_SOURCE /* memfd_create() */
#include "io/foreground.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/clock.h"

/* Whether entry, of the environment, is about the variable that setting names. */
static bool same_name(const char *setting, const char *entry)
{
	size_t length = strcspn(setting, "=");

	return strncmp(setting, entry, length) == 0 && entry[length] == '=';
}

static bool is_replaced(const char *entry, const char *const environment[])
{
	for (size_t i = 0; environment[i] != NULL; i++)
		if (same_name(environment[i], entry))
			return true;
	return false;
}

/* Ours with what is added; the texts are not copied. */
static const char **merge(const char *const environment[])
{
	size_t count = 1;
	size_t n = 0;

	for (size_t i = 0; environ[i] != NULL; i++)
		count++;
	for (size_t i = 0; environment[i] != NULL; i++)
		count++;

	const char **merged = xmalloc(count * sizeof(*merged));

	for (size_t i = 0; environ[i] != NULL; i++)
		if (!is_replaced(environ[i], environment))
			merged[n++] = environ[i];
	for (size_t i = 0; environment[i] != NULL; i++)
		if (strchr(environment[i], '=') != NULL)
			merged[n++] = environment[i];
	merged[n] = NULL;
	return merged;
}

bool foreground_run(const char *const argv[], const char *const environment[], int *status, Err *err)
{
	posix_spawnattr_t attributes;
	sigset_t none;
	sigset_t defaults;
	pid_t pid = -1;
	int ended = 0;
	const char **merged = merge(environment);

	sigemptyset(&none);
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	sigaddset(&defaults, SIGINT);
	sigaddset(&defaults, SIGTERM);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &defaults);

	/* Ctrl-C is for the program in front; this one waits for it. */
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	struct sigaction before;

	sigaction(SIGINT, &ignore, &before);

	int code = posix_spawnp(&pid, argv[0], NULL, &attributes, (char *const *) (uintptr_t) argv,
	                        (char *const *) (uintptr_t) merged);

	while (code == 0 && waitpid(pid, &ended, 0) < 0 && errno == EINTR)
		if (clock_interrupted())
			kill(pid, SIGTERM); /* ours to end: SIGTERM or a lost terminal */
	sigaction(SIGINT, &before, NULL);
	posix_spawnattr_destroy(&attributes);
	free(merged);
	if (code != 0) {
		errno = code;
		return err_errno(err, "run \"%s\"", argv[0]);
	}
	*status = WIFSIGNALED(ended) ? 128 + WTERMSIG(ended) : WEXITSTATUS(ended);
	return true;
}

int foreground_file(const char *text, Arena *arena, const char **path, Err *err)
{
	size_t length = strlen(text);
	int fd = memfd_create("citusctl", 0);

	if (fd >= 0 && fchmod(fd, 0600) == 0 && write(fd, text, length) == (ssize_t) length) {
		*path = arena_printf(arena, "/proc/self/fd/%d", fd);
		return fd;
	}
	err_errno(err, "make a file in memory");
	if (fd >= 0)
		close(fd);
	return -1;
}
