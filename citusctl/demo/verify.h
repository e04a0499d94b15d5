/*
 * demo/verify.h - the named checks: does the cluster hold what it should, and
 * does it work the way it should?
 *
 * The checks are independent: each compares two things that no other check
 * compares, so that one fault makes one of them fail.  A check that can't be
 * carried out has failed, and its detail says why; only a node that does not
 * answer, an interrupt, or missing data end the verification.
 *
 *   nodes                the description, the coordinator's list, each server's versions
 *   tables               the description and the engine's catalog
 *   colocation           hash ranges and nodes of shards, within the catalog
 *   reference tables     the copies of each reference table with each other
 *   single-shard         the plans of the single-key operations
 *   colocated joins      the plan of a join over all shards
 *   acknowledged writes  users, tweets, subscriptions with generator and ledger
 *   feeds                feed_items with generator and ledger
 *   aggregates           sums through the coordinator with sums over the shards
 *                        that are found on the workers
 *   placement            the nodes of shards with the labels that their tables ask for
 *   columnar             the answers of a columnar table and its twin in heap
 *   cached reads         feeds and profiles as they were served, with the tweets that
 *                        had been acknowledged before
 *   pooler               the transactions that PgBouncer counted with those acknowledged,
 *                        its connections with its limit
 *   reads                those that came back empty and should not; only when there were some
 *   during EVENT         the operations given up with what the event excuses
 *
 * Threads: runs in the thread that calls it.
 */
#ifndef CITUSCTL_DEMO_VERIFY_H
#define CITUSCTL_DEMO_VERIFY_H

#include "demo/demo.h"
#include "demo/engine.h"
#include "util/str.h"

bool verify_run(const DemoTarget *target, const DemoOptions *options, Arena *arena, DemoReport *report,
                Err *err) MUST_CHECK;

/* What the checks share.  Connections to nodes are in the order of target->nodes. */
typedef struct Verify {
	const DemoTarget *target;
	const DemoEngine *engine;
	Pg *app;     /* the application at the coordinator */
	Pg *app2;    /* and once more: looks things up while app streams */
	Pg *catalog; /* the superuser at the coordinator: the same as its entry in nodes */
	Pg **nodes;
	const DemoOptions *options; /* NULL: none */
	const DemoReport *report;   /* what was done so far */
	bool has_activity;          /* a columnar table and its twin are there */
	Generator generator; /* of the data that was loaded */
	Arena *arena;
	Str problems;  /* of the check in hand, "; " between them; empty: it passes */
	int problem_count;
	const char *said; /* its detail when it passes */
} Verify;

/* A difference found: the check fails.  Only the first few are kept in full. */
void verify_problem(Verify *v, const char *format, ...) PRINTF_LIKE(2, 3);

/* Digits in groups of three: "1,234,567"; in the arena. */
const char *verify_number(Verify *v, int64_t value);

/* "1 operation", "1,234 operations". */
const char *verify_count(Verify *v, int64_t value, const char *one, const char *many);

/* The node at this address, as the coordinator lists it; -1: none. */
int verify_node_at(const Verify *v, const char *host, int port);

/* Whether any table is to lie on nodes with certain labels only. */
bool verify_has_placement(const Cluster *cluster);

/* Each returns false only when it could not look. */
bool check_nodes(Verify *v, Err *err) MUST_CHECK;
bool check_tables(Verify *v, Err *err) MUST_CHECK;
bool check_colocation(Verify *v, Err *err) MUST_CHECK;
bool check_reference(Verify *v, Err *err) MUST_CHECK;
bool check_single_shard(Verify *v, Err *err) MUST_CHECK;
bool check_colocated_joins(Verify *v, Err *err) MUST_CHECK;
bool check_acknowledged(Verify *v, Err *err) MUST_CHECK;
bool check_feeds(Verify *v, Err *err) MUST_CHECK;
bool check_aggregates(Verify *v, Err *err) MUST_CHECK;
bool check_placement(Verify *v, Err *err) MUST_CHECK; /* only where a table has one */
bool check_columnar(Verify *v, Err *err) MUST_CHECK; /* only when it is there */
bool check_cached_reads(Verify *v, Err *err) MUST_CHECK; /* only with a cache */
bool check_pooler(Verify *v, Err *err) MUST_CHECK; /* only with a pooler */
bool check_reads(Verify *v, Err *err) MUST_CHECK; /* only when one was wrong */
bool check_event(Verify *v, Err *err) MUST_CHECK; /* only after one */

#endif
