/*
 * demo/generator.h - the demo's data as a function of a seed.
 *
 * Everything about a user (name, tweets, followers) is computed from the seed
 * and the user's number alone, in integers: the rows are the same on every
 * machine, any part can be computed again at any time, and streaming needs no
 * memory however many users there are.
 *
 * Who follows whom is skewed as in real networks: the number of followers has
 * a power law with density exponent 7/3, P(at least x) = (x/3)^(-4/3), at least
 * 3, cut at an eighth of the users; on average about 11 of 10,000 users.  Who
 * the followers are is uniform, so everybody follows about equally many.
 *
 * Threads: a Generator is constant; a Stream is used by one thread at a time.
 */
#ifndef CITUSCTL_DEMO_GENERATOR_H
#define CITUSCTL_DEMO_GENERATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GENERATOR_USERS_MIN 10
#define GENERATOR_USERS_MAX 100000000

/* Tweets that a user has before the workload begins: 0 to this. */
#define GENERATOR_TWEETS_MAX 4

/* No row is longer, line end included. */
#define GENERATOR_ROW_MAX 512

/* Ids at or above this belong to tweets posted by the workload. */
#define GENERATOR_FIRST_POST ((int64_t) 1 << 62)

typedef struct Generator {
	uint64_t seed;
	int64_t users; /* they are numbered 1..users */
} Generator;

/* The followers of one user: (followee + k * step) modulo users, k = 1..count. */
typedef struct Followers {
	int64_t users;
	int64_t followee;
	int64_t step;
	int64_t count;
} Followers;

Followers generator_followers(const Generator *generator, int64_t followee);

/* The k-th follower, k = 0..count-1; all are different and none is the followee. */
int64_t followers_get(const Followers *followers, int64_t k);

int generator_tweet_count(const Generator *generator, int64_t author);

/* Unique over all authors, and larger for what was written later. */
int64_t generator_tweet_id(const Generator *generator, int64_t author, int k);

/* A tweet's text into out[GENERATOR_ROW_MAX]; returns its length, NUL-terminated. */
size_t generator_tweet_body(uint64_t choice, char *out);

/* Evenly distributed 64 bits for the pair (seed, number). */
uint64_t generator_hash(uint64_t seed, uint64_t number);

typedef enum DemoTable {
	DEMO_LANGUAGES,
	DEMO_COUNTRIES,
	DEMO_USERS,
	DEMO_TWEETS,
	DEMO_SUBSCRIPTIONS,
	DEMO_FEED_ITEMS,
	DEMO_TABLE_COUNT
} DemoTable;

/* The table's name and its columns as COPY wants them. */
const char *generator_table_name(DemoTable table);
const char *generator_table_columns(DemoTable table);

/* How many rows the table will have: computed, in a fraction of the time it takes to make them. */
int64_t generator_row_count(const Generator *generator, DemoTable table);

/* The rows of one table in COPY's text format, produced piece by piece. */
typedef struct Stream {
	const Generator *generator;
	DemoTable table;
	int64_t user; /* whose rows come next; for the small tables: which row */
	int tweet;    /* of that user */
	int64_t k;    /* which follower */
	Followers followers;
	int tweet_count;
	bool is_entered; /* followers and tweet_count are those of user */
} Stream;

Stream stream_open(const Generator *generator, DemoTable table);

/*
 * Writes whole rows into out, at most max_rows and no more than fit (size is at
 * least GENERATOR_ROW_MAX).  Returns the bytes written, 0 at the end; *rows
 * tells how many rows those are.
 */
size_t stream_read(Stream *stream, char *out, size_t size, int64_t max_rows, int64_t *rows);

#endif
