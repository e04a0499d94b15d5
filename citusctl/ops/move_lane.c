#include "ops/move_lane.h"

#include <stdio.h>

#include "io/asset.h"
#include "util/log.h"

/* A move whose citusctl has died is taken back: nobody would end its naps, watch its
 * nodes, or know of it. */
#define LANE_SETTINGS "-c client_connection_check_interval=2s"

bool move_lane_open(MoveLane *lane, const PgTarget *coordinator, Err *err)
{
	if (lane->pg != NULL && !pg_is_dead(lane->pg))
		return true;
	move_lane_close(lane);
	lane->target = *coordinator;
	lane->target.settings = LANE_SETTINGS;
	lane->pg = pg_open(&lane->target, err);
	if (lane->pg != NULL && pg_exec(lane->pg, "LISTEN " MOVE_KICK, err) &&
	    pg_prepare(lane->pg, "move", asset_text("sql/query/move_shard.sql"), err))
		return true;
	move_lane_close(lane);
	return false;
}

void move_lane_close(MoveLane *lane)
{
	pg_close(lane->pg);
	lane->pg = NULL;
	lane->busy = false;
}

bool move_lane_start(MoveLane *lane, const RebalanceMove *move, Err *err)
{
	char group[32];
	char from[32];
	char to[32];
	const char *const values[] = {group, from, to,
	                              move->mode == REBALANCE_ONLINE ? "force_logical" : "block_writes"};

	snprintf(group, sizeof(group), "%lld", (long long) move->group->id);
	snprintf(from, sizeof(from), "%lld", (long long) move->from->id);
	snprintf(to, sizeof(to), "%lld", (long long) move->to->id);
	log_debug("move shard %s from %s to %s, %s", group, move->from->name, move->to->name, values[3]);
	lane->busy = pg_send(lane->pg, "move", 4, values, err);
	return lane->busy;
}

int move_lane_socket(const MoveLane *lane)
{
	return lane->busy ? pg_socket(lane->pg) : -1;
}

LaneState move_lane_poll(MoveLane *lane, Err *err)
{
	bool ready = false;

	if (!pg_ready(lane->pg, &ready, err)) {
		lane->busy = false;
		return LANE_FAILED;
	}
	if (!ready)
		return LANE_WORKING;
	lane->busy = false;

	PgRows *rows = pg_take(lane->pg, err);

	pg_rows_free(rows);
	return rows != NULL ? LANE_MOVED : LANE_FAILED;
}

void move_lane_cancel(MoveLane *lane)
{
	Err ignored = ERR_INIT;

	if (lane->busy && !pg_cancel(lane->pg, &ignored))
		err_clear(&ignored);
}
