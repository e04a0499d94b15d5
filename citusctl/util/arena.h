/*
 * util/arena.h - memory that is released all at once.
 *
 * An arena belongs to whoever made it; everything allocated from it lives
 * until arena_free().  Out of memory ends the program: there is nothing
 * sensible left to do, and no caller has to check.
 *
 * Threads: an arena is used by one thread at a time.
 */
#ifndef CITUSCTL_UTIL_ARENA_H
#define CITUSCTL_UTIL_ARENA_H

#include <stdarg.h>
#include <stddef.h>

#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))
#define MUST_CHECK __attribute__((warn_unused_result))

typedef struct Arena Arena;

Arena *arena_new(void);

/* NULL is allowed. */
void arena_free(Arena *arena);

/* Zeroed memory, aligned for any type. */
void *arena_alloc(Arena *arena, size_t size);

/* Zeroed memory for count members of size bytes; overflow is fatal. */
void *arena_array(Arena *arena, size_t count, size_t size);

/* A copy of text; NULL gives NULL. */
char *arena_strdup(Arena *arena, const char *text);

/* A NUL-terminated copy of the first length bytes of text. */
char *arena_strndup(Arena *arena, const char *text, size_t length);

char *arena_printf(Arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);
char *arena_vprintf(Arena *arena, const char *format, va_list args) PRINTF_LIKE(2, 0);

/* malloc family for what outlives every arena; out of memory is fatal. */
void *xmalloc(size_t size);
void *xrealloc(void *old, size_t size);
char *xstrdup(const char *text);

#endif
