/*
 * io/shell.h - run commands and place files on one machine.
 *
 * A Shell hides whether the machine is this one or another reached over SSH, so
 * that every operation is written once.  It knows nothing of clusters.  On another
 * machine commands run by sudo where the user that logged in is not root; each call
 * is one round trip there.
 *
 * Errors:    filled into Err; the message is complete enough to print.
 * Ownership: a Shell belongs to whoever opened it.  Text handed back lives in
 *            the caller's Arena.
 * Threads:   a Shell is used by one thread at a time; different Shells may be
 *            used by different threads.
 */
#ifndef CITUSCTL_IO_SHELL_H
#define CITUSCTL_IO_SHELL_H

#include <stdbool.h>

#include "io/remote.h"
#include "util/arena.h"
#include "util/err.h"

/* The most output kept of one command, in bytes; the rest is dropped. */
#define SHELL_OUTPUT_MAX ((size_t) 256 * 1024)

typedef struct Shell Shell;

/* Where and as whom to run. */
typedef struct ShellTarget {
	const char *run_as; /* system user that commands run as; NULL: the current one (here), root (there) */
	Remote *remote;     /* NULL: this machine; borrowed, outlives the Shell */
} ShellTarget;

/* A file as it should be. */
typedef struct ShellFile {
	const char *path;
	const char *text;
	unsigned mode;
} ShellFile;

typedef struct ShellResult {
	int status;      /* exit status, or 128 + signal number */
	const char *out; /* never NULL, NUL-terminated */
	const char *err; /* never NULL, NUL-terminated */
} ShellResult;

Shell *shell_open(const ShellTarget *target, Err *err) MUST_CHECK;

/* NULL is allowed. */
void shell_close(Shell *shell);

/*
 * Runs argv (NULL-terminated) without a shell in between: each word arrives as
 * it stands.  input (NULL: nothing) goes to its standard input; a secret goes
 * there, never into argv.  True means that the command ran, not that it
 * succeeded: look at result->status, or call shell_run_ok().
 */
bool shell_run(Shell *shell, const char *const argv[], const char *input, Arena *arena,
               ShellResult *result, Err *err) MUST_CHECK;

/* As shell_run(), but any status other than 0 is an error that quotes stderr. */
bool shell_run_ok(Shell *shell, const char *const argv[], const char *input, Err *err) MUST_CHECK;

/* The error of a command that ended with another status than 0; what names it. */
bool shell_failed(const char *what, const ShellResult *result, Err *err);

/*
 * Makes the file at path hold exactly text with this mode, by way of a
 * temporary file and a rename.  *changed tells whether anything was written.
 */
bool shell_put(Shell *shell, const char *path, const char *text, unsigned mode, bool *changed,
               Err *err) MUST_CHECK;

/* As shell_put() on this machine, by who runs this program; readable by all. */
bool shell_put_here(const char *path, const char *text, Err *err) MUST_CHECK;

/* As shell_put() of each of several files; remote: in one round trip. */
bool shell_put_all(Shell *shell, const ShellFile files[], size_t count, bool *changed, Err *err) MUST_CHECK;

/* The file's content; *text is NULL when there is no such file. */
bool shell_get(Shell *shell, const char *path, Arena *arena, const char **text, Err *err) MUST_CHECK;

/* Makes the directory and its parents; the last with this mode. */
bool shell_mkdir(Shell *shell, const char *path, unsigned mode, Err *err) MUST_CHECK;

/*
 * Asks the file system to keep the directories in this one apart from each
 * other, as it does with those of users; where it can't, and on other machines,
 * nothing happens.
 */
void shell_spread(Shell *shell, const char *path);

/* Remote: also false when the host cannot be asked. */
bool shell_exists(Shell *shell, const char *path);

/* Removes a directory tree or file; nothing there is fine. */
bool shell_remove(Shell *shell, const char *path, Err *err) MUST_CHECK;

/* Returns when everything on the file system that path is on has been written. */
bool shell_sync(Shell *shell, const char *path, Err *err) MUST_CHECK;

bool shell_rename(Shell *shell, const char *from, const char *to, Err *err) MUST_CHECK;

#endif
