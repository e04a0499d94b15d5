/*
 * ops/crash.h - ends a local server as a power failure would: nothing is told,
 * nothing is written any more.  For showing what a cluster does then.
 */
#ifndef CITUSCTL_OPS_CRASH_H
#define CITUSCTL_OPS_CRASH_H

#include "ops/server.h"

/* kill -9 of the server's first process and all others; returns when they are gone. */
bool server_crash(const Server *server, Err *err) MUST_CHECK;

#endif
