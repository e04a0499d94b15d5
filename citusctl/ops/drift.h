/*
 * ops/drift.h - what a node has otherwise than it was described: lines of the files on
 * it, settings that something overrides, attributes of its role, versions.
 *
 * Found differences go to the report by host_differs().  What "mended" says there is
 * done by these functions too, unless host->dry.
 */
#ifndef CITUSCTL_OPS_DRIFT_H
#define CITUSCTL_OPS_DRIFT_H

#include "run/step.h"

/* Compares the files, line by line, comments and blanks aside; *differ also when one
 * is not there.  Writes nothing. */
bool drift_files(Host *host, const ShellFile files[], size_t count, bool *differ, Err *err) MUST_CHECK;

/*
 * Settings of a running server, over its superuser's connection: reloads it when one of
 * files (a text array for PostgreSQL) is newer than what it has loaded, and takes
 * back what overrides our settings file (ALTER SYSTEM, ALTER DATABASE, ALTER ROLE).
 * *pending then names the settings that wait for a restart, in host->arena, or is NULL.
 */
bool drift_settings(Host *host, Pg *pg, const char *files, Outcome *outcome, const char **pending,
                    Err *err) MUST_CHECK;

/* What the role of the description, or its database, has otherwise than citusctl makes
 * them; the ALTER statements that mend it are in *statements, in host->arena, NULL when
 * there is nothing.  Any login of the node will do for pg. */
bool drift_role(Host *host, Pg *pg, const char **statements, Err *err) MUST_CHECK;

/* Keeps the versions of this node's server for drift_compare_versions(). */
bool drift_read_versions(Host *host, Pg *pg, Err *err) MUST_CHECK;

/* On the coordinator: nodes whose versions are others than its own. */
void drift_compare_versions(Host *host);

/* "deploy": "none": "postgres.settings" that are otherwise on the server. */
bool drift_described_settings(Host *host, Pg *pg, Err *err) MUST_CHECK;

#endif
