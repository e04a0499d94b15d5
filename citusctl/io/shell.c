/* What is the same for every kind of Shell. */
#include "io/shell.h"

#include <string.h>

#include "io/shell_kind.h"

Shell *shell_open(const ShellTarget *target, Err *err)
{
	return target->remote != NULL ? shell_open_remote(target) : shell_open_local(target, err);
}

void shell_close(Shell *shell)
{
	if (shell != NULL)
		shell->kind->close(shell);
}

bool shell_run(Shell *shell, const char *const argv[], const char *input, Arena *arena,
               ShellResult *result, Err *err)
{
	return shell->kind->run(shell, argv, input, arena, result, err);
}

bool shell_failed(const char *what, const ShellResult *result, Err *err)
{
	const char *said = *result->err != '\0' ? result->err : result->out;

	err_set(err, ERR_FAILED, "\"%s\" failed with status %d", what, result->status);
	if (*said != '\0')
		err_detail(err, "%s", said);
	if (strstr(said, "No space left on device") != NULL)
		err_hint(err, "Free some space on that file system and run the command again.");
	return false;
}

bool shell_run_ok(Shell *shell, const char *const argv[], const char *input, Err *err)
{
	Arena *scratch = arena_new();
	ShellResult result;
	bool ok = shell_run(shell, argv, input, scratch, &result, err) &&
	          (result.status == 0 || shell_failed(argv[0], &result, err));

	arena_free(scratch);
	return ok;
}

bool shell_put_all(Shell *shell, const ShellFile files[], size_t count, bool *changed, Err *err)
{
	return shell->kind->put_all(shell, files, count, changed, err);
}

bool shell_put(Shell *shell, const char *path, const char *text, unsigned mode, bool *changed,
               Err *err)
{
	const ShellFile file = {path, text, mode};

	return shell->kind->put_all(shell, &file, 1, changed, err);
}

bool shell_get(Shell *shell, const char *path, Arena *arena, const char **text, Err *err)
{
	return shell->kind->get(shell, path, arena, text, err);
}

bool shell_mkdir(Shell *shell, const char *path, unsigned mode, Err *err)
{
	return shell->kind->mkdir(shell, path, mode, err);
}

bool shell_exists(Shell *shell, const char *path)
{
	return shell->kind->exists(shell, path);
}

void shell_spread(Shell *shell, const char *path)
{
	shell->kind->spread(shell, path);
}

bool shell_remove(Shell *shell, const char *path, Err *err)
{
	const char *const argv[] = {"rm", "-rf", "--one-file-system", "--", path, NULL};

	return shell_run_ok(shell, argv, NULL, err);
}

bool shell_sync(Shell *shell, const char *path, Err *err)
{
	return shell->kind->sync(shell, path, err);
}

bool shell_rename(Shell *shell, const char *from, const char *to, Err *err)
{
	return shell->kind->rename(shell, from, to, err);
}

bool shell_put_here(const char *path, const char *text, Err *err)
{
	const ShellTarget here = {.run_as = NULL};
	Shell *shell = shell_open(&here, err);
	bool changed = false;
	bool ok = shell != NULL && shell_put(shell, path, text, 0644, &changed, err);

	shell_close(shell);
	return ok;
}
