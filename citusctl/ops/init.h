/*
 * ops/init.h - makes the cluster be as described; idempotent.
 */
#ifndef CITUSCTL_OPS_INIT_H
#define CITUSCTL_OPS_INIT_H

#include "run/run.h"

/* The plan of "citusctl init" for this way to deploy; static. */
const Step *init_steps(const Session *session);

/* Those of "citusctl node start" and "node stop": servers of a cluster that exists. */
const Step *start_steps(const Session *session);
const Step *stop_steps(const Session *session);

#endif
