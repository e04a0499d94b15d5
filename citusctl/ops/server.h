/*
 * ops/server.h - the PostgreSQL server of one node of a local cluster.
 *
 * Errors name the node, and a server that does not come up brings the last
 * lines of its log.
 */
#ifndef CITUSCTL_OPS_SERVER_H
#define CITUSCTL_OPS_SERVER_H

#include "run/step.h"

/* A server as files: a node's, or the seed that data directories are cloned from. */
typedef struct Server {
	const char *data;
	const char *log;
	int port;
	const char *options; /* for postgres, of this start alone; NULL: none */
} Server;

Server server_of(const Host *host);

/* The process id of the running server, 0 when none runs. */
long server_pid(const Server *server);
bool server_start(Host *host, const Server *server, Err *err) MUST_CHECK;

/* Ends its sessions and writes everything back; not running is fine. */
bool server_stop(Host *host, const Server *server, Err *err) MUST_CHECK;

/* Lets it read its files again, also when nobody can log in to ask for it. */
void server_reload(const Server *server);

/* The quickest stop there is, straight to the process: works without the programs
 * of PostgreSQL, for data that is about to go.  Only data need be set. */
bool server_kill(const Server *server, Err *err) MUST_CHECK;

#define SERVER_FILES 2

/* What citusctl.conf and pg_hba.conf of its data directory should be; in host->arena. */
bool server_files(Host *host, const Server *server, ShellFile files[SERVER_FILES], Err *err) MUST_CHECK;

/* Writes them. */
bool server_settings(Host *host, const Server *server, bool *changed, Err *err) MUST_CHECK;

/* The settings of the description, one a line, quoted for the file; in the arena. */
const char *server_user_settings(const Host *host);

/* initdb, with our settings file included. */
bool server_create(Host *host, const Server *server, Err *err) MUST_CHECK;

#endif
