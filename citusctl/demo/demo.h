/*
 * demo/demo.h - the social-network workload: load, run, verify.
 *
 * The tables (sql/demo/schema.sql) are there and distributed when the demo
 * begins; it fills them, works on them over many connections, and then proves
 * that the cluster holds what it acknowledged.  A cluster that was kept can be
 * verified again at any later time: what that needs is kept on the coordinator.
 *
 * Errors:    false means that the demo could not do its work.  A check that
 *            fails is not an error: it is in the report.  A node that dies ends
 *            the run with ERR_UNREACHABLE and its name.  Tables with rows that
 *            the demo did not make are left alone: ERR_REFUSED.
 * Ownership: everything in a report lives in the arena.
 * Threads:   the demo runs in the thread that calls it.
 */
#ifndef CITUSCTL_DEMO_DEMO_H
#define CITUSCTL_DEMO_DEMO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "demo/generator.h"
#include "io/pg.h"
#include "model/cluster.h"

typedef struct DemoNode {
	const char *name;
	const char *host; /* what the other nodes call it */
	bool is_coordinator;
	PgTarget admin; /* the superuser's login straight to that node */
	PgTarget app;   /* the application's, which the engine's workers may not serve */
} DemoNode;

typedef struct DemoTarget {
	const char *engine;     /* "citus" or "embedded" */
	const Cluster *cluster; /* its tables and nodes are what the checks expect */
	PgTarget app;           /* the application's role at the coordinator */
	const DemoNode *nodes;
	size_t node_count;
	size_t start_count; /* of nodes that are there from the beginning: the first ones */
	const char *schema; /* in which the demo's tables stand; NULL: "public" */
} DemoTarget;

typedef enum DemoPhase { DEMO_LOADING, DEMO_WORKING, DEMO_CHECKING } DemoPhase;

typedef struct DemoProgress {
	DemoPhase phase;
	const char *what; /* the table that is loaded, or the check that runs; NULL */
	int64_t done;     /* rows so far; operations so far; checks so far */
	int64_t total;    /* of what done counts, or 0: not known */
	double seconds;   /* since the phase began */
} DemoProgress;

/* PgBouncer, which the clients go through. */
typedef struct DemoPooler {
	const PgTarget *clients; /* where they log in */
	const PgTarget *console; /* where SHOW is answered */
	const char *where;       /* for people */
	bool is_own;             /* it was started for this run, and is thrown away */
} DemoPooler;

#define DEMO_OPERATIONS 7

/* How often each operation comes, relative to the others; 0: not at all. */
typedef struct DemoMix {
	int weights[DEMO_OPERATIONS];
} DemoMix;

struct DemoTimeline;
struct RedisTarget;

/* Redis, which feeds and profiles are read through. */
typedef struct DemoCache {
	const struct RedisTarget *target;
	const char *where;   /* for people */
	const char *version; /* of the server */
	bool is_own;         /* it was started for this run, and is thrown away */
} DemoCache;

/* When a node was down, since the measurement began. */
typedef struct DemoOutage {
	double from_s, until_s; /* until_s 0: it is not over */
} DemoOutage;

/*
 * What happens to the cluster while the workload runs, in a thread of its own.
 * The workload goes on until it is over, and a little longer.  Operations whose
 * connection it breaks are tried again.
 */
typedef struct DemoEvent {
	const char *name; /* "restart" */
	bool (*run)(void *arg, struct DemoTimeline *timeline, Err *err);
	void *arg;
	/* After an end before its time: what it took is put back, as far as that goes at once. */
	bool (*put_back)(void *arg, Err *err);
	struct DemoOutage *outage; /* of dead_node; NULL: none */
	int patience_s; /* so long an operation is tried again before it counts as an error */
	const char *dead_node; /* operations on its shards may fail; NULL: none may */
} DemoEvent;

typedef struct DemoOptions {
	int64_t users;   /* GENERATOR_USERS_MIN..GENERATOR_USERS_MAX */
	int clients;     /* connections, 1..DEMO_CLIENTS_MAX */
	int duration_s;  /* of the workload; 0: load and verify only */
	uint64_t seed;
	void (*progress)(void *arg, const DemoProgress *progress); /* NULL: none */
	void *progress_arg;
	int warmup_s;    /* of work before anything is counted */
	DemoMix mix;     /* all 0: the usual one */
	int rate;        /* operations a second that are begun whatever happens; 0: each client as fast as it can */
	bool via_any;    /* connections to all nodes, where the engine's workers serve clients */
	const DemoEvent *event; /* NULL: nothing happens */
	bool columnar;   /* columnar storage is tried too */
	const DemoCache *cache; /* NULL: reads go to the database */
	const DemoPooler *pooler; /* NULL: clients go to the servers themselves */
	void (*marked)(void *arg, const char *line); /* told of marks, from any thread; NULL: none */
	void *marked_arg;
} DemoOptions;

#define DEMO_CLIENTS_MAX 1000
#define DEMO_OPTIONS_INIT {.users = 10000, .clients = 8, .duration_s = 10, .seed = 1}

typedef struct DemoOperation {
	const char *name;  /* for programs: "post_tweet" */
	const char *label; /* for people: "post a tweet" */
	int64_t count;     /* completed */
	int64_t errors;    /* given up */
	int64_t retries;   /* after serialization failures and deadlocks */
	double p50_ms;
	double p95_ms;
	double p99_ms;
	double max_ms;
} DemoOperation;

/* One kind of operation, or all, in one step of the run. */
typedef struct DemoPoint {
	int64_t count;
	int64_t errors;
	float p50_ms, p95_ms, p99_ms, max_ms; /* 0 when nothing ended */
} DemoPoint;

typedef struct DemoStep {
	double seconds; /* how long it was: only the last is shorter than step_s */
	DemoPoint all;
	DemoPoint operations[DEMO_OPERATIONS];
} DemoStep;

typedef struct DemoStall {
	double ms;
	double at_s; /* when it began, since the measurement did */
} DemoStall;

/* An operation that was given up. */
typedef struct DemoFailure {
	int op;      /* of DemoReport.operations */
	double at_s; /* when it was given up, since the measurement began */
	int64_t key; /* whose shard it worked on; 0: the shards of many nodes */
	size_t node; /* of DemoTarget.nodes, to which the client was connected */
} DemoFailure;

/* Something that happened during the workload. */
typedef struct DemoMark {
	double at_s;
	const char *text;
} DemoMark;

struct Latency;

/* demo/snapshot.h */
typedef struct DemoShard DemoShard;
typedef struct DemoSnapshot DemoSnapshot;

/* The same rows in columnar storage and as heap. */
typedef struct DemoColumnar {
	bool is_columnar; /* false: the engine has none, and both are heap */
	int64_t rows;
	int64_t bytes, heap_bytes;
	double load_s, heap_load_s;
	double query_ms, heap_query_ms; /* of one question, the quickest time */
} DemoColumnar;

/* Reads of one kind, with the cache and without. */
typedef struct DemoCachedRead {
	const char *name;  /* of the operation */
	const char *label;
	int64_t hits, misses, fallbacks; /* of reads through the cache; the last while Redis was gone */
	int64_t bypasses;                /* of reads that were sent to the database on purpose */
	double p50_ms, p95_ms, p99_ms;   /* of hits and misses together */
	double hit_p50_ms, hit_p95_ms, hit_p99_ms;
	double bypass_p50_ms, bypass_p95_ms, bypass_p99_ms;
} DemoCachedRead;

#define DEMO_CACHED_READS 2

typedef struct DemoCacheUse {
	const char *where, *version;
	bool is_own;
	DemoCachedRead reads[DEMO_CACHED_READS];
	double hit_ratio;   /* of hits and misses; 0 when there were none */
	int64_t forgotten;  /* entries, because of posts and changes of followers */
	int64_t outdated;   /* entries found with an old version, and not served */
	int64_t refused;    /* entries that Redis did not take */
	int64_t lost;       /* how often Redis was */
	double gone_s;      /* for how long */
	int64_t compared;   /* reads with what had been acknowledged before they began */
	int64_t compared_hits; /* those of them that the cache answered */
	int64_t looks;      /* and those right after one's own post */
	int64_t stale;      /* that lacked something; none may */
	const char *first_stale; /* a sentence, or NULL */
} DemoCacheUse;

/* What PgBouncer said of the workload; times are of clients that waited for a server connection. */
typedef struct DemoPoolerUse {
	const char *where;
	bool is_own;
	int64_t clients, waiting; /* the most at once */
	int64_t servers;          /* connections to the server, the most at once */
	int64_t pool_size;        /* the most that it opens */
	int64_t transactions;
	double wait_mean_ms;      /* of a transaction */
	double wait_longest_ms;   /* seen, looking twice a second */
	const char *unknown;      /* why it has no figures, or NULL */
} DemoPoolerUse;

/* What the demo ran on. */
typedef struct DemoMachine {
	const char *cpu; /* its model, "" when the system doesn't say */
	int cpus;        /* that this process may use */
	int64_t memory;  /* bytes */
	const char *system; /* "Linux 6.1.0 x86_64" */
	const char *server; /* "PostgreSQL 15.20" */
	const char *engine_version; /* what citus_version() says */
} DemoMachine;

typedef struct DemoCheck {
	const char *name;
	bool passed;
	const char *detail;
	double seconds;
} DemoCheck;

#define DEMO_CHECKS 9
#define DEMO_CHECKS_MAX 16 /* with those that only some runs have */

typedef struct DemoReport {
	const char *engine;
	size_t node_count;
	const char **node_names; /* the coordinator's first */
	int64_t users;
	int clients;
	uint64_t seed;
	const char *started_at; /* "2026-11-24T23:47:15Z" */
	int duration_s;         /* asked for */
	DemoMachine machine;
	DemoSnapshot *before; /* once loaded; NULL: not looked at */
	DemoSnapshot *after;  /* at the end */

	bool has_load; /* and the two that follow are filled */
	int64_t rows[DEMO_TABLE_COUNT];
	double load_s;

	bool has_work;
	DemoOperation operations[DEMO_OPERATIONS];
	double work_s;
	double tps;       /* operations completed a second */
	int64_t unknown;  /* writes whose outcome a lost connection hid */
	const char *first_error; /* of an operation that was given up, or NULL */
	int warmup_s;
	DemoMix mix;
	int rate;            /* asked for; 0: none was */
	int64_t not_begun;   /* of the operations that the rate asked for, at the end */
	const char *via;     /* "coordinator", "any", or why not any: a sentence */
	DemoStep *steps;     /* in order, without gaps */
	size_t step_count;
	double step_s;
	struct Latency *histograms[DEMO_OPERATIONS]; /* demo/latency.h */
	DemoStall longest_write;       /* the write that took longest */
	DemoStall longest_write_pause; /* the longest time in which no write was acknowledged */
	const char *event;   /* its name, or NULL */
	DemoMark *marks;
	size_t mark_count;
	int64_t reconnects;
	int64_t errors;      /* of all operations */
	int64_t wrong_answers; /* of them: reads that came back empty and should not */
	DemoFailure *failures; /* the first of them; at most 10,000 */
	size_t failure_count;

	DemoColumnar *columnar; /* NULL: not tried */
	DemoCacheUse *cache;    /* NULL: there was none */
	DemoPoolerUse *pooler;  /* NULL: there was none */

	DemoCheck checks[DEMO_CHECKS_MAX];
	size_t check_count;
	double verify_s;
	bool passed; /* all checks did */
} DemoReport;

/* Loads, works, verifies. */
bool demo_run(const DemoTarget *target, const DemoOptions *options, Arena *arena, DemoReport *report,
              Err *err) MUST_CHECK;

/* The parts of demo_run(), each filling its part of the report. */
bool demo_load(const DemoTarget *target, const DemoOptions *options, DemoReport *report, Err *err) MUST_CHECK;
bool demo_work(const DemoTarget *target, const DemoOptions *options, Arena *arena, DemoReport *report,
               Err *err) MUST_CHECK;

/* All checks, over a cluster that was loaded some time ago; options may be NULL. */
bool demo_verify(const DemoTarget *target, const DemoOptions *options, Arena *arena, DemoReport *report,
                 Err *err) MUST_CHECK;

/* For the parts of the demo. */

/* A session of the application in the demo's schema, with the engine's settings. */
Pg *demo_connect(const DemoTarget *target, Err *err) MUST_CHECK;

/* The same at any node: target->nodes[which], as the application's role. */
Pg *demo_connect_at(const DemoTarget *target, size_t which, Err *err) MUST_CHECK;

/* As the superuser on one node, with the same schema. */
Pg *demo_connect_node(const DemoTarget *target, const DemoNode *node, Err *err) MUST_CHECK;
const DemoNode *demo_coordinator(const DemoTarget *target);

/* The names of the nodes that don't answer, quoted, in the arena; NULL when all do. */
const char *demo_find_dead(const DemoTarget *target, Arena *arena);

/*
 * err came up while doing something: when nodes don't answer it says which.
 * Always false.
 */
bool demo_blame(const DemoTarget *target, const char *doing, Err *err);

/* Whether err says that a connection, to a node or between nodes, was lost. */
bool demo_is_lost(const Err *err);

void demo_tell(const DemoOptions *options, DemoPhase phase, const char *what, int64_t done, int64_t total,
               int64_t since_us);

#endif
