/*
 * run/session.h - what one run of citusctl shares between its steps: the
 * description, where citusctl keeps what belongs to the cluster, and who may log in.
 *
 * A Session is made by session_open() and read by every host's thread; after
 * session_open() only `engine`, `bindir`, `spares` and the ports of `places` change, and
 * only in steps of scope ON_COORDINATOR or before any step runs.
 *
 * A local cluster's directory (session->base) holds:
 *   state.json     ports and engine, remembered          0600
 *   lock           held by the run that changes things,
 *                  and says who that is                0600
 *   password, superuser-password                         0600
 *   NODE/          data directory of one node            0700
 *   NODE.log       its server's log
 *   run/           sockets (or a short directory elsewhere: state.json knows)
 *
 * That of a cluster on hosts holds the first three, and
 *   tls/           the certificate authority and the nodes' certificates   0700
 *
 * CITUSCTL_HOME is the directory that holds the local clusters of a user:
 * /var/lib/citusctl for root, ~/.local/share/citusctl otherwise.
 */
#ifndef CITUSCTL_RUN_SESSION_H
#define CITUSCTL_RUN_SESSION_H

#include <pthread.h>
#include <stdatomic.h>

#include "io/pg.h"
#include "io/shell.h"
#include "model/cluster.h"

#define SUPERUSER "postgres"

typedef enum Engine { ENGINE_UNKNOWN, ENGINE_IS_CITUS, ENGINE_IS_EMBEDDED } Engine;

/* Where one node stands. */
typedef struct Place {
	int port;
	int reserved; /* local: the descriptor that keeps a port chosen just now from others, else 0 */
	const char *data; /* local: its data directory */
	const char *log;  /* local: its server's log */
	Remote *remote;   /* ssh: the connection to its host, else NULL */
	bool adopted;     /* ssh, once looked at: its server was there before and was taken over */
	bool direct;      /* ssh: clients of this machine reach its server without SSH */
	/* While a plan runs and has looked, else NULL. */
	const struct Facts *facts;  /* ssh: ops/facts.h */
	const char *postgres;       /* version of the server */
	const char *extension;      /* version of the extension citus */
} Place;

struct Operation;

typedef struct Session {
	const Cluster *cluster;
	const char *command; /* as typed, for the lock and the journal; NULL: unknown */
	struct Operation *operation; /* run/operation.h; NULL: none was begun */
	struct Operation *note;      /* of a verb that takes no lock; NULL: none */
	Arena *arena; /* lives as long as the session; not for host threads */
	int jobs;     /* hosts worked on at a time */
	const bool *only; /* as many as cluster->node_count: the nodes that steps of scope
	                   * ON_EVERY_NODE are for; NULL: all */

	const bool *welcome; /* nodes that are being added: also those that were removed; NULL: none */

	const char *base;       /* the cluster's directory; NULL when others run the servers */
	const char *sockets;    /* local: directory of the sockets */
	const char *server_user; /* local and root: who runs the servers, else NULL */
	Place *places;          /* as many as cluster->node_count */
	pthread_mutex_t one_at_a_time; /* held by the host that restarts its server */
	RemoteShared *remotes;  /* ssh: what the connections share, else NULL */
	pthread_t greeter;      /* ssh: the thread of session_greet() */
	bool greets;            /* ssh: there is one */
	struct Strangers *strangers; /* ssh: connections to hosts that are not described */
	int lock;               /* descriptor of the lock file, -1: not held */

	const char *bindir;   /* local: directory of initdb and pg_ctl */
	int pg_major;
	Engine engine;
	const char *engine_reason; /* why this engine, a sentence for people */

	const char *id;     /* random, made with the cluster's directory; NULL: there is none yet */
	bool takes_over;    /* ssh: also servers that were made from another directory */
	bool adopts;        /* ssh: also servers with databases of their own are taken over */
	const char *locale; /* ssh: of new databases; NULL: that of the server */
	const char *authority; /* ssh: file with the authority's certificate, for clients; NULL: not needed */
	bool spares;           /* ssh, once the authority was looked at: some node does not trust its newest
	                        * certificate yet, so only certificates that are refused are made anew */

	const char *password;           /* of the application role */
	const char *superuser_password; /* NULL when others run the servers */
} Session;

/*
 * Opens a session on the cluster: finds its directory and what is remembered
 * of it.  Reserves nothing and makes nothing.
 */
Session *session_open(const Cluster *cluster, int jobs, Err *err) MUST_CHECK;

/* Releases the lock.  NULL is allowed. */
void session_close(Session *session);

/* Whether init has been run (its directory is there). */
bool session_exists(const Session *session);

/*
 * Makes the directory, takes the lock or refuses with ERR_REFUSED,
 * chooses ports that are free and not another cluster's, reads or generates
 * passwords, and remembers all of it.
 */
bool session_claim(Session *session, Err *err) MUST_CHECK;

/*
 * For verbs that look: the cluster must be there (else ERR_USAGE, with the
 * remedy); passwords are read, nothing is locked.
 */
bool session_attach(Session *session, Err *err) MUST_CHECK;

/* Whether citusctl made the cluster's directory, or may: nothing is in the way. */
bool session_is_ours(const Session *session, Err *err) MUST_CHECK;

/* Takes the lock only, or refuses and names who holds it; for destroy and the node
 * verbs.  It keeps others of this machine out; operation_begin() those elsewhere.
 * Nothing where there is no directory of the cluster. */
bool session_lock(Session *session, Err *err) MUST_CHECK;

/* Lets go of it; whether it was held. */
bool session_unlock(Session *session);

/* A password that the description names under this key; NULL when it names none. */
bool session_secret(Session *session, const char *key, const Secret *secret, const char **password, Err *err) MUST_CHECK;

/* A fresh one: letters, digits, "_" and "-". */
bool session_new_password(Session *session, const char **password, Err *err) MUST_CHECK;

/* Writes state.json. */
bool session_remember(Session *session, Err *err) MUST_CHECK;

/* Finds PostgreSQL on this machine and chooses the engine (local). */
bool session_find_postgres(Session *session, Err *err) MUST_CHECK;

const char *engine_name(Engine engine);

/* Where to connect, as the superuser or as the application role. */
PgTarget session_superuser(const Session *session, const Node *node, const char *database);
PgTarget session_app(const Session *session, const Node *node);

/*
 * ssh: finds out which servers let this machine in by "access", so that session_app()
 * goes there without SSH; true when the coordinator's does.  Before threads start.
 */
bool session_try_direct(Session *session);

/* ssh: the connection to a host that is registered in the cluster and not described;
 * NULL for other clusters.  Any thread may ask. */
Remote *session_stranger(const Session *session, const char *host);

/*
 * ssh: begins to log in to all hosts, and does not wait for it.  Whoever needs a host then
 * waits for its login only, and is told how it went.  Nothing for other clusters.
 */
void session_greet(Session *session);

int session_port(const Session *session, const Node *node);
Place *session_place(const Session *session, const Node *node);

#endif
