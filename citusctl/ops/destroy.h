/*
 * ops/destroy.h - stops the servers of a cluster and removes their data: those on
 * this machine, or those that citusctl made on hosts.
 */
#ifndef CITUSCTL_OPS_DESTROY_H
#define CITUSCTL_OPS_DESTROY_H

#include "run/session.h"

/* Takes the lock; immediate: the servers need not write anything back. */
bool destroy_cluster(Session *session, Err *err) MUST_CHECK;

#endif
