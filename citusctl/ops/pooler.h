/*
 * ops/pooler.h - PgBouncer in front of the coordinator, on its host, in transaction mode.
 *
 * It is an instance of its own beside any that the host has.  Clients log in to it as
 * the cluster's role from the networks of "access", with the password that the server
 * knows; it holds the server's SCRAM verifier, never the password.
 */
#ifndef CITUSCTL_OPS_POOLER_H
#define CITUSCTL_OPS_POOLER_H

#include "ops/facts.h"
#include "run/step.h"

/* Makes it run as described, or stops one that is described no longer. */
bool pooler_ensure(Host *host, const Facts *facts, const HostServer *server, Outcome *outcome, Err *err) MUST_CHECK;

bool pooler_stop(Host *host, const HostServer *server, Err *err) MUST_CHECK;

#endif
