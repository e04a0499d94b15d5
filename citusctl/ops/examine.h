/*
 * ops/examine.h - what "citusctl check" looks at: the facts of one node, gathered
 * over its shell and its server without judging them.
 *
 * Ownership: everything lives in the arena given.
 * Threads:   different nodes may be examined by different threads.
 */
#ifndef CITUSCTL_OPS_EXAMINE_H
#define CITUSCTL_OPS_EXAMINE_H

#include "run/host.h"

#define EXAMINED_VERSIONS 16

/* One node as seen from another. */
typedef struct Reach {
	const char *address; /* NULL: the name is unknown there */
	const char *state;   /* "open", "refused", "timeout", "no-route", "unreachable"; NULL: not tried */
	bool tried;          /* to look the name up */
	const char *login;   /* NULL: not tried; "": all right; else as whom and why not */
} Reach;

typedef struct Examined {
	const Node *node;
	bool reached;
	Err failure; /* why not */

	/* Over the shell. */
	bool has_shell;
	int64_t memory_kb;
	int64_t disk_kb, free_kb;
	const char *data;    /* directory of the server, or where it will be */
	bool has_data;       /* a server's data are there */
	bool has_foreign;    /* something else is there */
	bool is_ours;        /* made by citusctl */
	const char *adoptable; /* a server of somebody else on the port, "15/main"; NULL: none */
	const char *certificate, *authority; /* of the node, and those that it trusts: PEM, "" for none; NULL: not looked for */
	bool is_running;
	bool is_listening;   /* somebody, on the server's port */
	const char *versions[EXAMINED_VERSIONS]; /* of PostgreSQL that is installed */
	const char *citus[EXAMINED_VERSIONS];    /* for it, or "-" */
	size_t version_count;
	Reach *reach; /* [node_count] */

	/* Ahead of this machine's clock, and how far that may be off. */
	bool has_clock;
	double clock_s, clock_error_s;

	/* Over SQL. */
	bool is_up;
	const char *refused; /* why its server, which runs, does not let citusctl in; NULL otherwise */
	const char *silent;  /* why it can't be asked although it runs, for any other reason; NULL otherwise */
	const char *server, *extension, *encoding, *collation, *wal_level;
	int64_t workers, slots, senders, logical_workers, prepared;
	const char *server_id, *system_id; /* NULL: not known */
} Examined;

/* Fills what can be found out; never fails, what went wrong is in it. */
void examine_node(Session *session, const Node *node, Arena *arena, Examined *examined);

/*
 * Logs in from this node to every one of nodes that is up, itself included, with the
 * credentials that its server uses for that; fills reach[].login.
 */
void examine_logins(Session *session, Examined *from, const Examined nodes[], Arena *arena);

#endif
