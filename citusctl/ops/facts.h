/*
 * ops/facts.h - what a host is and has, as host/survey.sh tells it, and what follows
 * from it for the server there: names, directories, commands.
 *
 * Pure: texts in, values out, nothing is run here.
 *
 * Ownership: everything lives in the arena given.
 */
#ifndef CITUSCTL_OPS_FACTS_H
#define CITUSCTL_OPS_FACTS_H

#include <stdbool.h>

#include "model/cluster.h"
#include "util/arena.h"
#include "util/err.h"

#define FACTS_MAJORS 16

/* How a distribution keeps PostgreSQL. */
typedef enum Family {
	FAMILY_UNKNOWN,
	FAMILY_DEBIAN, /* postgresql-common: pg_createcluster, conf.d, postgresql@15-name */
	FAMILY_RHEL,   /* one server a major version: /var/lib/pgsql/15/data, postgresql-15 */
} Family;

/* A major version of PostgreSQL that is installed. */
typedef struct Installed {
	int major;
	const char *bindir;
	bool citus;
} Installed;

/* A server that is there; of this cluster or another. */
typedef struct Found {
	int major;
	const char *name;
	int port;
	const char *data;
	long pid; /* 0: stopped */
} Found;

/* A file that citusctl has written for the server. */
typedef struct FoundFile {
	const char *path;
	const char *owner;
	unsigned mode;
	size_t bytes;
	const char *text;   /* as long as that, or it could not be told line by line */
	const char *digest; /* SHA-256 of its content, of what holds a key; else NULL */
} FoundFile;

/* What a server that citusctl did not make says of itself; ops/adopt.h. */
typedef struct Adoptable {
	const char *failure; /* NULL, or why it could not be asked */
	const char *hba;     /* its file of who may log in */
	const char *encoding, *collation, *owner; /* of the database described; NULL: not there */
	const char *others;  /* its other databases, "" for none */
	const char *rights;  /* that the role described has there, beyond LOGIN; "" for none */
	bool in_recovery;    /* it is a standby */
	const char *kept;    /* settings that ours may not take away, lines of a settings file */
} Adoptable;

typedef struct Facts {
	const char *os; /* NULL: not looked at; "debian", "rocky rhel centos fedora" */
	Family family;
	bool systemd;
	const char *pgbouncer; /* the program, NULL: not installed */
	bool pooler;    /* citusctl has made one here for this cluster */
	Installed installed[FACTS_MAJORS];
	size_t installed_count;
	Found *servers;
	size_t server_count;
	int created;    /* major version of the server that citusctl made here, 0: none */
	bool half_made; /* a run was killed while it made it */
	const char *id;      /* of the cluster's directory that it was made from, "" when not known */
	const char *adopted; /* name of the server of somebody else that was taken over, NULL: none */
	const char *locale;  /* of databases, where that follows from a server taken over; NULL */
	const char *kept;    /* settings of the server taken over that stay, "" for none */
	const Adoptable *adoptable; /* of facts_candidate(), when it was asked */
	FoundFile *files;
	size_t file_count;
	bool listening; /* somebody listens on the port that is described */
	/* [node]: the addresses of its host as this host knows them, in blanks; "" for none */
	const char **addresses;
} Facts;

/* The server of a node: where it is on its host, in the way of the distribution. */
typedef struct HostServer {
	Family family;
	int major;
	int port;
	const char *name;   /* what Debian calls it; "data" elsewhere */
	const char *unit;   /* of systemd */
	const char *data;   /* data directory */
	const char *bindir; /* of its programs, "" when they are not there */
	const char *main;   /* the server's own file of settings where that is not in data, else "" */
	const char *config; /* directory of postgresql.conf and pg_hba.conf */
	const char *conf;   /* our settings, included by the server's own */
	const char *log;    /* the server's log */
} HostServer;

/* A server of somebody else on the node's port, which could be taken over; NULL: none. */
const Found *facts_candidate(const Facts *facts, const Node *node);

/* What the server answered to sql/setup/adopt_look.sql. */
const Adoptable *facts_adoptable(const char *text, Arena *arena);

/* Whether it is there with just this text and mode, and belongs to owner. */
bool facts_has_file(const Facts *facts, const char *path, const char *owner, unsigned mode, const char *text);

/* The words after survey.sh: cluster, server, port, and those of the nodes' hosts that are names, to be
 * looked up there; ends with NULL. */
const char *const *facts_survey_args(const Cluster *cluster, const Node *node, Arena *arena);

const Facts *facts_parse(const char *text, const Cluster *cluster, Arena *arena);

/* NULL when that major version is not installed. */
const Installed *facts_installed(const Facts *facts, int major);

/* Where the node's server is, or would be made. */
HostServer facts_server(const Facts *facts, const Cluster *cluster, const Node *node, int major,
                        Arena *arena);

/* That server, when it is there; NULL otherwise. */
const Found *facts_found(const Facts *facts, const HostServer *server);

/* The newest major version (or the one wanted) that every one of the hosts has with
 * Citus, hosts not looked at (all zero) aside; 0 when there is none, and err names the first host that lacks what. */
int facts_common_major(const Facts facts[], const Cluster *cluster, Err *err);

#endif
