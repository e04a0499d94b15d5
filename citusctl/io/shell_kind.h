/*
 * io/shell_kind.h - what a kind of Shell has to do; see io/shell.h for what each
 * function means.
 *
 * For io/shell*.c alone.
 */
#ifndef CITUSCTL_IO_SHELL_KIND_H
#define CITUSCTL_IO_SHELL_KIND_H

#include "io/shell.h"

typedef struct ShellKind {
	bool (*run)(Shell *shell, const char *const argv[], const char *input, Arena *arena,
	            ShellResult *result, Err *err);
	bool (*put_all)(Shell *shell, const ShellFile files[], size_t count, bool *changed, Err *err);
	bool (*get)(Shell *shell, const char *path, Arena *arena, const char **text, Err *err);
	bool (*mkdir)(Shell *shell, const char *path, unsigned mode, Err *err);
	bool (*exists)(Shell *shell, const char *path);
	void (*spread)(Shell *shell, const char *path);
	bool (*sync)(Shell *shell, const char *path, Err *err);
	bool (*rename)(Shell *shell, const char *from, const char *to, Err *err);
	void (*close)(Shell *shell);
} ShellKind;

/* The first member of every kind's own struct. */
struct Shell {
	const ShellKind *kind;
};

extern const ShellKind local_shell;
extern const ShellKind remote_shell;

Shell *shell_open_local(const ShellTarget *target, Err *err);
Shell *shell_open_remote(const ShellTarget *target);

#endif
