/*
 * ops/init_none.h - init on servers that somebody else runs ("deploy": "none"):
 * the SQL alone, as far as the login of the description allows.
 *
 * Where a superuser is needed and the login is none, nothing is half done: the
 * step is refused and says which statements a superuser has to run, and where.
 */
#ifndef CITUSCTL_OPS_INIT_NONE_H
#define CITUSCTL_OPS_INIT_NONE_H

#include "run/step.h"

extern const Step none_steps[];

#endif
