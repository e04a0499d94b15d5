/*
 * ops/engine.h - what differs between the engines, in one table, and how each
 * is installed into a database.
 */
#ifndef CITUSCTL_OPS_ENGINE_H
#define CITUSCTL_OPS_ENGINE_H

#include "run/step.h"

typedef struct EngineTraits {
	/* Takes foreign keys along when a table is distributed; otherwise they are
	 * taken off before and put back after. */
	bool carries_foreign_keys;
	bool has_columnar;

	const char *table_session; /* settings of the session that distributes tables, or NULL */

	/* Files of sql/: clear the node's identity in the seed that data directories
	 * are cloned from, and give each clone its own. */
	const char *seed_identity;
	const char *own_identity;

	/* File of sql/ that tells free and all bytes of a node's disk; NULL: none. */
	const char *disk_space;

	/* That tells who moves shards now: sessions, and the engine by itself. */
	const char *others_move;

	/* Has a catalog of strategies for rebalances of its own. */
	bool has_rebalance_strategies;

	/* No shard moves while any active node is down. */
	bool moves_need_every_node;

	/* Files of sql/: makes a removed node harmless; decides transactions that are
	 * prepared (NULL: there are none); gives up the shards of a lost node. */
	const char *fence;
	const char *server_id; /* by which nodes are told apart */
	const char *local_group; /* the group that a node takes itself for */
	const char *replicate_reference_tables; /* NULL: adding a node does it */
	const char *recover_prepared;
	const char *disable_node; /* before a dead node can be removed; NULL: not needed */
	const char *give_up;

	/* Files of sql/ that "verify" compares: which shards lie on which node; what the shards of
	 * each table should be made like (NULL: like the table itself on the coordinator); the
	 * catalog, and the copy of it; what waits to be cleaned up; how to count rows that
	 * stand in the wrong shard. */
	const char *shard_places;
	const char *table_shapes;
	const char *catalog, *catalog_copy;
	const char *cleanup;
	const char *rows_outside;
	bool workers_have_catalog; /* the copy is one on each worker; otherwise on the coordinator */
} EngineTraits;

/* What of the description this engine can't do and does otherwise: a sentence in
 * the arena, or NULL when there is nothing. */
const char *engine_note(const Cluster *cluster, Engine engine, Arena *arena);

const EngineTraits *engine_traits(Engine engine);

/* Looks only; *missing when engine_install() would have something to do. */
bool engine_is_installed(Pg *pg, Engine engine, bool *missing, Err *err) MUST_CHECK;

/* Creates the extension, or runs the files of sql/embedded, where missing. */
bool engine_install(Pg *pg, Engine engine, bool *changed, Err *err) MUST_CHECK;

#endif
