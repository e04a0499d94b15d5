/*
 * run/ports.h - ports of a local cluster: free, and no other cluster's.
 */
#ifndef CITUSCTL_RUN_PORTS_H
#define CITUSCTL_RUN_PORTS_H

#include "run/session.h"

/*
 * Gives every place a port (the described one, the remembered one, or a free
 * one from 9700 up) and remembers them, under a lock that all clusters of this
 * user share.  ERR_FAILED when a described port belongs to another cluster.
 */
bool ports_choose(Session *session, Err *err) MUST_CHECK;

/* Whether 127.0.0.1:port can be listened on now. */
bool port_is_free(int port);

#endif
