/*
 * demo/operation.h - what the users of the social network do: each operation's
 * statements, how often it comes, and what it changes.
 *
 * Threads: constant data.
 */
#ifndef CITUSCTL_DEMO_OPERATION_H
#define CITUSCTL_DEMO_OPERATION_H

#include "demo/demo.h"

#define STEPS_MAX 4
#define PARAMS_MAX 3

typedef enum Statement {
	S_BEGIN,
	S_COMMIT,
	S_ROLLBACK,
	S_POST,
	S_POST_AGAIN,
	S_FAN_OUT,
	S_FAN_OUT_AGAIN,
	S_FAN_OUT_TOLD,       /* with a cache: whose feeds changed comes back */
	S_FAN_OUT_AGAIN_TOLD,
	S_PROFILE,
	S_FEED,
	S_FOLLOW,
	S_UNFOLLOW,
	S_TOP_AUTHORS,
	S_COUNTRY,
	STATEMENT_COUNT
} Statement;

typedef struct StatementText {
	const char *name; /* under which it is prepared */
	const char *sql;  /* an asset's name, or the statement when it has no slash */
	int params;
} StatementText;

extern const StatementText statements[STATEMENT_COUNT];

/* The statement's text, from wherever it stands. */
const char *statement_sql(Statement statement);

/*
 * The same with the demo's tables named by this schema, an identifier quoted already, in
 * the arena: for sessions whose search path is not ours.
 */
const char *statement_in_schema(Arena *arena, const char *sql, const char *schema);

typedef enum Op { OP_FEED, OP_PROFILE, OP_POST, OP_FOLLOW, OP_UNFOLLOW, OP_COUNTRY, OP_TOP_AUTHORS } Op;

typedef struct Operation {
	const char *name;
	const char *label;
	int weight; /* of 1000, unless a mix is asked for */
	int steps;
	Statement step[STEPS_MAX];
	Statement again[STEPS_MAX]; /* the same once more, where the first try may have been done */
	char kind;      /* of its entry in the ledger; 0: it only reads */
} Operation;

extern const Operation operations[DEMO_OPERATIONS];

/* The weights that the operations have when none are asked for. */
void mix_default(DemoMix *mix);

/*
 * "read_feed=60,post_tweet=10": the operations named, with their weights; no
 * others run.  ERR_USAGE, with the names there are, for anything else.
 */
bool mix_parse(const char *text, DemoMix *mix, Err *err) MUST_CHECK;

/* The operation at a place of 0..mix_total()-1. */
int mix_total(const DemoMix *mix);
Op mix_pick(const DemoMix *mix, int place);

/* The statements that go to one shard, by their key $1 (an asset's name). */
typedef struct SingleKey {
	const char *name; /* of the operation, for people */
	const char *sql;
	int params;
	bool is_insert;
	int tables; /* that it reads or writes */
} SingleKey;

extern const SingleKey workload_single_key[];
extern const int workload_single_key_count;

#endif
