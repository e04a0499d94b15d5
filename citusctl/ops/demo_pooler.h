/*
 * ops/demo_pooler.h - the PgBouncer that a demo's clients go through: the one described,
 * or for a local cluster one that is started for the run and thrown away.
 *
 * Its own listens on the loopback, lets in who knows the password of the application's
 * role, and holds the SCRAM verifier of that, not the password, in a file for its user only.
 *
 * Ownership: in the session's arena.
 */
#ifndef CITUSCTL_OPS_DEMO_POOLER_H
#define CITUSCTL_OPS_DEMO_POOLER_H

#include "ops/beside.h"

typedef struct PoolerServer {
	PgTarget clients; /* where the application logs in */
	PgTarget console; /* where SHOW is answered, for the same role */
	const char *where; /* for people: "127.0.0.1:6432" */
	Beside beside;    /* of its own one */
	bool is_own;
} PoolerServer;

/* A pool of so many connections for so many clients.  pooler_server_stop() in any case. */
bool pooler_server_start(PoolerServer *server, Session *session, int clients, int pool_size, Err *err) MUST_CHECK;
bool pooler_server_stop(PoolerServer *server, Err *err) MUST_CHECK;

#endif
