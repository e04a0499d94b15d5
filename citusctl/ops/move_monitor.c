#include "ops/move_monitor.h"

#include <stdlib.h>
#include <string.h>

#include "io/asset.h"
#include "util/clock.h"

#define ASK_EVERY_US 400000

struct MoveMonitor {
	PgTarget target;
	Pg *pg; /* NULL: lost, and not wanted that much */
	bool can_ask; /* false: the server has no such function */
	bool busy;
	int64_t next_us;
	PgRows *rows; /* of the last answer, or NULL */
};

/* In the order in which they come. */
static const struct {
	const char *status; /* what the server says */
	MonitorView view;
} phases[] = {
	{"Not Started Yet", {.phase = "setting up", .copying = true}},
	{"Setting Up", {.phase = "setting up", .copying = true}},
	{"Copying Data", {.phase = "copying data", .copying = true}},
	{"Catching Up", {.phase = "catching up", .rest_done = 0.1}},
	{"Creating Constraints", {.phase = "creating indexes", .rest_done = 0.3}},
	{"Final Catchup", {.phase = "final catch-up", .rest_done = 0.8}},
	{"Creating Foreign Keys", {.phase = "creating foreign keys", .rest_done = 0.9}},
	{"Completing", {.phase = "switching over", .rest_done = 0.95}},
	{"Completed", {.phase = "switching over", .rest_done = 1}},
};

MoveMonitor *monitor_open(const PgTarget *coordinator, Err *err)
{
	MoveMonitor *monitor = xmalloc(sizeof(*monitor));

	*monitor = (MoveMonitor) {.target = *coordinator};
	monitor->pg = pg_open(&monitor->target, err);
	if (monitor->pg != NULL && pg_prepare(monitor->pg, "progress", asset_text("sql/query/move_progress.sql"), err)) {
		monitor->can_ask = true;
		return monitor;
	}
	if (monitor->pg != NULL && !pg_is_dead(monitor->pg)) {
		err_clear(err);
		return monitor;
	}
	monitor_close(monitor);
	return NULL;
}

void monitor_close(MoveMonitor *monitor)
{
	if (monitor == NULL)
		return;
	pg_rows_free(monitor->rows);
	pg_close(monitor->pg);
	free(monitor);
}

int monitor_socket(const MoveMonitor *monitor)
{
	return monitor->busy ? pg_socket(monitor->pg) : -1;
}

static bool take(MoveMonitor *monitor, Err *err)
{
	bool ready = false;

	if (!pg_ready(monitor->pg, &ready, err)) {
		monitor->busy = false;
		return false;
	}
	if (!ready)
		return false;
	monitor->busy = false;
	pg_rows_free(monitor->rows);
	monitor->rows = pg_take(monitor->pg, err);
	return monitor->rows != NULL;
}

bool monitor_turn(MoveMonitor *monitor, bool moving)
{
	int64_t now = clock_us();
	Err err = ERR_INIT;
	bool news = monitor->busy && take(monitor, &err);

	if (!monitor->busy && moving && monitor->can_ask && now >= monitor->next_us && !pg_is_dead(monitor->pg)) {
		monitor->busy = pg_send(monitor->pg, "progress", 0, NULL, &err);
		monitor->next_us = now + ASK_EVERY_US;
	}
	err_clear(&err);
	return news;
}

bool monitor_view(const MoveMonitor *monitor, const SnapshotGroup *group, MonitorView *view)
{
	bool found = false;
	size_t at = 0;
	int64_t bytes = 0;

	for (int i = 0; monitor->rows != NULL && i < pg_row_count(monitor->rows); i++) {
		if (!snapshot_has_shard(group, pg_int(monitor->rows, i, 0)))
			continue;
		for (size_t p = at; p < sizeof(phases) / sizeof(phases[0]); p++)
			if (strcmp(phases[p].status, pg_value(monitor->rows, i, 1)) == 0)
				at = p;
		bytes += pg_int(monitor->rows, i, 2);
		found = true;
	}
	*view = phases[at].view;
	view->target_bytes = bytes;
	return found;
}
