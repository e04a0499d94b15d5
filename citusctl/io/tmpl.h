/*
 * io/tmpl.h - templates: {{name}} and nothing else.
 *
 * A name without a value and a value without a name are both errors, so that a
 * template and the code that fills it can't drift apart.  Values arrive quoted
 * for the file they go to (util/quote.h).
 */
#ifndef CITUSCTL_IO_TMPL_H
#define CITUSCTL_IO_TMPL_H

#include "util/arena.h"
#include "util/err.h"

typedef struct TmplValue {
	const char *name; /* NULL ends the list */
	const char *value;
} TmplValue;

/* The filled text, in the arena; NULL on error.  file names it in errors. */
char *tmpl_render(Arena *arena, const char *file, const char *text, const TmplValue values[],
                  Err *err) MUST_CHECK;

#endif
