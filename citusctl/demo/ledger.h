/*
 * demo/ledger.h - what the demo remembers on the coordinator: which data it
 * loaded, and every write that was acknowledged.
 *
 * It is kept in two local tables of the demo's schema (sql/demo/ledger.sql), so
 * that a cluster can be verified long after its workload ran.  Entries are
 * gathered in memory and written in large pieces: memory stays constant.
 *
 * Ownership: the Ledger borrows its connection; ledger_free() releases the rest.
 * Threads:   used by one thread at a time.
 */
#ifndef CITUSCTL_DEMO_LEDGER_H
#define CITUSCTL_DEMO_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include "io/pg.h"
#include "util/str.h"

/* So much is written at once. */
#define LEDGER_FLUSH_BYTES ((size_t) 1 << 20)

typedef enum LedgerKind {
	LEDGER_POST = 'p',
	LEDGER_FOLLOW = 'f',
	LEDGER_UNFOLLOW = 'u',
	/* acknowledged, and nothing was changed: it had to be so before */
	LEDGER_FOLLOWED = 'F',
	LEDGER_FOLLOWED_NOT = 'U',
	/* acknowledged at a later try: how it is now, whichever try did it */
	LEDGER_FOLLOWS = 's',
	LEDGER_FOLLOWS_NOT = 'n',
} LedgerKind;

typedef struct LedgerEntry {
	int64_t about; /* author, or who is followed */
	LedgerKind kind;
	int64_t other; /* tweet, or follower */
	bool is_known; /* false: sent, and the connection was lost before the answer */
} LedgerEntry;

typedef struct Ledger {
	Pg *pg;
	Str lines; /* not yet written */
	int64_t count;
	int64_t unknown;
} Ledger;

/* What demo_run says of the data that is there; state "" when there is none. */
typedef struct DemoState {
	bool exists;
	uint64_t seed;
	int64_t users;
	char state[16];
} DemoState;

bool demo_state_get(Pg *pg, DemoState *state, Err *err) MUST_CHECK;

/* Makes the two tables where they are missing.  Before clients work: DDL waits for their transactions. */
bool demo_state_make(Pg *pg, Err *err) MUST_CHECK;
bool demo_state_set(Pg *pg, const DemoState *state, const char *name, Err *err) MUST_CHECK;

/* Forgets all entries of earlier runs. */
bool ledger_empty(Pg *pg, Err *err) MUST_CHECK;

void ledger_add(Ledger *ledger, LedgerEntry entry);

/*
 * Writes what was gathered when it is much, or in any case when all is set.  On
 * an error it stays gathered; what is written twice is read once.
 */
bool ledger_flush(Ledger *ledger, bool all, Err *err) MUST_CHECK;
void ledger_free(Ledger *ledger);

/* Reading in the order of LedgerEntry.about; *is_end after the last. */
bool ledger_read_begin(Pg *pg, Err *err) MUST_CHECK;
bool ledger_read(Pg *pg, LedgerEntry *entry, bool *is_end, Err *err) MUST_CHECK;

#endif
