/*
 * io/foreground.h - one program that takes over the terminal, such as psql.
 *
 * It has this program's standard input, output and error, and its Ctrl-C.
 *
 * Errors: filled into Err when it cannot be run; how it ended is in *status.
 */
#ifndef CITUSCTL_IO_FOREGROUND_H
#define CITUSCTL_IO_FOREGROUND_H

#include <stdbool.h>

#include "util/err.h"

/* environment: "NAME=value" to set, "NAME" to take away; ends with NULL.  *status is the exit status, or
 * 128 + signal number. */
bool foreground_run(const char *const argv[], const char *const environment[], int *status, Err *err) MUST_CHECK;

/*
 * A file without a name that holds text and only this user can read: for what a program
 * wants as a file and nobody else is to see.  *path is good for programs started
 * by foreground_run() and lives in arena; -1 on error, else a descriptor to close.
 */
int foreground_file(const char *text, Arena *arena, const char **path, Err *err) MUST_CHECK;

#endif
