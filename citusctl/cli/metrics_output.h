/*
 * cli/metrics_output.h - metrics in Prometheus' text format.
 *
 * Names are kept: dashboards and alerts rely on them.
 */
#ifndef CITUSCTL_CLI_METRICS_OUTPUT_H
#define CITUSCTL_CLI_METRICS_OUTPUT_H

#include "ops/metrics.h"
#include "util/str.h"

void metrics_output(Str *out, const char *cluster, const Metrics *metrics, double seconds);

#endif
