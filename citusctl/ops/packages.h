/*
 * ops/packages.h - a step of provisioning: PostgreSQL and Citus, and PgBouncer where it
 * is described, installed on a host that lacks them, when the description allows it.
 *
 * A repository of the description is added with its own key, which apt then demands of
 * it; the key's file has to have the fingerprint that the description names (gpg of
 * this machine tells).
 */
#ifndef CITUSCTL_OPS_PACKAGES_H
#define CITUSCTL_OPS_PACKAGES_H

#include "ops/facts.h"
#include "run/step.h"

/* Whether the host needs any; facts are those of the host. */
bool packages_missing(const Facts *facts, const Cluster *cluster, const Node *node);

/* Installs them; *what names them, in host->arena. */
bool packages_install(Host *host, const Facts *facts, const char **what, Err *err) MUST_CHECK;

#endif
