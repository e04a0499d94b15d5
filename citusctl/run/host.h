/*
 * run/host.h - one node being worked on: its shell, its connection, its arena.
 *
 * A Host belongs to one thread while a plan runs.
 */
#ifndef CITUSCTL_RUN_HOST_H
#define CITUSCTL_RUN_HOST_H

#include "run/session.h"

/* Something that is not as described. */
typedef struct Difference {
	const char *text; /* what it is and what is wanted */
	bool mended;      /* by this step, or would be; else it is left to people */
} Difference;

typedef struct Host {
	Session *session;
	const Node *node;
	bool dry;     /* look only */
	bool missing; /* dry: an earlier step would make what this one looks at */
	bool fresh;   /* this plan made the server: nobody's roles and databases are on it */
	Arena *arena; /* for one plan */
	Shell *shell; /* as the user that runs the servers; NULL when others run them */
	Shell *root;  /* ssh: as root, else NULL */
	Pg *pg;       /* superuser at the cluster's database, opened when needed */
	Pg *app;      /* the application role there, kept for the steps that follow; NULL: none is open */
	const char *said; /* what the running step did, or NULL */
	Difference *differences; /* that the running step found */
	size_t difference_count, difference_capacity;
} Host;

bool host_open(Host *host, Session *session, const Node *node, bool dry, Err *err) MUST_CHECK;
void host_close(Host *host);

/* The connection to the cluster's database as superuser; NULL on error. */
Pg *host_pg(Host *host, Err *err) MUST_CHECK;

/* The same of a server whose process is there, perhaps started by a run that was stopped: one
 * that is still starting is waited for. */
Pg *host_pg_started(Host *host, Err *err) MUST_CHECK;

/* The same as the application role, which owns the tables. */
Pg *host_app(Host *host, Err *err) MUST_CHECK;

/* Closes both: the server is about to stop, or settings to change. */
void host_disconnect(Host *host);

/* Closes that of the application role, whose session was changed. */
void host_disconnect_app(Host *host);

/* What a step did or would do, for the report: "port 9701, 4 settings". */
void host_say(Host *host, const char *format, ...) PRINTF_LIKE(2, 3);

/* What a step found that is not as described, for the report. */
void host_differs(Host *host, bool mended, const char *format, ...) PRINTF_LIKE(3, 4);

#endif
