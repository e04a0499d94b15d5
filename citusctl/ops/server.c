#define _XOPEN_SOURCE 700 /* realpath() */
#include "ops/server.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/asset.h"
#include "io/tmpl.h"
#include "run/ports.h"
#include "util/clock.h"
#include "util/quote.h"
#include "util/str.h"

#define START_TIMEOUT_MS 60000
#define STOP_TIMEOUT_MS 60000
#define ORPHANS_TIMEOUT_MS 10000
#define LOG_TAIL_LINES 6

Server server_of(const Host *host)
{
	const Place *place = session_place(host->session, host->node);

	return (Server) {.data = place->data, .log = place->log, .port = place->port};
}

/* Reads the first line, and the last, of postmaster.pid. */
static long read_pid_file(const Server *server, bool *ready)
{
	char path[4096];
	char line[4096];
	long pid = 0;

	*ready = false;
	snprintf(path, sizeof(path), "%s/postmaster.pid", server->data);

	FILE *file = fopen(path, "r");

	if (file == NULL)
		return 0;
	if (fgets(line, sizeof(line), file) != NULL)
		pid = strtol(line, NULL, 10);
	while (fgets(line, sizeof(line), file) != NULL)
		*ready = str_starts(line, "ready");
	fclose(file);
	return pid;
}

typedef enum Stands { STANDS_ELSEWHERE, STANDS_THERE, STANDS_UNKNOWN } Stands;

/* Whether the process has the directory as its current one. */
static Stands where_stands(long pid, const char *data)
{
	char link[64];
	char target[4096];

	snprintf(link, sizeof(link), "/proc/%ld/cwd", pid);

	ssize_t length = readlink(link, target, sizeof(target) - 1);

	if (length < 0) /* ENOENT: there is none, or it ended and was not yet collected */
		return errno == ENOENT ? STANDS_ELSEWHERE : STANDS_UNKNOWN;
	target[length] = '\0';

	char *real = realpath(data, NULL);
	bool same = real != NULL && strcmp(real, target) == 0;

	free(real);
	return same ? STANDS_THERE : STANDS_ELSEWHERE;
}

/* After a reboot the number in the file may be another program's: only a process
 * that stands in the data directory is the server.  In a container not even root may
 * see where; there a process of the directory's owner is believed to be it. */
static bool is_server_process(long pid, const char *data)
{
	char path[64];
	struct stat process;
	struct stat directory;

	if (pid <= 1 || (kill((pid_t) pid, 0) != 0 && errno != EPERM))
		return false;

	Stands stands = where_stands(pid, data);

	snprintf(path, sizeof(path), "/proc/%ld", pid);
	return stands == STANDS_THERE ||
	       (stands == STANDS_UNKNOWN && stat(path, &process) == 0 && stat(data, &directory) == 0 &&
	        process.st_uid == directory.st_uid);
}

long server_pid(const Server *server)
{
	bool ready = false;
	long pid = read_pid_file(server, &ready);

	return is_server_process(pid, server->data) ? pid : 0;
}

static const char *program(const Host *host, const char *name)
{
	return arena_printf(host->arena, "%s/%s", host->session->bindir, name);
}

/* The end of the log from offset on: what this start had to say. */
static const char *log_tail(Host *host, const char *path, size_t offset)
{
	const char *text = NULL;
	Err ignored = ERR_INIT;

	if (!shell_get(host->shell, path, host->arena, &text, &ignored) || text == NULL) {
		err_clear(&ignored);
		return "";
	}

	size_t length = strlen(text);
	const char *from = text + (offset < length ? offset : length);
	int lines = 0;

	for (const char *c = text + length; c > from; c--)
		if (c[-1] == '\n' && ++lines > LOG_TAIL_LINES)
			return c;
	return from;
}

/* Until then a start is not looked at more closely. */
#define GRACE_US ((int64_t) 2000000)

typedef struct Startup {
	const Server *server;
	bool gone; /* the process ended */
	int64_t began_us;
} Startup;

/* Whether the command of the process starts a server on the directory. */
static bool starts_server(long pid, const char *data)
{
	char path[64];
	char command[8192];

	snprintf(path, sizeof(path), "/proc/%ld/cmdline", pid);

	FILE *file = fopen(path, "r");
	size_t length = file != NULL ? fread(command, 1, sizeof(command) - 1, file) : 0;

	if (file != NULL)
		fclose(file);
	for (size_t i = 0; i < length; i++)
		if (command[i] == '\0')
			command[i] = ' ';
	command[length] = '\0';

	const char *at = strstr(command, "postgres") != NULL ? strstr(command, data) : NULL;

	return at != NULL && strchr(" \"", at[strlen(data)]) != NULL;
}

/* On a machine that stands still for seconds a server is on its way for longer, and has not yet written its file. */
static bool is_on_its_way(const char *data)
{
	DIR *proc = opendir("/proc");
	const struct dirent *entry = NULL;
	bool found = false;

	while (proc != NULL && !found && (entry = readdir(proc)) != NULL) {
		long pid = strtol(entry->d_name, NULL, 10);

		found = pid > 1 && starts_server(pid, data);
	}
	if (proc != NULL)
		closedir(proc);
	return found;
}

static bool is_ready(void *arg)
{
	Startup *startup = arg;
	bool ready = false;
	long pid = read_pid_file(startup->server, &ready);

	if (pid > 0 && is_server_process(pid, startup->server->data))
		return ready;
	if (clock_us() < startup->began_us + GRACE_US || is_on_its_way(startup->server->data))
		return false; /* the file may not be written yet */
	startup->gone = true;
	return true;
}

static bool start_failed(Host *host, const Server *server, size_t log_size, Err *err)
{
	const char *tail = log_tail(host, server->log, log_size);

	err_set(err, ERR_FAILED, "the server on port %d does not come up", server->port);
	err_detail(err, "The last lines of %s:\n%s", server->log, tail);
	if (strstr(tail, "No space left on device") != NULL)
		err_hint(err, "The disk is full: free some space and run the command again.");
	else
		err_hint(err, "Remedy what its log names and run the command again.");
	return err_node(err, host->node->name);
}

/* A person may stand in the data directory as well. */
static bool is_postgres(long pid)
{
	char path[64];
	char name[32] = "";

	snprintf(path, sizeof(path), "/proc/%ld/comm", pid);

	FILE *file = fopen(path, "r");

	if (file != NULL) {
		if (fgets(name, sizeof(name), file) == NULL)
			name[0] = '\0';
		fclose(file);
	}
	return strcmp(name, "postgres\n") == 0;
}

/* Some process of a server that stands in the data directory, 0 when there is none. */
static long process_in(const char *data)
{
	DIR *proc = opendir("/proc");
	const struct dirent *entry = NULL;
	long found = 0;

	while (proc != NULL && found == 0 && (entry = readdir(proc)) != NULL) {
		long pid = strtol(entry->d_name, NULL, 10);

		if (pid > 1 && where_stands(pid, data) == STANDS_THERE && is_postgres(pid))
			found = pid;
	}
	if (proc != NULL)
		closedir(proc);
	return found;
}

/* arg is the data directory. */
static bool is_deserted(void *arg)
{
	return process_in(arg) == 0;
}

/*
 * The sessions of a server that was killed end by themselves, soon, and until then no other
 * starts there.  PostgreSQL takes the process of an old postmaster.pid for a server as long
 * as there is one with that number: after kill -9 one that its parent has not collected,
 * after a reboot any other.  The file goes when it is neither the server nor one of those.
 */
static bool remove_stale_lock(Host *host, const Server *server, Err *err)
{
	bool ready = false;
	long pid = read_pid_file(server, &ready);
	const char *const files[] = {
		arena_printf(host->arena, "%s/postmaster.pid", server->data),
		arena_printf(host->arena, "%s/.s.PGSQL.%d.lock", host->session->sockets, server->port),
	};

	if (pid <= 1)
		return true;
	if (!clock_poll_until(ORPHANS_TIMEOUT_MS, is_deserted, (char *) (uintptr_t) server->data)) {
		if (clock_interrupted())
			return clock_go_on(err);
		err_set(err, ERR_FAILED, "the server was killed, and its process %ld still runs in \"%s\"",
		        process_in(server->data), server->data);
		err_hint(err, "End that process (\"kill %ld\") and run the command again.", process_in(server->data));
		return err_node(err, host->node->name);
	}
	if (kill((pid_t) pid, 0) != 0 && errno == ESRCH)
		return true; /* PostgreSQL sees that for itself */
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (unlink(files[i]) != 0 && errno != ENOENT)
			return err_errno(err, "remove \"%s\"", files[i]);
	return true;
}

/* A server on its way shows its process only when it has written its lock file: whoever cleans
 * up after an interruption has to find it. */
static bool start_interrupted(const Server *server, Err *err)
{
	for (int tries = 0; tries < 50 && server_pid(server) == 0; tries++)
		clock_sleep_ms(20);
	return clock_go_on(err);
}

bool server_start(Host *host, const Server *server, Err *err)
{
	const char *const argv[] = {program(host, "pg_ctl"), "start", "-W", "-s", "-D", server->data,
	                            "-l", server->log, server->options != NULL ? "-o" : NULL,
	                            server->options, NULL};
	const char *old_log = NULL;

	if (server_pid(server) != 0) {
		/* Perhaps still on its way up or down, since a run that was killed. */
		Startup found = {server, false, 0};

		if (!clock_poll_until(START_TIMEOUT_MS, is_ready, &found))
			return clock_interrupted() ? clock_go_on(err) : start_failed(host, server, 0, err);
		if (!found.gone)
			return true;
	}
	if (!port_is_free(server->port)) {
		err_set(err, ERR_FAILED, "port %d is taken by another program", server->port);
		err_hint(err, "Stop that program (\"ss -ltnp\" shows it), or give node \"%s\" another port in the "
		              "description.", host->node->name);
		return err_node(err, host->node->name);
	}
	if (!shell_mkdir(host->shell, host->session->sockets, 0700, err) ||
	    !shell_get(host->shell, server->log, host->arena, &old_log, err) ||
	    !remove_stale_lock(host, server, err))
		return false;

	size_t log_size = old_log != NULL ? strlen(old_log) : 0;
	Startup startup = {server, false, clock_us()};

	if (!shell_run_ok(host->shell, argv, NULL, err))
		return clock_interrupted() ? start_interrupted(server, err) : start_failed(host, server, log_size, err);
	if (!clock_poll_until(START_TIMEOUT_MS, is_ready, &startup) || startup.gone)
		return clock_interrupted() ? start_interrupted(server, err) : start_failed(host, server, log_size, err);
	return true;
}

/* Whether the server has ended; arg is its Server. */
static bool is_gone(void *arg)
{
	return server_pid(arg) == 0;
}

/* What "pg_ctl stop -m fast" does, which looks only every tenth of a second. */
bool server_stop(Host *host, const Server *server, Err *err)
{
	Server copy = *server;
	long pid = server_pid(server);

	if (pid == 0)
		return true;
	kill((pid_t) pid, SIGINT);
	if (clock_poll_until(STOP_TIMEOUT_MS, is_gone, &copy))
		return true;
	if (clock_interrupted())
		return clock_go_on(err);
	err_set(err, ERR_FAILED, "the server with process id %ld does not stop", pid);
	err_detail(err, "The last lines of %s:\n%s", server->log, log_tail(host, server->log, 0));
	err_hint(err, "Something holds it up, such as a slow disk: wait, and run the command again.");
	return err_node(err, host->node->name);
}

/* Also after Ctrl-C: this takes no time. */
static bool wait_gone(const Server *server, int timeout_ms)
{
	for (int waited = 0; waited < timeout_ms; waited += 2) {
		if (server_pid(server) == 0)
			return true;
		clock_sleep_ms(2);
	}
	return server_pid(server) == 0;
}

bool server_kill(const Server *server, Err *err)
{
	long pid = server_pid(server);

	if (pid == 0)
		return true;
	kill((pid_t) pid, SIGQUIT);
	if (wait_gone(server, 10000))
		return true;
	kill((pid_t) pid, SIGKILL);
	return wait_gone(server, 5000) ||
	       err_set(err, ERR_FAILED, "the server with process id %ld does not stop", pid);
}

const char *server_user_settings(const Host *host)
{
	const PairList *settings = &host->session->cluster->postgres.settings;
	Str text = STR_INIT;

	if (settings->count > 0)
		str_append(&text, "\n# From \"postgres.settings\" of the description.\n");
	for (size_t i = 0; i < settings->count; i++)
		str_printf(&text, "%s = %s\n", settings->items[i].name,
		           quote_conf(host->arena, settings->items[i].value));

	const char *kept = arena_strdup(host->arena, str_text(&text));

	str_free(&text);
	return kept;
}

static const char *engine_settings(const Host *host)
{
	return host->session->engine == ENGINE_IS_CITUS ? asset_text("templates/citus.conf.tmpl")
	                                                : asset_text("templates/embedded.conf.tmpl");
}

bool server_files(Host *host, const Server *server, ShellFile files[SERVER_FILES], Err *err)
{
	Arena *arena = host->arena;
	const TmplValue conf[] = {
		{"node", host->node->name},
		{"cluster", host->session->cluster->name},
		{"listen", quote_conf(arena, host->node->host)},
		{"port", arena_printf(arena, "%d", server->port)},
		{"sockets", quote_conf(arena, host->session->sockets)},
		{"engine_settings", engine_settings(host)},
		{"cluster_settings", asset_text("templates/cluster.conf.tmpl")},
		{"user_settings", server_user_settings(host)},
		{NULL, NULL},
	};
	const TmplValue hba[] = {
		{"node", host->node->name},
		{"cluster", host->session->cluster->name},
		{NULL, NULL},
	};
	const char *conf_text = tmpl_render(arena, "postgresql.conf.tmpl",
	                                    asset_text("templates/postgresql.conf.tmpl"), conf, err);
	const char *hba_text = conf_text == NULL ? NULL :
	                       tmpl_render(arena, "pg_hba.conf.tmpl", asset_text("templates/pg_hba.conf.tmpl"),
	                                   hba, err);

	if (hba_text == NULL)
		return false;
	files[0] = (ShellFile) {arena_printf(arena, "%s/citusctl.conf", server->data), conf_text, 0600};
	files[1] = (ShellFile) {arena_printf(arena, "%s/pg_hba.conf", server->data), hba_text, 0600};
	return true;
}

bool server_settings(Host *host, const Server *server, bool *changed, Err *err)
{
	ShellFile files[SERVER_FILES];

	return server_files(host, server, files, err) && shell_put_all(host->shell, files, SERVER_FILES, changed, err);
}

void server_reload(const Server *server)
{
	long pid = server_pid(server);

	if (pid != 0)
		kill((pid_t) pid, SIGHUP);
}

/* Our settings live in a file of their own that the server's file includes. */
static bool include_settings(Host *host, const Server *server, Err *err)
{
	const char *path = arena_printf(host->arena, "%s/postgresql.conf", server->data);
	const char *text = NULL;
	bool changed = false;

	return shell_get(host->shell, path, host->arena, &text, err) &&
	       shell_put(host->shell, path,
	                 arena_printf(host->arena, "%s\ninclude 'citusctl.conf'\n", text != NULL ? text : ""),
	                 0600, &changed, err);
}

bool server_create(Host *host, const Server *server, Err *err)
{
	const char *password_file = arena_printf(host->arena, "%s.password", server->data);
	const char *const argv[] = {
		program(host, "initdb"), "--no-sync", "-D", server->data, "-U", SUPERUSER,
		"--auth", "scram-sha-256", "--pwfile", password_file, "-E", "UTF8", "--locale", "C.UTF-8", NULL};
	bool changed = false;
	bool ok = shell_put(host->shell, password_file, host->session->superuser_password, 0600, &changed,
	                    err) &&
	          shell_run_ok(host->shell, argv, NULL, err);

	if (unlink(password_file) != 0 && errno != ENOENT && ok)
		ok = err_errno(err, "remove \"%s\"", password_file);
	return ok && include_settings(host, server, err) && server_settings(host, server, &changed, err);
}
