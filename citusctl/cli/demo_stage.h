/*
 * cli/demo_stage.h - what stands behind a demo: a cluster of the user's, or a
 * throw-away one that is made for it and taken down.
 *
 * Ownership: demo_stage_close() closes what the stage holds; what it made is taken down before.
 * Threads:   one.
 */
#ifndef CITUSCTL_CLI_DEMO_STAGE_H
#define CITUSCTL_CLI_DEMO_STAGE_H

#include "cli/command.h"
#include "demo/demo.h"
#include "demo/during.h"
#include "ops/cache.h"
#include "ops/demo_pooler.h"

typedef struct DemoStage {
	const Call *call;
	const char *engine; /* asked for, of a throw-away cluster */
	int64_t workers;    /* of a throw-away cluster */
	bool keep;          /* nothing is taken down */
	bool in_regions;    /* a throw-away cluster has two regions, and its tables lie in one */
	DuringKind during;  /* what will happen to it; for scale-out a throw-away cluster begins without its last worker */
	bool verify_only;   /* what an earlier demo left is used, and left */

	const Cluster *cluster; /* with the demo's tables */
	Session *session;
	const char *schema; /* of the demo's tables; NULL: the first of the search path */
	const char *file;   /* the description to name in hints */
	bool throwaway;
	Pg *guard;    /* of a described cluster: holds the lock that keeps other demos out */
	bool made_schema; /* of a described cluster: this run did */
	bool is_ours; /* this run has made it, or has it for itself: only then is it taken down */
	CacheServer *cache; /* NULL: reads go to the database */
	PoolerServer *pooler; /* NULL: clients go to the servers themselves */
} DemoStage;

/* Sets the stage: makes a throw-away cluster, or attaches to the described one. */
bool demo_stage_make(DemoStage *stage, Err *err) MUST_CHECK;
bool demo_stage_attach(DemoStage *stage, Err *err) MUST_CHECK;

/* From here on other verbs may work on a described cluster beside the demo: rebalance it, add a node. */
void demo_stage_let_others(DemoStage *stage);

/* Reads go through the described Redis, or one that is started. */
bool demo_stage_add_cache(DemoStage *stage, Err *err) MUST_CHECK;

/* NULL: there is none. */
const DemoCache *demo_stage_cache(const DemoStage *stage);

/* So many clients go through the described PgBouncer, or one that is started. */
bool demo_stage_add_pooler(DemoStage *stage, int clients, Err *err) MUST_CHECK;
const DemoPooler *demo_stage_pooler(const DemoStage *stage); /* NULL: there is none */

/* The demo's view of the stage; in the call's arena. */
DemoTarget demo_stage_target(const DemoStage *stage);

/* Also after an error or Ctrl-C: nothing that wasn't asked for stays behind. */
bool demo_stage_take_down(DemoStage *stage, Err *err) MUST_CHECK;

/* Sentences for people: what became of it when the demo did not end by itself, and what is to be done when it could not be
 * taken down. */
const char *demo_stage_left(const DemoStage *stage);
const char *demo_stage_left_behind(const DemoStage *stage);

void demo_stage_close(DemoStage *stage);

/* What the user may do next, to standard output. */
void demo_stage_print_next(const DemoStage *stage);

#endif
