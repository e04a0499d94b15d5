/*
 * ops/survey.h - runs the scripts of host/ on the host of a node, the one that looks
 * around (host/survey.sh) above all.
 */
#ifndef CITUSCTL_OPS_SURVEY_H
#define CITUSCTL_OPS_SURVEY_H

#include "ops/facts.h"
#include "run/host.h"

/* The argv of a script with its words (ends with NULL); name is what messages call it. */
const char *const *script_argv(Arena *arena, const char *asset, const char *name, const char *const words[]);

/* As root on a host reached by SSH; what it is and has, in host->arena. */
bool survey_host(Host *host, const Facts **facts, Err *err) MUST_CHECK;

#endif
