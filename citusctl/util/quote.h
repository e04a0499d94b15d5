/*
 * util/quote.h - quoting of words for the places they go to.
 *
 * SQL identifiers and literals are quoted by libpq (io/pg.h), never here.
 * The results live in the arena.
 */
#ifndef CITUSCTL_UTIL_QUOTE_H
#define CITUSCTL_UTIL_QUOTE_H

#include "util/arena.h"

/* One word for a POSIX shell. */
char *quote_shell(Arena *arena, const char *word);

/* argv (NULL-terminated) as a line that a shell reads back as the same words. */
char *quote_argv(Arena *arena, const char *const argv[]);

/* One value for postgresql.conf, in single quotes. */
char *quote_conf(Arena *arena, const char *value);

/* One name for pg_hba.conf, in double quotes. */
char *quote_hba(Arena *arena, const char *name);

/* One value for a libpq keyword/value string. */
char *quote_conninfo(Arena *arena, const char *value);

#endif
