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

	/* Each node is registered as the server that it is, by an id in its files. */
	bool has_server_id;
} EngineTraits;

const EngineTraits *engine_traits(Engine engine);

/* Creates the extension, or runs the files of sql/embedded, where missing. */
bool engine_install(Pg *pg, Engine engine, bool *changed, Err *err) MUST_CHECK;

#endif
