/* A Shell on another machine: each call is one command of its SSH connection. */
#include "io/shell_kind.h"

#include <stdlib.h>
#include <string.h>

#include "io/asset.h"
#include "util/log.h"
#include "util/quote.h"

#define PREFIX_MAX 16 /* words in front of a command, and the NULL at its end */

typedef struct RemoteShell {
	Shell shell;
	Remote *remote;
	char *run_as; /* NULL: root */
} RemoteShell;

static RemoteShell *remote_of(Shell *shell)
{
	return (RemoteShell *) (void *) shell; /* its first member */
}

static void remote_shell_close(Shell *shell)
{
	free(remote_of(shell)->run_as);
	free(shell);
}

Shell *shell_open_remote(const ShellTarget *target)
{
	RemoteShell *shell = xmalloc(sizeof(*shell));

	*shell = (RemoteShell) {{&remote_shell}, target->remote, NULL};
	if (target->run_as != NULL)
		shell->run_as = xstrdup(target->run_as);
	return &shell->shell;
}

static size_t count_words(const char *const argv[])
{
	size_t count = 0;

	while (argv[count] != NULL)
		count++;
	return count;
}

/*
 * The one place where words become a line for a shell on a host: in front of them
 * what changes the user, in a directory that every user can enter, and with messages
 * in the language that is looked for here.
 */
static const char *command_line(const RemoteShell *shell, const char *const argv[], Arena *arena)
{
	const char **words = arena_array(arena, count_words(argv) + PREFIX_MAX, sizeof(char *));
	const char *user = shell->run_as != NULL ? shell->run_as : "root";
	size_t n = 0;

	if (strcmp(remote_user(shell->remote), user) != 0) {
		const char *const by_sudo[] = {"env", "LC_ALL=C.UTF-8", "sudo", "-n", "-u", user, "--", NULL};
		const char *const by_root[] = {"runuser", "-u", user, "--", NULL};
		bool root = strcmp(remote_user(shell->remote), "root") == 0;
		const char *const *prefix = root ? by_root : by_sudo;

		while (*prefix != NULL)
			words[n++] = *prefix++;
	}
	words[n++] = "env";
	words[n++] = "LC_ALL=C.UTF-8";
	for (size_t i = 0; argv[i] != NULL; i++)
		words[n++] = argv[i];
	words[n] = NULL;
	return arena_printf(arena, "cd / && exec %s", quote_argv(arena, words));
}

/* What sudo says when it does not run the command; it also warns of other things, and then runs it. */
static bool is_refusal(const ShellResult *result)
{
	static const char *const words[] = {"sudo: a password is required", "sudo: a terminal is required",
	                                    "is not in the sudoers file", "is not allowed to execute", "may not run sudo"};
	bool found = false;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		found = found || strstr(result->err, words[i]) != NULL;
	return found && result->status == 1;
}

static bool sudo_refused(const RemoteShell *shell, const char *said, Err *err)
{
	const char *user = remote_user(shell->remote);

	err_set(err, ERR_FAILED, "user \"%s\" may not use sudo without a password there", user);
	err_detail(err, "%s", said);
	err_hint(err, "As root, put \"%s ALL=(ALL) NOPASSWD: ALL\" into /etc/sudoers.d/%s on that host, or log in as "
	              "root.", user, user);
	return err_node(err, remote_node(shell->remote));
}

static bool remote_shell_run(Shell *opaque, const char *const argv[], const char *input, Arena *arena,
                             ShellResult *result, Err *err)
{
	RemoteShell *shell = remote_of(opaque);
	Str out = STR_INIT;
	Str error = STR_INIT;

	if (!remote_login(shell->remote, err))
		return false;

	const char *line = command_line(shell, argv, arena);

	/* A script of ours goes by its name, the word behind it. */
	bool script = strcmp(argv[0], "sh") == 0 && argv[1] != NULL && argv[2] != NULL;

	if (log_is_verbose())
		log_debug("%s: run as %s: %s", remote_node(shell->remote), shell->run_as != NULL ? shell->run_as : "root",
		          quote_argv(arena, script ? argv + 3 : argv));

	bool ok = remote_run(shell->remote, line, input, SHELL_OUTPUT_MAX, &out, &error, &result->status, err);

	result->out = arena_strdup(arena, str_text(&out));
	result->err = arena_strdup(arena, str_text(&error));
	str_free(&out);
	str_free(&error);
	if (ok && is_refusal(result))
		return sudo_refused(shell, result->err, err);
	return ok;
}

/* The files' texts one behind the other on standard input, the rest as words. */
static bool remote_put_all(Shell *shell, const ShellFile files[], size_t count, bool *changed, Err *err)
{
	Arena *scratch = arena_new();
	const char **words = arena_array(scratch, 5 + 3 * count, sizeof(char *));
	size_t n = 0;
	Str texts = STR_INIT;
	ShellResult result;

	words[n++] = "sh";
	words[n++] = "-c";
	words[n++] = asset_text("host/put.sh");
	words[n++] = "put";
	for (size_t i = 0; i < count; i++) {
		words[n++] = files[i].path;
		words[n++] = arena_printf(scratch, "%o", files[i].mode);
		words[n++] = arena_printf(scratch, "%zu", strlen(files[i].text));
		str_append(&texts, files[i].text);
	}
	words[n] = NULL;

	bool ok = shell_run(shell, words, str_text(&texts), scratch, &result, err) &&
	          (result.status == 0 || shell_failed(arena_printf(scratch, "write %s", files[0].path), &result, err));

	*changed = ok && strstr(result.out, "changed") != NULL;
	str_free(&texts);
	arena_free(scratch);
	return ok;
}

static bool remote_get(Shell *shell, const char *path, Arena *arena, const char **text, Err *err)
{
	const char *const argv[] = {"sh", "-c", "[ ! -e \"$1\" ] && exit 44; exec cat -- \"$1\"", "get", path, NULL};
	ShellResult result;

	*text = NULL;
	if (!shell_run(shell, argv, NULL, arena, &result, err))
		return false;
	if (result.status == 0)
		*text = result.out;
	return result.status == 0 || result.status == 44 || shell_failed("cat", &result, err);
}

static bool remote_mkdir(Shell *shell, const char *path, unsigned mode, Err *err)
{
	Arena *scratch = arena_new();
	const char *const argv[] = {"mkdir", "-p", "-m", arena_printf(scratch, "%o", mode), "--", path, NULL};
	bool ok = shell_run_ok(shell, argv, NULL, err);

	arena_free(scratch);
	return ok;
}

static bool remote_exists(Shell *shell, const char *path)
{
	const char *const argv[] = {"test", "-e", path, NULL};
	Err ignored = ERR_INIT;
	bool there = shell_run_ok(shell, argv, NULL, &ignored);

	err_clear(&ignored);
	return there;
}

static void remote_spread(Shell *shell, const char *path)
{
	(void) shell;
	(void) path;
}

static bool remote_sync(Shell *shell, const char *path, Err *err)
{
	const char *const argv[] = {"sync", "-f", path, NULL};

	return shell_run_ok(shell, argv, NULL, err);
}

static bool remote_rename(Shell *shell, const char *from, const char *to, Err *err)
{
	const char *const argv[] = {"mv", "-T", "--", from, to, NULL};

	return shell_run_ok(shell, argv, NULL, err);
}

const ShellKind remote_shell = {
	.run = remote_shell_run,
	.put_all = remote_put_all,
	.get = remote_get,
	.mkdir = remote_mkdir,
	.exists = remote_exists,
	.spread = remote_spread,
	.sync = remote_sync,
	.rename = remote_rename,
	.close = remote_shell_close,
};
