/*
 * ops/host_files.h - the files of a server on a host: settings, who may log in,
 * certificates.
 */
#ifndef CITUSCTL_OPS_HOST_FILES_H
#define CITUSCTL_OPS_HOST_FILES_H

#include "ops/facts.h"
#include "run/host.h"

#define HOST_FILES_MAX 4

/*
 * What they should be, into files[0..*count); texts live in host->arena.  Fails when
 * the host of a node has no address on this host.
 */
bool host_files(Host *host, const HostServer *server, ShellFile files[], size_t *count, Err *err) MUST_CHECK;

#endif
