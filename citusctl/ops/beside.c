#include "ops/beside.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/clock.h"
#include "util/str.h"

#define UP_TIMEOUT_MS 20000
#define DOWN_TIMEOUT_MS 5000
#define LOG_TAIL_BYTES 600

/* The longest path of a socket that the system takes, and room for the file's name. */
#define SOCKET_PATH_MAX ((size_t) 107)
#define SOCKET_NAME_MAX ((size_t) 32)

static const char *const all_names[] = {"cache", "pooler"};

const char *beside_path(const Beside *beside, const char *file)
{
	return arena_printf(beside->session->arena, "%s/%s", beside->directory, file);
}

bool beside_put(const Beside *beside, const char *file, const char *text, Err *err)
{
	bool changed = false;

	return shell_put(beside->shell, beside_path(beside, file), text, 0600, &changed, err);
}

/* Whether the process is that program: its directory is in its command. */
static bool is_ours(long pid, const char *directory)
{
	char path[64];
	char command[4096];

	snprintf(path, sizeof(path), "/proc/%ld/cmdline", pid);

	FILE *file = fopen(path, "r");
	size_t length = file != NULL ? fread(command, 1, sizeof(command) - 1, file) : 0;

	if (file != NULL)
		fclose(file);
	for (size_t i = 0; i < length; i++)
		if (command[i] == '\0')
			command[i] = ' ';
	command[length] = '\0';
	return strstr(command, directory) != NULL;
}

/* 0: it does not run. */
static long find_pid(const Beside *beside)
{
	const char *text = NULL;
	Err ignored = ERR_INIT;
	long pid = 0;

	if (shell_get(beside->shell, beside_path(beside, "pid"), beside->session->arena, &text, &ignored) && text != NULL)
		pid = strtol(text, NULL, 10);
	err_clear(&ignored);
	return pid > 1 && is_ours(pid, beside->directory) ? pid : 0;
}

/* Also after Ctrl-C: this takes no time. */
static bool wait_gone(long pid, const char *directory)
{
	for (int waited = 0; waited < DOWN_TIMEOUT_MS && is_ours(pid, directory); waited += 5)
		clock_sleep_ms(5);
	return !is_ours(pid, directory);
}

static bool end_program(const Beside *beside, Err *err)
{
	long pid = find_pid(beside);

	if (pid == 0)
		return true;
	kill((pid_t) pid, SIGTERM);
	if (wait_gone(pid, beside->directory))
		return true;
	kill((pid_t) pid, SIGKILL);
	return wait_gone(pid, beside->directory) ||
	       err_set(err, ERR_FAILED, "the %s of the demo, process %ld, does not stop", beside->name, pid);
}

static bool make_temporary(Beside *beside, Err *err)
{
	const char *parent = getenv("TMPDIR");
	bool is_short = parent != NULL && *parent == '/' && strlen(parent) < SOCKET_PATH_MAX / 2;
	char *path = arena_printf(beside->session->arena, "%s/citusctl-%s-XXXXXX", is_short ? parent : "/tmp", beside->name);

	if (mkdtemp(path) == NULL)
		return err_errno(err, "make the directory \"%s\"", path);
	beside->directory = path;
	beside->sockets = path;
	return true;
}

bool beside_open(Beside *beside, Session *session, const char *name, Err *err)
{
	const ShellTarget here = {.run_as = session->server_user};
	bool is_local = session->cluster->deploy == DEPLOY_LOCAL;

	*beside = (Beside) {.session = session, .name = name, .shell = shell_open(&here, err)};
	if (beside->shell == NULL)
		return false;
	if (!is_local)
		return make_temporary(beside, err);
	beside->directory = arena_printf(session->arena, "%s/%s", session->base, name);
	beside->sockets = strlen(beside->directory) + SOCKET_NAME_MAX < SOCKET_PATH_MAX ? beside->directory : session->sockets;
	return end_program(beside, err) && shell_remove(beside->shell, beside->directory, err) &&
	       shell_mkdir(beside->shell, beside->directory, 0700, err);
}

const char *beside_find(const Beside *beside, const char *program, const char *package, Err *err)
{
	static const char *const places[] = {"/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin"};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		const char *path = arena_printf(beside->session->arena, "%s/%s", places[i], program);

		if (access(path, X_OK) == 0)
			return path;
	}
	err_set(err, ERR_FAILED, "there is no %s on this machine", program);
	err_hint(err, "Install it (Debian: apt-get install --no-install-recommends %s), or describe one that runs elsewhere.",
	         package);
	return NULL;
}

/* Why it did not come up, as far as its log knows. */
static bool start_failed(const Beside *beside, Err *err)
{
	const char *log = NULL;
	Err ignored = ERR_INIT;

	if (clock_interrupted())
		return clock_go_on(err);
	err_set(err, ERR_FAILED, "the %s for the demo does not come up", beside->name);
	if (shell_get(beside->shell, beside_path(beside, "log"), beside->session->arena, &log, &ignored) && log != NULL) {
		size_t length = strlen(log);

		err_detail(err, "The end of its log:\n%s", log + (length > LOG_TAIL_BYTES ? length - LOG_TAIL_BYTES : 0));
	}
	err_clear(&ignored);
	return false;
}

bool beside_start(const Beside *beside, const char *const argv[], bool (*is_up)(void *arg), void *arg, Err *err)
{
	return shell_run_ok(beside->shell, argv, NULL, err) &&
	       (clock_poll_until(UP_TIMEOUT_MS, is_up, arg) || start_failed(beside, err));
}

bool beside_stop(Beside *beside, Err *err)
{
	bool ok = true;

	if (beside->directory != NULL)
		ok = end_program(beside, err) && shell_remove(beside->shell, beside->directory, err);
	shell_close(beside->shell);
	beside->shell = NULL;
	beside->directory = NULL;
	return ok;
}

bool beside_stop_all(Session *session, Err *err)
{
	const ShellTarget here = {.run_as = session->server_user};
	Shell *shell = shell_open(&here, err);
	bool ok = shell != NULL;

	for (size_t i = 0; ok && i < sizeof(all_names) / sizeof(all_names[0]); i++) {
		const Beside beside = {.session = session,
		                       .name = all_names[i],
		                       .directory = arena_printf(session->arena, "%s/%s", session->base, all_names[i]),
		                       .shell = shell};

		ok = end_program(&beside, err);
	}
	shell_close(shell);
	return ok;
}
