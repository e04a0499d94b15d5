/*
 * util/str.h - a growing text.
 *
 * Start with STR_INIT; data is always NUL-terminated after the first append.
 * The owner calls str_free().  Out of memory is fatal.
 */
#ifndef CITUSCTL_UTIL_STR_H
#define CITUSCTL_UTIL_STR_H

#include <stdbool.h>
#include <stddef.h>

#include "util/arena.h"

typedef struct Str {
	char *data; /* NULL until the first append */
	size_t length;
	size_t capacity;
} Str;

#define STR_INIT {NULL, 0, 0}

void str_append(Str *str, const char *text);
void str_append_bytes(Str *str, const char *bytes, size_t length);
void str_append_char(Str *str, char c);
void str_printf(Str *str, const char *format, ...) PRINTF_LIKE(2, 3);

/* The text, "" when nothing was appended. */
const char *str_text(const Str *str);

/* Forgets the content, or what is behind the first length bytes; keeps the memory. */
void str_reset(Str *str);
void str_cut(Str *str, size_t length);
void str_free(Str *str);

bool str_equal(const char *a, const char *b); /* NULL equals NULL only */
bool str_starts(const char *text, const char *prefix);
bool str_ends(const char *text, const char *suffix);

/* Whether length bytes are well-formed UTF-8; *bad is the first bad offset. */
bool str_is_utf8(const char *bytes, size_t length, size_t *bad);

/* The nearest of count names (at most 3 edits and half the length away), or NULL. */
const char *str_nearest(const char *name, const char *const names[], size_t count);

#endif
