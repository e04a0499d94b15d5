/*
 * ops/init.h - makes the cluster be as described; idempotent.
 */
#ifndef CITUSCTL_OPS_INIT_H
#define CITUSCTL_OPS_INIT_H

#include "run/run.h"

/* The plan of "citusctl init" for this deployment; static. */
const Step *init_steps(const Session *session);

/* Starts the servers of a local cluster that exists ("node start"). */
extern const Step start_steps[];

/* Stops them. */
extern const Step stop_steps[];

#endif
