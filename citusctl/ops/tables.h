/*
 * ops/tables.h - schema files and tables of the description, made true on the
 * coordinator as the application role.
 *
 * What exists already is compared; a difference that would need a rewrite
 * (another distribution column, shard count, colocation) is ERR_REFUSED with
 * the remedy, and a difference in the report of a dry run.  Schema files run again
 * when a described table is missing.
 */
#ifndef CITUSCTL_OPS_TABLES_H
#define CITUSCTL_OPS_TABLES_H

#include "run/step.h"

/* What to make: the description's files and tables, or the demo's. */
typedef struct TablePlan {
	const Cluster *cluster; /* schema files, tables, shard count */
	const char *search_path; /* NULL: the role's own */
	Engine engine;

	/* Both set: shards of new tables go where "placement" allows.  superuser is a
	 * connection to the coordinator. */
	const Session *session;
	Pg *superuser;

	Host *host; /* NULL, or the one whose report gets differences */
} TablePlan;

/* pg is the application role's connection; said gets a summary, in arena. */
bool tables_apply_schema(Pg *pg, const TablePlan *plan, bool dry, Arena *arena, bool *changed,
                         const char **said, Err *err) MUST_CHECK;
bool tables_distribute(Pg *pg, const TablePlan *plan, bool dry, Arena *arena, bool *changed,
                       const char **said, Err *err) MUST_CHECK;

/*
 * Puts the foreign keys back that were taken off tables while these were distributed: all or,
 * when one can't be, none.  Those that hold already, or whose table is gone, are not waited for
 * any more: *settled counts them, *put the others.  pg is the application role's connection.
 */
bool tables_put_foreign_keys_back(Pg *pg, Arena *arena, size_t *put, size_t *settled, Err *err) MUST_CHECK;

#endif
