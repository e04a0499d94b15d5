#include "ops/drain.h"

#include "io/asset.h"
#include "ops/engine.h"

bool drain_node(Session *session, const char *name, const RebalanceOptions *options, Arena *arena, Err *err)
{
	const char *const names[] = {name};
	RebalanceRequest request = rebalance_request(session);
	Rebalance rebalance = {.problem = NULL};
	RebalanceResult result;

	request.drain = names;
	request.drain_count = 1;
	request.only_forced = true;

	bool ok = rebalance_plan(session, &request, arena, &rebalance, err) &&
	          rebalance_check(session, &rebalance, err) &&
	          rebalance_run(session, &rebalance, options, &result, err);

	rebalance_free(&rebalance);
	return ok;
}

bool drain_give_up(Session *session, Pg *pg, const Member *member, Arena *arena, Err *err)
{
	const char *const group[] = {arena_printf(arena, "%lld", (long long) member->group)};

	return pg_run(pg, asset_text("sql/query/set_lost_group.sql"), 1, group, err) &&
	       pg_exec(pg, asset_text(engine_traits(session->engine)->give_up), err);
}
