#include "util/log.h"

#include <stdio.h>
#include <stdlib.h>

#include "util/clock.h"

/* Written once before threads start, read-only afterwards. */
static struct {
	bool verbose;
	int64_t started_us;
} settings;

void log_setup(bool verbose)
{
	settings.verbose = verbose;
	settings.started_us = clock_us();
}

bool log_is_verbose(void)
{
	return settings.verbose;
}

void log_debug(const char *format, ...)
{
	if (!settings.verbose)
		return;

	Arena *arena = arena_new();
	va_list args;

	va_start(args, format);
	char *line = arena_vprintf(arena, format, args);

	va_end(args);
	fprintf(stderr, "[%8.3f] %s\n", (double) (clock_us() - settings.started_us) / 1e6, line);
	arena_free(arena);
}
