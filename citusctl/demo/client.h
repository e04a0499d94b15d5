/*
 * demo/client.h - what the files of the workload share: the clients, each with a
 * connection and at most one operation under way, and what they have done.
 *
 * Only for workload.c and its neighbours client_*.c.
 * Threads: all of it belongs to the thread that runs the workload.
 */
#ifndef CITUSCTL_DEMO_CLIENT_H
#define CITUSCTL_DEMO_CLIENT_H

#include <poll.h>

#include "demo/cache.h"
#include "demo/engine.h"
#include "demo/fresh.h"
#include "demo/ledger.h"
#include "demo/operation.h"
#include "demo/pool_watch.h"
#include "demo/series.h"
#include "demo/timeline.h"

/* So many operations may be given up before the run is, unless something is done to the cluster. */
#define ERRORS_MAX 50

/* How a feed or profile was read. */
typedef enum ReadPath {
	PATH_PLAIN,    /* there is no cache */
	PATH_HIT,
	PATH_MISS,     /* from the database, and stored */
	PATH_BYPASS,   /* from the database on purpose, to compare */
	PATH_FALLBACK, /* from the database because Redis was gone */
	PATH_COUNT
} ReadPath;

/* Users, such as those whose feeds a tweet has reached. */
typedef struct Users {
	int64_t *items;
	size_t count;
	size_t capacity;
} Users;

typedef struct Client {
	Pg *pg;      /* NULL: could not be opened again yet */
	size_t node; /* of target->nodes, where it connects */
	bool is_busy; /* an operation is under way, or waits to be tried again */
	bool is_sent; /* and a statement of it is with the server */
	bool is_asking; /* or a question with Redis */
	bool is_rolling_back;
	bool is_retrying;   /* after the rollback, once more */
	bool is_uncertain;  /* an earlier try may have been done */
	Op op;
	int step;
	int tries;
	int collisions; /* of the tries, those that another transaction was in the way of */
	int64_t about; /* the user that a write is about; 0: none */
	int64_t other; /* tweet or follower */
	int64_t key;   /* whose shard it works on; 0: those of many */
	int64_t changed;     /* rows that the last write changed */
	int64_t start_us;    /* when it was to begin */
	int64_t wait_us;     /* not before this time: the next try, the next operation; 0: no need to wait */
	int64_t give_up_us;  /* no try after this; 0: nothing has failed yet */
	const char *values[PARAMS_MAX];
	char first[24];
	char second[24];
	char body[GENERATOR_ROW_MAX];

	/* with a cache only */
	ReadPath path;
	uint64_t version;   /* under which what is read is stored; 0: it isn't */
	FreshWanted wanted; /* what the read has to show */
	bool is_look;       /* at what this client has just posted */
	CacheEntry look;    /* whom its next read is about; user 0: anybody */
	Users reached;      /* by the tweet under way */
} Client;

/* What the cache did for the workload. */
typedef struct CacheUse {
	Latency paths[CACHE_KINDS][PATH_COUNT];
	CacheCounts before; /* what was counted before the measurement */
	int64_t compared;   /* reads with what was acknowledged before they began */
	int64_t compared_hits;
	int64_t looks;      /* of them at what one has just posted */
	int64_t stale;
	char first_stale[200];
} CacheUse;

/* A write whose outcome nobody knows; until the end nothing else is written about its user. */
typedef struct Uncertain {
	LedgerEntry *items;
	size_t count;
	size_t capacity;
} Uncertain;

typedef struct Workload {
	const DemoTarget *target;
	const DemoOptions *options;
	const DemoEngine *engine;
	DemoTimeline *timeline;
	Generator generator;
	DemoMix mix;
	int mix_total;
	Client *clients;
	struct pollfd *polls;
	int count;
	int busy;
	Series series;
	int64_t retries[DEMO_OPERATIONS];
	Ledger ledger;
	int64_t ledger_wait_us; /* it is not written before this time */
	Uncertain uncertain;
	uint64_t random;
	int64_t posts; /* ids given out */
	int64_t errors;
	int64_t done;
	int64_t reconnects;
	int64_t begun; /* of those that the rate asks for */
	int64_t began_us;
	int64_t end_us;
	int64_t last_answer_us;
	int64_t ended_us; /* when the measurement did: before what is done afterwards */
	bool via_any;
	bool is_over; /* no new operations */
	DemoFailure *failures;
	size_t failure_count;
	char first_error[400];
	int64_t wrong_answers; /* of the errors: reads that came back empty and should not */
	int64_t all_errors; /* those of the warm-up too */
	Cache *cache; /* NULL: none */
	CacheUse *cache_use;
	Fresh *fresh;
	PoolWatch *pool;       /* NULL: none, or its figures can't be had */
	const char *pool_unknown; /* why they can't, or NULL */
	const char *pool_sql[STATEMENT_COUNT]; /* what goes through a pooler: NULL elsewhere */
	Str row_text; /* of what is stored; its memory is used again */
} Workload;

/* ---- client_choose.c: which operation, and about whom ---------------------- */

/* xorshift64*: enough to choose users, and cheap. */
uint64_t next_random(Workload *w);

/* Chooses the client's next operation and writes its parameters. */
void choose_operation(Workload *w, Client *c);

/* ---- client_errors.c: what is done when a statement fails ------------------- */

/*
 * Lost connections end the run, or with an event are opened again; collisions
 * are tried again; anything else is counted and, when there is much of it, ends
 * the run: false.
 */
bool handle_error(Workload *w, Client *c, Err *problem, Err *err) MUST_CHECK;

/* What failed is given back: the client tries again or is free. */
void end_rollback(Workload *w, Client *c);

/* Opens the client's connection where there is none; false only when the run has to end. */
bool open_again(Workload *w, Client *c, bool *is_open, Err *err) MUST_CHECK;

/* Keeps in mind, or in the ledger, that nobody can tell whether this write was done. */
void remember_uncertain(Workload *w, const Client *c);

/* Until the end nothing else is written about the user whom this write is about. */
void keep_off(Workload *w, const Client *c);

/* Whether there are posts to be settled. */
bool has_unsettled(const Workload *w);

/* Completes the posts that an engine without two-phase commit may have done by halves. */
bool settle_uncertain(Workload *w, Err *err) MUST_CHECK;

/* ---- client_cache.c: reads through the cache, and what it has to forget ----- */

bool open_cache(Workload *w, Err *err) MUST_CHECK;
void close_cache(Workload *w);

/* What was counted so far does not count. */
void reset_cache_use(Workload *w);
void fill_cache_report(const Workload *w, Arena *arena, DemoReport *report);

/* The operation begins: true when Redis is asked first. */
bool ask_cache(Workload *w, Client *c);

/* The database has answered: rows of a read are compared and stored, those of a fan-out kept. */
void keep_rows(Workload *w, Client *c, const PgRows *rows);

/* The write is committed: true when it is acknowledged only after Redis has forgotten what it changed. */
bool forget_cached(Workload *w, Client *c);

/* It is acknowledged: from now on every read has to show it. */
void note_acknowledged(Workload *w, Client *c);

/* The statement that this step sends with a cache. */
Statement told_statement(const Workload *w, Statement s);

/* ---- client_pool.c: through PgBouncer ---------------------------------------- */

/* Also makes the statements ready: nothing can be prepared in sessions that are anybody's. */
bool open_pool(Workload *w, Arena *arena, Err *err) MUST_CHECK;
void close_pool(Workload *w);
bool begin_pool(Workload *w, Err *err) MUST_CHECK;
Pg *connect_pooled(const Workload *w, Err *err) MUST_CHECK;
bool send_pooled(const Workload *w, const Client *c, Statement s, Err *err) MUST_CHECK;
void fill_pool_report(Workload *w, Arena *arena, DemoReport *report);

/* ---- workload.c -------------------------------------------------------------- */

void become_idle(Workload *w, Client *c);

/* The operation is done, with all that belongs to it. */
void acknowledge(Workload *w, Client *c);

/* Sends whatever the client can send now. */
bool drive(Workload *w, Client *c, int64_t now, Err *err) MUST_CHECK;

/* Connects to where the client belongs and prepares its statements. */
bool connect_client(const Workload *w, Client *c, Err *err) MUST_CHECK;

#endif
