/*
 * demo/expect.h - what the tables must hold: the generator's rows and whatever
 * the ledger says was changed since.
 *
 * Rows are not compared one by one.  For each user there is a number of rows
 * and a digest, the sum of a hash of each row's key; users are folded into
 * EXPECT_BUCKETS buckets, so memory stays constant.  The servers compute the
 * same (sql/query/check_*.sql), from
 *
 *   x = ((user mod P) * 31337 + other mod P) mod P,  y = (x * x + user) mod P,
 *   hash = y * y mod P,                              P = 2^31 - 1
 *
 * What is expected comes from the generator and the ledger alone, never from
 * another table: a row that is lost is found in its own table only.
 *
 * Threads: used by one thread at a time.
 */
#ifndef CITUSCTL_DEMO_EXPECT_H
#define CITUSCTL_DEMO_EXPECT_H

#include "demo/generator.h"
#include "io/pg.h"

#define EXPECT_BUCKETS 4096

/* Compares all users (by bucket), or with a bucket in focus its users one by one. */
#define EXPECT_ALL (-1)

typedef enum ExpectTable { EXPECT_USERS, EXPECT_TWEETS, EXPECT_SUBSCRIPTIONS, EXPECT_FEED_ITEMS, EXPECT_TABLES } ExpectTable;

typedef struct Count {
	int64_t rows;
	int64_t digest;
} Count;

typedef struct Expected {
	int64_t focus; /* EXPECT_ALL, or a bucket */
	int64_t slots; /* members of each array: buckets, or users of the bucket */
	Count *counts[EXPECT_TABLES];
	int64_t rows[EXPECT_TABLES]; /* of all buckets */
	int64_t posts;   /* acknowledged, of the ledger */
	int64_t changes; /* acknowledged follows and unfollows */
	int64_t contradictions; /* of them: what was acknowledged can't have been, after what was before */
	char first_contradiction[160];
	int64_t unknown;      /* entries whose outcome was lost */
	int64_t unknown_done; /* of them: done, as the table says */
} Expected;

int64_t expect_hash(int64_t user, int64_t other);

/* The slot of a user, or -1 when the user is not in focus. */
int64_t expect_slot(const Expected *expected, int64_t user);

/* The user of a slot in focus. */
int64_t expect_user(const Expected *expected, int64_t slot);

/*
 * Computes what must be there, in the arena.  ledger streams the entries and
 * probe looks up those whose outcome is unknown: two connections.
 */
bool expect_compute(const Generator *generator, int64_t focus, Pg *ledger, Pg *probe, Arena *arena,
                    Expected *expected, Err *err) MUST_CHECK;

/*
 * Reads what is there: the statement gives user, rows, digest.  counts has
 * expected->slots members; *total counts all rows.
 */
bool expect_read(const Expected *expected, Pg *pg, const char *sql, Count *counts, int64_t *total, Err *err) MUST_CHECK;

#endif
