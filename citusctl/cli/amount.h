/*
 * cli/amount.h - amounts as people write them: sizes, durations, times of day.
 *
 * Errors: ERR_USAGE that names the option and says what it takes.
 */
#ifndef CITUSCTL_CLI_AMOUNT_H
#define CITUSCTL_CLI_AMOUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "util/err.h"

/* "50MB", "1.5 GB/s", "800k": decimal units, as everywhere in citusctl. */
bool amount_bytes(const char *option, const char *text, int64_t *bytes, Err *err) MUST_CHECK;

/* "90", "90s", "45m", "2h30m", "1d": in seconds. */
bool amount_seconds(const char *option, const char *text, double *seconds, Err *err) MUST_CHECK;

/* "06:00", local time: seconds from now until the next time it is that late. */
bool amount_until(const char *option, const char *text, double *seconds, Err *err) MUST_CHECK;

#endif
