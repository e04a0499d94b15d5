/*
 * run/ports.h - ports of a local cluster: free, and no other cluster's.
 */
#ifndef CITUSCTL_RUN_PORTS_H
#define CITUSCTL_RUN_PORTS_H

#include "run/session.h"

/*
 * Gives every place a port (the described one, the remembered one, or a free
 * one from 9700 up) and remembers them, under a lock that all clusters of this
 * user share; a free one is kept from other users' clusters, and from those in
 * another home, until the session is closed.  ERR_FAILED when a described port belongs to another cluster.
 */
bool ports_choose(Session *session, Err *err) MUST_CHECK;

/*
 * Keeps 127.0.0.1:port from whoever else asks so, in whatever directory and for whatever user, until the descriptor
 * that it returns is closed; a server may listen there meanwhile.  -1 when it is taken.
 */
int port_reserve(int port) MUST_CHECK;

/* Whether 127.0.0.1:port can be listened on now. */
bool port_is_free(int port);

#endif
