/* A Shell on this machine. */
#define _GNU_SOURCE /* pipe2(), as other threads spawn at the same time; syncfs() */
#include "io/shell_kind.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/clock.h"
#include "util/log.h"
#include "util/quote.h"
#include "util/str.h"

#define PREFIX_MAX 16 /* words in front of a command, and the NULL at its end */

typedef struct LocalShell {
	Shell shell;
	char *run_as; /* NULL: the current user */
	uid_t uid;    /* owner of the files it makes */
	gid_t gid;
	char gid_text[16];
} LocalShell;

static LocalShell *local_of(Shell *shell)
{
	return (LocalShell *) (void *) shell; /* its first member */
}

/* The ends of a child's three pipes that stay here; -1 when closed. */
typedef struct Child {
	pid_t pid;
	int in;
	int out;
	int err;
} Child;

static void local_close(Shell *opaque)
{
	LocalShell *shell = local_of(opaque);

	free(shell->run_as);
	free(shell);
}

Shell *shell_open_local(const ShellTarget *target, Err *err)
{
	LocalShell *shell = xmalloc(sizeof(*shell));

	*shell = (LocalShell) {{&local_shell}, NULL, geteuid(), getegid(), ""};
	if (target->run_as == NULL)
		return &shell->shell;

	struct passwd entry;
	struct passwd *found = NULL;
	char buffer[4096];

	if (getpwnam_r(target->run_as, &entry, buffer, sizeof(buffer), &found) != 0 || found == NULL) {
		err_set(err, ERR_FAILED, "there is no system user \"%s\" to run the servers as", target->run_as);
		local_close(&shell->shell);
		return NULL;
	}
	shell->run_as = xstrdup(target->run_as);
	shell->uid = entry.pw_uid;
	shell->gid = entry.pw_gid;
	snprintf(shell->gid_text, sizeof(shell->gid_text), "%lu", (unsigned long) entry.pw_gid);
	return &shell->shell;
}

static void close_end(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* argv with what changes the user in front of it; the caller frees the array. */
static const char **build_argv(const LocalShell *shell, const char *const argv[])
{
	size_t count = 0;
	size_t n = 0;

	while (argv[count] != NULL)
		count++;

	const char **words = xmalloc((count + PREFIX_MAX) * sizeof(*words));


	if (shell->run_as != NULL && geteuid() == 0) {
		const char *const prefix[] = {"setpriv", "--reuid", shell->run_as, "--regid", shell->gid_text,
		                              "--init-groups", "--reset-env", "--"};

		for (size_t i = 0; i < sizeof(prefix) / sizeof(prefix[0]); i++)
			words[n++] = prefix[i];
	}
	for (size_t i = 0; i < count; i++)
		words[n++] = argv[i];
	words[n] = NULL;
	return words;
}

/*
 * The child gets a process group of its own, so that the terminal's Ctrl-C
 * reaches this program only and a clean
 * signal mask; of our descriptors it inherits its three pipes only.
 */
static bool spawn(const LocalShell *shell, const char *const argv[], Child *child, Err *err)
{
	int in[2] = {-1, -1};
	int out[2] = {-1, -1};
	int error[2] = {-1, -1};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none;
	sigset_t defaults;

	if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0 || pipe2(error, O_CLOEXEC) != 0) {
		for (int i = 0; i < 2; i++) {
			close_end(&in[i]);
			close_end(&out[i]);
			close_end(&error[i]);
		}
		return err_errno(err, "make a pipe");
	}

	const char **words = build_argv(shell, argv);

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, error[1], STDERR_FILENO);

	sigemptyset(&none);
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGINT);
	sigaddset(&defaults, SIGTERM);
	sigaddset(&defaults, SIGPIPE);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes,
	                         POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setpgroup(&attributes, 0);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &defaults);

	int code = words[0] == NULL ? EINVAL
	                            : posix_spawnp(&child->pid, words[0], &actions, &attributes,
	                                           (char *const *) (uintptr_t) words, environ);

	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	close_end(&in[0]);
	close_end(&out[1]);
	close_end(&error[1]);
	child->in = in[1];
	child->out = out[0];
	child->err = error[0];
	if (code != 0) {
		close_end(&child->in);
		close_end(&child->out);
		close_end(&child->err);
		errno = code;
		err_errno(err, "run \"%s\"", words[0]);
	}
	free(words);
	return code == 0;
}

/* Reads what there is; closes the end at end of file. */
static void collect(int *fd, Str *text)
{
	char chunk[8192];
	ssize_t got = read(*fd, chunk, sizeof(chunk));

	if (got > 0) {
		if (text->length < SHELL_OUTPUT_MAX)
			str_append_bytes(text, chunk, (size_t) got);
	} else if (got == 0 || errno != EINTR) {
		close_end(fd);
	}
}

/* Feeds input and collects output until both output pipes are closed. */
static void talk(Child *child, const char *input, Str *out, Str *error)
{
	size_t left = input != NULL ? strlen(input) : 0;
	bool stopped = false;

	if (left == 0)
		close_end(&child->in);
	while (child->out >= 0 || child->err >= 0) {
		struct pollfd fds[3] = {
			{.fd = child->in, .events = POLLOUT},
			{.fd = child->out, .events = POLLIN},
			{.fd = child->err, .events = POLLIN},
		};

		if (clock_interrupted() && !stopped) {
			kill(-child->pid, SIGTERM);
			stopped = true;
		}
		if (poll(fds, 3, 100) <= 0)
			continue;
		if (input != NULL && fds[0].revents != 0) {
			ssize_t wrote = write(child->in, input, left);

			if (wrote > 0) {
				input += wrote;
				left -= (size_t) wrote;
			}
			if (left == 0 || (wrote < 0 && errno != EINTR))
				close_end(&child->in);
		}
		if (fds[1].revents != 0)
			collect(&child->out, out);
		if (fds[2].revents != 0)
			collect(&child->err, error);
	}
	close_end(&child->in);
}

static bool local_run(Shell *shell, const char *const argv[], const char *input, Arena *arena,
                      ShellResult *result, Err *err)
{
	Child child = {-1, -1, -1, -1};
	Str out = STR_INIT;
	Str error = STR_INIT;
	int status = 0;

	if (!clock_go_on(err))
		return false;
	if (log_is_verbose())
		log_debug("run: %s", quote_argv(arena, argv));
	if (!spawn(local_of(shell), argv, &child, err))
		return false;
	talk(&child, input, &out, &error);
	while (waitpid(child.pid, &status, 0) < 0 && errno == EINTR)
		continue;

	result->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	result->out = arena_strdup(arena, str_text(&out));
	result->err = arena_strdup(arena, str_text(&error));
	str_free(&out);
	str_free(&error);
	return clock_go_on(err);
}

static bool local_exists(Shell *shell, const char *path)
{
	struct stat found;

	(void) shell;
	return lstat(path, &found) == 0;
}

static bool local_get(Shell *shell, const char *path, Arena *arena, const char **text, Err *err)
{
	(void) shell;
	*text = NULL;

	FILE *file = fopen(path, "rb");

	if (file == NULL)
		return errno == ENOENT || err_errno(err, "read \"%s\"", path);

	Str content = STR_INIT;
	char chunk[8192];
	size_t got = 0;

	while ((got = fread(chunk, 1, sizeof(chunk), file)) > 0)
		str_append_bytes(&content, chunk, got);

	bool ok = ferror(file) == 0 || err_errno(err, "read \"%s\"", path);

	fclose(file);
	if (ok)
		*text = arena_strdup(arena, str_text(&content));
	str_free(&content);
	return ok;
}

static bool write_all(int fd, const char *text, size_t length)
{
	while (length > 0) {
		ssize_t wrote = write(fd, text, length);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0)
			return false;
		text += wrote;
		length -= (size_t) wrote;
	}
	return true;
}

/* The new content is on disk before it gets the name. */
static bool write_beside(const LocalShell *shell, const char *path, const char *text, unsigned mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return false;

	bool ok = write_all(fd, text, strlen(text)) && fchmod(fd, (mode_t) mode) == 0 &&
	          (geteuid() != 0 || fchown(fd, shell->uid, shell->gid) == 0) && fsync(fd) == 0;
	int code = errno;

	close(fd);
	errno = code;
	return ok;
}

static bool local_put(Shell *shell, const char *path, const char *text, unsigned mode, bool *changed,
                      Err *err)
{
	Arena *scratch = arena_new();
	const char *old = NULL;
	struct stat found;
	bool ok = local_get(shell, path, scratch, &old, err);

	*changed = false;
	if (ok && (old == NULL || strcmp(old, text) != 0 || stat(path, &found) != 0 ||
	           (found.st_mode & 07777) != (mode_t) mode)) {
		const char *beside = arena_printf(scratch, "%s.new", path);

		*changed = true;
		ok = (write_beside(local_of(shell), beside, text, mode) && rename(beside, path) == 0) ||
		     err_errno(err, "write \"%s\"", path);
		if (!ok)
			unlink(beside);
	}
	arena_free(scratch);
	return ok;
}

/* A run that was killed may have made the directory and not given it away: root's
 * own, and no link to elsewhere, it is given away now. */
static bool give_away(const LocalShell *shell, const char *path, Err *err)
{
	struct stat found;

	if (geteuid() != 0 || shell->uid == 0 || lstat(path, &found) != 0 || !S_ISDIR(found.st_mode) ||
	    found.st_uid != 0)
		return true;
	return lchown(path, shell->uid, shell->gid) == 0 ||
	       err_errno(err, "give \"%s\" to the server's user", path);
}

static bool local_mkdir(Shell *shell, const char *path, unsigned mode, Err *err)
{
	Arena *scratch = arena_new();
	char *part = arena_strdup(scratch, path);
	struct stat found;
	bool ok = true;

	for (char *slash = strchr(part + 1, '/'); ok && slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		ok = mkdir(part, 0755) == 0 || errno == EEXIST || err_errno(err, "make the directory \"%s\"", part);
		*slash = '/';
	}
	if (ok && mkdir(path, (mode_t) mode) != 0 && errno != EEXIST)
		ok = err_errno(err, "make the directory \"%s\"", path);
	if (ok && (stat(path, &found) != 0 || !S_ISDIR(found.st_mode)))
		ok = err_set(err, ERR_FAILED, "\"%s\" is there and is not a directory", path);
	ok = ok && give_away(local_of(shell), path, err);
	arena_free(scratch);
	return ok;
}

/* ext4 makes files near their directory, and passes over what was deleted there in
 * the last minutes file by file: after some clusters have come and gone that is most
 * of the time that a new one takes.  "chattr +T" does the same. */
static void local_spread(Shell *shell, const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int flags = 0;

	(void) shell;
	if (fd >= 0 && ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0 && (flags & FS_TOPDIR_FL) == 0) {
		flags |= FS_TOPDIR_FL;
		ioctl(fd, FS_IOC_SETFLAGS, &flags);
	}
	if (fd >= 0)
		close(fd);
}

static bool local_sync(Shell *shell, const char *path, Err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	(void) shell;
	if (fd < 0)
		return err_errno(err, "open \"%s\"", path);

	bool ok = syncfs(fd) == 0 || err_errno(err, "write what is on the file system of \"%s\"", path);

	close(fd);
	return ok;
}

static bool local_rename(Shell *shell, const char *from, const char *to, Err *err)
{
	(void) shell;
	return rename(from, to) == 0 || err_errno(err, "rename \"%s\" to \"%s\"", from, to);
}

/* One file after the other: here nothing is saved by placing several at once. */
static bool local_put_all(Shell *shell, const ShellFile files[], size_t count, bool *changed, Err *err)
{
	bool ok = true;

	*changed = false;
	for (size_t i = 0; ok && i < count; i++) {
		bool this_changed = false;

		ok = local_put(shell, files[i].path, files[i].text, files[i].mode, &this_changed, err);
		*changed = *changed || this_changed;
	}
	return ok;
}

const ShellKind local_shell = {
	.run = local_run,
	.put_all = local_put_all,
	.get = local_get,
	.mkdir = local_mkdir,
	.exists = local_exists,
	.spread = local_spread,
	.sync = local_sync,
	.rename = local_rename,
	.close = local_close,
};
