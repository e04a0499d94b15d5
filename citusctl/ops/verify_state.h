/*
 * ops/verify_state.h - what the checks of ops/verify.h share.
 *
 * Threads: one.
 */
#ifndef CITUSCTL_OPS_VERIFY_STATE_H
#define CITUSCTL_OPS_VERIFY_STATE_H

#include "ops/members.h"
#include "ops/verify.h"

/* What mends a problem. */
typedef enum VerifyFix {
	FIX_NONE,         /* nothing that is safe */
	FIX_CLEANUP,      /* the engine's own clean-up */
	FIX_PREPARED,     /* the engine's own recovery of two-phase commits */
	FIX_REFERENCE,    /* copies of reference tables where there are none */
	FIX_METADATA,     /* the catalog of a worker, sent again: verify.c decides, and says so */
	FIX_FOREIGN_KEYS, /* those that init took off and did not put back */
	FIX_COUNT,
} VerifyFix;

/* A line of the catalog that one copy has and the other has not. */
typedef struct OddLine {
	const char *text;
	bool is_lacking;
} OddLine;

/* A node that is registered. */
typedef struct VerifyNode {
	const Member *member;
	const char *name;
	Pg *pg;          /* NULL: it does not answer */
	const char *why; /* then */
	const char *places; /* the shards that should be on it: JSON, "[]" for none */
	const char *unseen; /* why this look of a check saw not all of it; NULL: it did */
	bool is_itself;     /* it says that it is of the group that the coordinator has it as */
	bool knows_more;    /* its catalog has what the coordinator's lacks, or could not be read */

	const OddLine *odd; /* of the look before, sorted */
	size_t odd_count;

	/* For verifier_ask(): the statement, NULL: not asked. */
	const char *sql;
	const char *values[4];
	int value_count;
	const char *about; /* the one table that it reads, which may move meanwhile; or NULL */
	bool is_gone;      /* that was not there: no problem yet */
	PgRows *rows; /* the answer; NULL when there is none */
} VerifyNode;

/* Something wrong, as one look found it. */
typedef struct Problem {
	Verdict verdict;
	VerifyFix fix;
	const char *node; /* or "cluster" */
	const char *key;  /* what it is about: the same in the next look */
	const char *message;
} Problem;

typedef struct ProblemList {
	Problem *items;
	size_t count, capacity;
} ProblemList;

typedef struct Verifier {
	Session *session;
	const VerifyOptions *options;
	VerifyReport *report;
	Arena *arena;
	Pg *pg;  /* the superuser at the coordinator: the one of nodes[0] */
	Pg *app; /* the application's role there: finds tables as the application does */
	Members members;
	VerifyNode *nodes; /* as members: the coordinator first */
	size_t node_count;
	bool is_busy;       /* somebody else moves shards, or works under the lock */
	const char *mover;  /* who moves shards; NULL: nobody */
	const char *holder; /* who works under the lock; NULL: nobody else */

	int look; /* 0: the first one of this check */
	ProblemList problems; /* of this look of this check */
	const char *said;     /* what there is to say when all is well */

	size_t wants[FIX_COUNT]; /* problems that each would mend */
	bool *resync; /* nodes whose catalog is to be sent again */
	size_t *sends; /* the results that say so */
} Verifier;

/* A problem of the check in hand. */
void verifier_found(Verifier *v, Verdict verdict, VerifyFix fix, const char *node, const char *key, const char *format, ...)
	PRINTF_LIKE(6, 7);

/*
 * Something that is not there and that whoever works under the lock may be about to make: a
 * warning while he does.  The remedy may be NULL.
 */
void verifier_found_undone(Verifier *v, VerifyFix fix, const char *node, const char *key, const char *remedy, const char *format, ...)
	PRINTF_LIKE(6, 7);

/*
 * What to say of a look at pg that failed, on one line; only a warning when somebody holds a
 * lock for long.
 */
const char *verifier_reason(Verifier *v, Pg *pg, const Err *problem, Verdict *verdict);

/*
 * Sends every node its statement and waits for all answers.  A node that can't answer
 * has no rows and is "unseen", so that the check does not pass; what it said instead
 * is a problem of the check.  False only on Ctrl-C.
 */
bool verifier_ask(Verifier *v, Err *err) MUST_CHECK;

/* Frees the answers, and asks nobody the next time. */
void verifier_forget(Verifier *v);

/* The node of a group; NULL: none. */
VerifyNode *verifier_node_of(Verifier *v, int64_t group);

/* Fills places of all nodes from the catalog. */
bool verifier_read_places(Verifier *v, Err *err) MUST_CHECK;

/* The tables of the catalog as JSON, and the highest shard id as text. */
bool verifier_read_tables(Verifier *v, const char **tables, const char **last_shard, Err *err) MUST_CHECK;

/* Finds out whether somebody moves shards or works under the lock of the cluster. */
bool verifier_read_busy(Verifier *v, Err *err) MUST_CHECK;

/* "1 shard", "12 shards". */
const char *verifier_count(Verifier *v, int64_t count, const char *one, const char *many);

/* Opens the connections; a worker that is down is a problem of the check "nodes". */
bool verifier_connect(Verifier *v, Err *err) MUST_CHECK;
void verifier_disconnect(Verifier *v);

/* The checks: false only when it could not look. */
bool verify_nodes(Verifier *v, Err *err) MUST_CHECK;
bool verify_tables(Verifier *v, Err *err) MUST_CHECK;
bool verify_colocation(Verifier *v, Err *err) MUST_CHECK;
bool verify_placement(Verifier *v, Err *err) MUST_CHECK;
bool verify_catalog(Verifier *v, Err *err) MUST_CHECK;
bool verify_shards(Verifier *v, Err *err) MUST_CHECK;
bool verify_definitions(Verifier *v, Err *err) MUST_CHECK;
bool verify_indexes(Verifier *v, Err *err) MUST_CHECK;
bool verify_reference(Verifier *v, Err *err) MUST_CHECK;
bool verify_leftovers(Verifier *v, Err *err) MUST_CHECK;
bool verify_rows(Verifier *v, Err *err) MUST_CHECK;

/* Mends what the problems found so far want; the caller holds the lock. */
bool verifier_mend(Verifier *v, Err *err) MUST_CHECK;

#endif
