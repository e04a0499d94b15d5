#include "ops/move_monitor.h"

#include <stdlib.h>
#include <string.h>

#include "io/asset.h"
#include "util/clock.h"

#define ASK_EVERY_US 400000
#define ASK_FOR_OTHERS_EVERY_US 1000000

struct MoveMonitor {
	PgTarget target;
	Pg *pg; /* NULL: lost, and not wanted that much */
	bool can_ask; /* false: the server has no such function */
	MonitorNews asked;
	int64_t next_us;
	int64_t next_others_us;
	PgRows *rows; /* of the last answers, or NULL */
	PgRows *others;
};

/* In the order in which they come. */
static const struct {
	const char *status; /* what the server says */
	MonitorView view;
} phases[] = {
	{"Not Started Yet", {.phase = "setting up", .copying = true}},
	{"Setting Up", {.phase = "setting up", .copying = true}},
	{"Copying Data", {.phase = "copying data", .copying = true}},
	{"Catching Up", {.phase = "catching up", .waiting = true, .rest_done = 0.1}},
	{"Creating Constraints", {.phase = "creating indexes", .rest_done = 0.3}},
	{"Final Catchup", {.phase = "final catch-up", .rest_done = 0.8}},
	{"Creating Foreign Keys", {.phase = "creating foreign keys", .rest_done = 0.9}},
	{"Completing", {.phase = "switching over", .rest_done = 0.95}},
	{"Completed", {.phase = "switching over", .rest_done = 1}},
};

MoveMonitor *monitor_open(const PgTarget *coordinator, const char *others, Err *err)
{
	MoveMonitor *monitor = xmalloc(sizeof(*monitor));

	*monitor = (MoveMonitor) {.target = *coordinator};
	monitor->pg = pg_open(&monitor->target, err);
	if (monitor->pg == NULL || !pg_prepare(monitor->pg, "others", asset_text(others), err)) {
		monitor_close(monitor);
		return NULL;
	}
	if (pg_prepare(monitor->pg, "progress", asset_text("sql/query/move_progress.sql"), err)) {
		monitor->can_ask = true;
		return monitor;
	}
	if (!pg_is_dead(monitor->pg)) {
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
	pg_rows_free(monitor->others);
	pg_close(monitor->pg);
	free(monitor);
}

int monitor_socket(const MoveMonitor *monitor)
{
	return monitor->asked != MONITOR_NOTHING ? pg_socket(monitor->pg) : -1;
}

static bool take(MoveMonitor *monitor, Err *err)
{
	PgRows **answer = monitor->asked == MONITOR_OTHERS ? &monitor->others : &monitor->rows;
	bool ready = false;

	if (!pg_ready(monitor->pg, &ready, err)) {
		monitor->asked = MONITOR_NOTHING;
		return false;
	}
	if (!ready)
		return false;
	pg_rows_free(*answer);
	*answer = pg_take(monitor->pg, err);
	return true;
}

/* One statement at a time. */
static void ask(MoveMonitor *monitor, int64_t now, Err *err)
{
	if (pg_is_dead(monitor->pg))
		return;
	if (now >= monitor->next_others_us) {
		monitor->next_others_us = now + ASK_FOR_OTHERS_EVERY_US;
		monitor->asked = pg_send(monitor->pg, "others", 0, NULL, err) ? MONITOR_OTHERS : MONITOR_NOTHING;
	} else if (monitor->can_ask && now >= monitor->next_us) {
		monitor->next_us = now + ASK_EVERY_US;
		monitor->asked = pg_send(monitor->pg, "progress", 0, NULL, err) ? MONITOR_PROGRESS : MONITOR_NOTHING;
	}
}

MonitorNews monitor_turn(MoveMonitor *monitor)
{
	Err err = ERR_INIT;
	MonitorNews news = MONITOR_NOTHING;

	if (monitor->asked != MONITOR_NOTHING && take(monitor, &err)) {
		news = monitor->asked;
		monitor->asked = MONITOR_NOTHING;
	}
	if (monitor->asked == MONITOR_NOTHING)
		ask(monitor, clock_us(), &err);
	err_clear(&err);
	return news;
}

const PgRows *monitor_others(const MoveMonitor *monitor)
{
	return monitor->others;
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
