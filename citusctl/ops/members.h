/*
 * ops/members.h - the nodes that are registered with the coordinator, and those
 * that were removed from it.
 *
 * Ownership: everything lives in the arena given.
 */
#ifndef CITUSCTL_OPS_MEMBERS_H
#define CITUSCTL_OPS_MEMBERS_H

#include "run/session.h"

typedef struct Member {
	const char *name;      /* of the description, or host:port when it isn't in it */
	const Node *described; /* NULL: not in the description */
	const char *host;
	int port;
	int64_t id;    /* pg_dist_node.nodeid */
	int64_t group; /* pg_dist_node.groupid; 0: the coordinator */
	bool active;
	bool takes_shards; /* shouldhaveshards */
	double capacity;   /* of the description; 1 when it isn't there */
	int64_t shards;    /* of distributed tables that stand on it */
	int64_t reference_copies;
} Member;

typedef struct Members {
	Member *items; /* the coordinator first */
	size_t count;
} Members;

/* A node that "node remove" took out. */
typedef struct Removed {
	const char *name;
	const char *host;
	int port;
	const char *operator;
	const char *when; /* in the server's time zone */
	bool fenced;      /* its server was made harmless */
} Removed;

typedef struct RemovedList {
	Removed *items;
	size_t count;
} RemovedList;

/* Primaries only; pg is a connection to the coordinator's database. */
bool members_read(const Session *session, Pg *pg, Arena *arena, Members *members, Err *err) MUST_CHECK;

/* The node of the description with this address, or NULL. */
const Node *members_described(const Session *session, const char *host, int port);

/* By name of the description or host:port; NULL when there is none. */
const Member *members_find(const Members *members, const char *name);
const Member *members_find_node(const Members *members, const Node *node);

/* None where citusctl has no tables yet. */
bool removed_read(Pg *pg, Arena *arena, RemovedList *list, Err *err) MUST_CHECK;

/* By the address of a described node: names without one of their own shift when a worker is
 * taken out.  NULL when it was not removed. */
const Removed *removed_find(const RemovedList *list, const Session *session, const Node *node);

/* Where the superuser logs in, also to one that isn't in the description. */
PgTarget member_target(const Session *session, const Member *member);

/* ERR_REFUSED when a node of the description was removed: it is brought back by
 * "node add" only. */
bool removed_refuse(const Session *session, Pg *pg, Err *err) MUST_CHECK;

/* The same before anything is touched, on the connection of the operation; a coordinator
 * that is down has no say yet. */
bool removed_refuse_early(const Session *session, Err *err) MUST_CHECK;

#endif
