/*
 * io/tty.h - asks a person for a secret, on the terminal and without showing it.
 *
 * Threads: the caller sees to it that one asks at a time.
 */
#ifndef CITUSCTL_IO_TTY_H
#define CITUSCTL_IO_TTY_H

#include <stdbool.h>
#include <stddef.h>

/* False when there is no terminal, or nothing was typed. */
bool tty_ask_secret(const char *prompt, char *text, size_t size);

#endif
