/*
 * model/table_name.h - table names as people write them.
 *
 * "tweets" or "sales.orders", each part as it stands in the catalog; nothing is
 * folded to lower case.  A part may stand in double quotes and then holds
 * anything, a double quote written twice: sales."odd.""name""".
 */
#ifndef CITUSCTL_MODEL_TABLE_NAME_H
#define CITUSCTL_MODEL_TABLE_NAME_H

#include <stdbool.h>

#include "util/arena.h"

#define NAME_BYTES_MAX 63 /* of PostgreSQL */

/* schema is NULL without one.  On false, problem says why, with the remedy. */
bool table_name_parse(Arena *arena, const char *text, const char **schema, const char **name,
                      const char **problem) MUST_CHECK;

#endif
