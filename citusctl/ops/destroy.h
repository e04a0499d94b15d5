/*
 * ops/destroy.h - stops the servers of a cluster and removes their data: those on
 * this machine, or those that citusctl made on hosts.
 */
#ifndef CITUSCTL_OPS_DESTROY_H
#define CITUSCTL_OPS_DESTROY_H

#include "run/session.h"

/*
 * Takes the lock; immediate: the servers need not write anything back.  Servers on hosts
 * that were there before the cluster stay: *left (may be NULL) names them, in the
 * session's arena, NULL when there are none.
 */
bool destroy_cluster(Session *session, const char **left, Err *err) MUST_CHECK;

#endif
