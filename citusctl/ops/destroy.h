/*
 * ops/destroy.h - stops the servers of a cluster and removes their data: those on
 * this machine, or those that citusctl made on hosts.
 */
#ifndef CITUSCTL_OPS_DESTROY_H
#define CITUSCTL_OPS_DESTROY_H

#include "run/session.h"

/* What a cluster that is gone may have left behind; texts in the session's arena. */
typedef struct Leftovers {
	const char *adopted; /* servers on hosts that were there before the cluster and stay; NULL: none */
	bool unasked;        /* hosts: there were servers, and no coordinator told which nodes it has: those
	                      * of nodes that are not described, if there are any, still run */
} Leftovers;

/* Takes the lock; immediate: the servers need not write anything back.  left may be NULL. */
bool destroy_cluster(Session *session, Leftovers *left, Err *err) MUST_CHECK;

#endif
