/*
 * cli/check_output.h - the results of checks, as "check" and "verify" print them.
 */
#ifndef CITUSCTL_CLI_CHECK_OUTPUT_H
#define CITUSCTL_CLI_CHECK_OUTPUT_H

#include "cli/output.h"
#include "ops/check.h"

/* {"cluster", "passed", "failed", "warned", "checks": [...]}; the caller frees it. */
Json *check_json(const Cluster *cluster, const Check *check);

/* As a table; with -q only what did not pass. */
void check_print(const Call *call, const Check *check);

#endif
