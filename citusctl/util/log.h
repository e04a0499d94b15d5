/*
 * util/log.h - what the program is doing, for -v: lines on standard error.
 *
 * Not for errors (they travel in an Err) and not for results.  No secret is
 * ever passed here.  Threads: any thread may call; a line is written whole.
 */
#ifndef CITUSCTL_UTIL_LOG_H
#define CITUSCTL_UTIL_LOG_H

#include <stdbool.h>

#include "util/arena.h"

/* Called once, before threads start: -v makes log_debug() speak. */
void log_setup(bool verbose);
bool log_is_verbose(void);
void log_debug(const char *format, ...) PRINTF_LIKE(1, 2);

#endif
