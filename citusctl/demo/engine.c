#include "demo/engine.h"

#include <stddef.h>

#include "util/str.h"

static const DemoEngine engines[] = {
	{
		.name = "citus",
		.stage_rows = 0,
		.empty = "TRUNCATE feed_items, subscriptions, tweets, users",
		/* One connection to each worker, not one for each shard, is enough for a tweet's fan-out. */
		.session = "SET citus.multi_shard_modify_mode TO 'sequential'",
		.begin_pooled = "BEGIN; SET LOCAL citus.multi_shard_modify_mode TO 'sequential'",
		.lonely_session = NULL,
		.join_session = NULL,
		.task_word = "Task Count: ",
		.plans_inserts = true,
		.join_word = NULL,
		.fetch_word = "Distributed Subplan",
		.only_coordinator = NULL,
		.is_atomic = true,
		.has_columnar = true,
		.recover = "SELECT recover_prepared_transactions()",
		.single_note = "",
		.join_note = "",
	},
	{
		.name = "embedded",
		.stage_rows = 100000,
		/* A worker does not see that all partitions of the tables that refer to users are emptied with them. */
		.empty = "TRUNCATE feed_items, subscriptions, tweets; DELETE FROM users",
		.session = NULL,
		.begin_pooled = "BEGIN",
		/* A plan for any key asks every worker what it would cost, and fails with any of them. */
		.lonely_session = "SET plan_cache_mode TO force_custom_plan",
		/* Left to its estimates, postgres_fdw often fetches both sides of a join. */
		.join_session = "SET enable_hashjoin TO off; SET enable_mergejoin TO off; SET enable_nestloop TO off",
		.task_word = NULL,
		.plans_inserts = false,
		.join_word = "Relations: ",
		.fetch_word = NULL,
		.only_coordinator = "through the coordinator: workers of the embedded engine see their own rows only",
		.is_atomic = false,
		.has_columnar = false,
		.recover = NULL,
		.single_note = "; an INSERT is routed by its key when it runs",
		.join_note = "; where its estimates say so, the planner joins on the coordinator instead",
	},
};

const DemoEngine *demo_engine_find(const char *name, Err *err)
{
	for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++) {
		if (str_equal(engines[i].name, name))
			return &engines[i];
	}
	err_set(err, ERR_FAILED, "the demo does not know the engine \"%s\"", name);
	return NULL;
}
