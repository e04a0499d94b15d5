#include "ops/node.h"

#include <string.h>

#include "io/asset.h"
#include "ops/drain.h"
#include "ops/engine.h"
#include "ops/init.h"
#include "ops/upkeep.h"
#include "run/operation.h"
#include "util/clock.h"
#include "util/log.h"

#define ANSWER_TIMEOUT_MS 60000

static Pg *open_coordinator(const Session *session, Err *err)
{
	PgTarget target = session_superuser(session, &session->cluster->nodes[0], session->cluster->postgres.database);

	return pg_open(&target, err);
}

static const char *port_text(Arena *arena, int port)
{
	return arena_printf(arena, "%d", port);
}

static bool set_takes_shards(Pg *pg, Arena *arena, const Member *member, bool takes, Err *err)
{
	const char *const values[] = {member->host, port_text(arena, member->port), takes ? "true" : "false"};

	return member->takes_shards == takes || pg_run(pg, asset_text("sql/query/node_set_takes_shards.sql"), 3, values, err);
}

/* ---- in --------------------------------------------------------------------- */

/* Where the nodes that were removed are recorded. */
static bool ensure_record(Pg *pg, Err *err)
{
	bool there = false;

	return pg_query_bool(pg, asset_text("sql/query/removed_exists.sql"), 0, NULL, &there, err) &&
	       (there || pg_exec(pg, asset_text("sql/setup/removed.sql"), err));
}

static bool forget_removals(Session *session, Pg *pg, const bool *selected, Arena *arena, Err *err)
{
	bool ok = ensure_record(pg, err);

	for (size_t i = 1; ok && i < session->cluster->node_count; i++) {
		const Node *node = &session->cluster->nodes[i];
		const char *const address[] = {node->host, port_text(arena, session_port(session, node))};

		ok = !selected[i] || pg_run(pg, asset_text("sql/query/removed_forget.sql"), 2, address, err);
	}
	return ok;
}

/* A node that was drained before takes shards again. */
static bool welcome_shards(Session *session, Pg *pg, const bool *selected, Arena *arena, size_t *opened,
                           Err *err)
{
	Members members;
	bool ok = members_read(session, pg, arena, &members, err);

	for (size_t i = 0; ok && i < members.count; i++) {
		const Member *member = &members.items[i];

		if (member->described == NULL || member->group == 0 || !selected[member->described - session->cluster->nodes])
			continue;
		*opened += member->takes_shards ? 0 : 1;
		ok = set_takes_shards(pg, arena, member, true, err);
	}
	return ok;
}

/*
 * Where hosts have to let the new nodes in: those that are nodes already, the named ones,
 * and nobody else.  One whose host can't be reached is left out, and named.
 */
static bool choose_hosts(Session *session, Pg *pg, const bool *selected, Arena *arena, const bool **only, const char **unreached,
                         Err *err)
{
	const Cluster *cluster = session->cluster;
	bool *chosen = arena_array(arena, cluster->node_count, sizeof(bool));
	Members members;

	*unreached = NULL;
	*only = chosen;
	if (!members_read(session, pg, arena, &members, err))
		return false;
	for (size_t i = 0; i < cluster->node_count && !clock_interrupted(); i++) {
		Err why = ERR_INIT;

		chosen[i] = i == 0 || selected[i] || members_find_node(&members, &cluster->nodes[i]) != NULL;
		if (i > 0 && chosen[i] && !selected[i] && !remote_login(session->places[i].remote, &why)) {
			chosen[i] = false;
			*unreached = arena_printf(session->arena, "%s%s%s", *unreached != NULL ? *unreached : "", *unreached != NULL ? ", " : "",
			                          cluster->nodes[i].name);
		}
		err_clear(&why);
	}
	return clock_go_on(err);
}

bool node_add(Session *session, const bool *selected, const RunWatcher *watcher, Report **report, NodeAddition *addition,
              Err *err)
{
	Arena *scratch = arena_new();
	Pg *pg = open_coordinator(session, err);

	*addition = (NodeAddition) {0};
	session->only = selected;
	session->welcome = selected;

	/* On hosts the other nodes' rules of who may log in change too. */
	bool ok = pg != NULL && (session->cluster->deploy != DEPLOY_SSH ||
	                         choose_hosts(session, pg, selected, scratch, &session->only, &addition->unreached, err));

	ok = ok && run_plan(session, init_steps(session), false, watcher, report, err) &&
	     forget_removals(session, pg, selected, scratch, err) &&
	     welcome_shards(session, pg, selected, scratch, &addition->opened, err);
	session->only = NULL;
	session->welcome = NULL;
	pg_close(pg);
	arena_free(scratch);
	return ok;
}

/* ---- out -------------------------------------------------------------------- */

static bool not_a_member(const Session *session, const Members *members, const char *name, Err *err)
{
	if (cluster_find_node(session->cluster, name) != NULL) {
		err_set(err, ERR_REFUSED, "node \"%s\" is not registered in the cluster", name);
		return err_hint(err, "\"citusctl node list\" shows the nodes; \"citusctl node add %s\" brings it in.", name);
	}
	err_set(err, ERR_USAGE, "there is no node \"%s\"", name);
	return err_hint(err, "Name one of the %zu that \"citusctl node list\" shows, or HOST:PORT of one that the "
	                     "description does not list.", members->count);
}

static bool is_worker(const Member *member, const char *verb, Err *err)
{
	if (member->group != 0)
		return true;
	err_set(err, ERR_REFUSED, "node \"%s\" is the coordinator, which cannot be %s", member->name, verb);
	return err_hint(err, "To take the whole cluster down: citusctl destroy");
}

/* Another node has to take what this one holds. */
static bool others_take_shards(const Members *members, const Member *leaving, Err *err)
{
	for (size_t i = 0; i < members->count; i++)
		if (&members->items[i] != leaving && members->items[i].takes_shards && members->items[i].active)
			return true;
	err_set(err, ERR_REFUSED, "no other node takes the %lld shards of node \"%s\"", (long long) leaving->shards,
	        leaving->name);
	return err_hint(err, "Add a worker to the description and run \"citusctl node add\" first.");
}

static bool answers(const Session *session, const Member *member)
{
	PgTarget target = member_target(session, member);
	Err ignored = ERR_INIT;
	Pg *pg = pg_open(&target, &ignored);
	bool up = pg != NULL;

	pg_close(pg);
	err_clear(&ignored);
	return up;
}

static bool is_reachable(const Session *session, const Member *member, Err *err)
{
	if (answers(session, member))
		return true;
	if (!clock_go_on(err))
		return false;
	err_set(err, ERR_UNREACHABLE, "node \"%s\" does not answer, so its %lld shards can't be moved", member->name,
	        (long long) member->shards);
	err_hint(err, "Start it (citusctl node start %s).  If it is gone for good, \"citusctl node remove %s --lost\" "
	              "shows what is lost with it, and gives it up.", member->name, member->name);
	return err_node(err, member->name);
}

/* An earlier run that was killed after its moves left their sources to be dropped: a node that is
 * taken out cannot be asked later. */
static bool clean_up(Pg *pg, Err *err)
{
	int64_t left = 0;

	return upkeep_clean_up(pg, &left, err);
}

/* Keeps new shards off, then moves those that are there. */
static bool empty_node(Session *session, Pg *pg, const Members *members, const Member *member,
                       const RebalanceOptions *options, Arena *arena, int64_t *moved, Err *err)
{
	Members after;

	*moved = 0;
	if (member->shards > 0 && (!others_take_shards(members, member, err) || !is_reachable(session, member, err)))
		return false;
	if (!set_takes_shards(pg, arena, member, false, err))
		return false;
	if (member->shards > 0 && !drain_node(session, member->name, options, arena, err))
		return err_hint(err, "The node takes no new shards.  Run the command again to go on, or \"citusctl node add "
		                     "%s\" to let it have shards again.", member->name);

	/* What counts is what the catalog says now, not what was planned. */
	if (!clean_up(pg, err) || !members_read(session, pg, arena, &after, err))
		return false;

	const Member *now = members_find(&after, member->name);

	*moved = member->shards;
	return now == NULL || now->shards == 0 ||
	       err_set(err, ERR_DIFFERS, "%lld shards are still on node \"%s\"", (long long) now->shards, member->name);
}

bool node_drain(Session *session, const char *name, const RebalanceOptions *moves, Arena *arena, int64_t *moved, Err *err)
{
	Pg *pg = open_coordinator(session, err);
	Members members;
	bool ok = pg != NULL && members_read(session, pg, arena, &members, err);
	const Member *member = ok ? members_find(&members, name) : NULL;

	if (ok && member == NULL)
		ok = not_a_member(session, &members, name, err);
	else if (ok)
		ok = is_worker(member, "drained", err) && empty_node(session, pg, &members, member, moves, arena, moved, err);
	pg_close(pg);
	return ok;
}

static bool read_losses(Pg *pg, const Member *member, Arena *arena, LossList *losses, Err *err)
{
	const char *const group[] = {arena_printf(arena, "%lld", (long long) member->group)};
	PgRows *rows = pg_query(pg, asset_text("sql/query/lost_shards.sql"), 1, group, err);

	*losses = (LossList) {0};
	if (rows == NULL)
		return false;
	losses->count = (size_t) pg_row_count(rows);
	losses->items = arena_array(arena, losses->count, sizeof(Loss));
	for (int i = 0; i < pg_row_count(rows); i++) {
		losses->items[i] = (Loss) {
			.table = arena_strdup(arena, pg_value(rows, i, 0)),
			.shards = pg_int(rows, i, 1),
			.of = pg_int(rows, i, 2),
			.ids = arena_strdup(arena, pg_value(rows, i, 3)),
		};
		losses->shards += losses->items[i].shards;
	}
	pg_rows_free(rows);
	return true;
}

bool node_losses(Session *session, const char *name, Arena *arena, LossList *losses, Err *err)
{
	Pg *pg = open_coordinator(session, err);
	Members members;
	bool ok = pg != NULL && members_read(session, pg, arena, &members, err);
	const Member *member = ok ? members_find(&members, name) : NULL;

	*losses = (LossList) {0};
	ok = ok && (member == NULL || (is_worker(member, "removed", err) && read_losses(pg, member, arena, losses, err)));
	pg_close(pg);
	return ok;
}

/* Transactions that the node prepared are decided while it still is a node. */
static bool settle_transactions(const Session *session, Pg *pg, const Member *member, Err *err)
{
	const char *recover = engine_traits(session->engine)->recover_prepared;
	PgTarget target = member_target(session, member);
	int64_t left = 0;

	if (recover == NULL)
		return true;

	Pg *there = pg_open(&target, err);
	bool ok = there != NULL && pg_run(there, asset_text(recover), 0, NULL, err) &&
	          pg_run(pg, asset_text(recover), 0, NULL, err) &&
	          pg_query_int64(there, asset_text("sql/query/prepared_here.sql"), 0, NULL, &left, err);

	pg_close(there);
	if (ok && left > 0) {
		err_set(err, ERR_REFUSED, "%lld transactions are prepared on node \"%s\" and not decided yet",
		        (long long) left, member->name);
		ok = err_hint(err, "Run the command again in a minute; if they stay, see pg_prepared_xacts there.");
	}
	return ok;
}

/* That it is gone, and the record that it was removed, are one transaction. */
static bool unregister(Pg *pg, const Member *member, int64_t lost, Arena *arena, Err *err)
{
	const char *const values[] = {member->host, port_text(arena, member->port), member->name,
	                              operation_operator(arena), arena_printf(arena, "%lld", (long long) lost)};

	return ensure_record(pg, err) && pg_exec(pg, "BEGIN", err) && pg_run(pg, asset_text("sql/query/removed_add.sql"), 5, values, err) &&
	       pg_run(pg, asset_text("sql/query/node_remove.sql"), 2, values, err) && pg_exec(pg, "COMMIT", err);
}

static bool fence(Session *session, Pg *pg, const Member *member, NodeRemoval *removal, Arena *arena, Err *err)
{
	const char *const address[] = {member->host, port_text(arena, member->port)};

	log_debug("fencing node %s", member->name);
	return fence_node(session, pg, member, arena, &removal->fence, err) &&
	       (!removal->fence.complete || pg_run(pg, asset_text("sql/query/removed_fenced.sql"), 2, address, err));
}

/* A run that was stopped after the node was taken out: what is left is the fence. */
static bool finish_removal(Session *session, Pg *pg, const Members *members, NodeRemoval *removal, Arena *arena,
                           Err *err)
{
	RemovedList list;

	if (!removed_read(pg, arena, &list, err))
		return false;
	for (size_t i = 0; i < list.count; i++) {
		const Removed *removed = &list.items[i];
		const char *address = arena_printf(arena, "%s:%d", removed->host, removed->port);
		const Member member = {.name = removed->name, .described = members_described(session, removed->host, removed->port),
		                       .host = removed->host, .port = removed->port};

		if (strcmp(removed->name, removal->name) != 0 && strcmp(address, removal->name) != 0)
			continue;
		removal->already = true;
		if (!removed->fenced)
			return fence(session, pg, &member, removal, arena, err);
		removal->fence = (Fence) {true, "its server was made harmless then"};
		return true;
	}
	return not_a_member(session, members, removal->name, err);
}

/* Citus asks a dead node too while it counts as active. */
static bool disable_node(const Session *session, Pg *pg, const Member *member, Arena *arena, Err *err)
{
	const char *disable = engine_traits(session->engine)->disable_node;
	const char *const address[] = {member->host, port_text(arena, member->port)};

	return disable == NULL || !member->active || pg_run(pg, asset_text(disable), 2, address, err);
}

/*
 * That this machine does not get in is not enough: a key that changed, a password of
 * another machine's making or a firewall do that too.  The coordinator has to find it dead.
 */
static bool is_lost(const Session *session, Pg *pg, const Member *member, Arena *arena, Err *err)
{
	const char *const address[] = {member->host, port_text(arena, member->port)};
	PgTarget target = member_target(session, member);
	Pg *there = pg_open(&target, err);
	bool answers_it = there != NULL;
	bool reached = false;

	pg_close(there);
	if (answers_it) {
		err_set(err, ERR_REFUSED, "node \"%s\" answers, so it is not lost", member->name);
		return err_hint(err, "\"citusctl node remove %s\" moves its shards away first.", member->name);
	}
	if (err->kind != ERR_UNREACHABLE)
		return false;
	err_clear(err);
	if (!pg_query_bool(pg, asset_text("sql/query/node_is_reached.sql"), 2, address, &reached, err))
		return false;
	if (!reached)
		return clock_go_on(err);
	err_set(err, ERR_REFUSED, "the coordinator reaches node \"%s\", only this machine does not, so it is not lost", member->name);
	return err_hint(err, "\"citusctl -v node list\" shows what is in the way.");
}

static bool remove_lost(Session *session, Pg *pg, const Members *members, const Member *member, NodeRemoval *removal,
                        Arena *arena, Err *err)
{
	LossList losses;

	if (!is_lost(session, pg, member, arena, err) || !read_losses(pg, member, arena, &losses, err))
		return false;
	removal->lost_shards = losses.shards;
	if (losses.shards > 0 && !others_take_shards(members, member, err))
		return false;
	return (losses.shards == 0 || drain_give_up(session, pg, member, arena, err)) &&
	       disable_node(session, pg, member, arena, err) && unregister(pg, member, losses.shards, arena, err);
}

bool node_remove(Session *session, NodeRemoval *removal, Arena *arena, Err *err)
{
	Pg *pg = open_coordinator(session, err);
	Members members;
	bool ok = pg != NULL && members_read(session, pg, arena, &members, err);
	const Member *member = ok ? members_find(&members, removal->name) : NULL;

	if (ok && member == NULL)
		ok = finish_removal(session, pg, &members, removal, arena, err);
	else if (ok)
		ok = is_worker(member, "removed", err) &&
		     (removal->lost ? remove_lost(session, pg, &members, member, removal, arena, err)
		                    : is_reachable(session, member, err) &&
		                          empty_node(session, pg, &members, member, removal->moves, arena, &removal->moved, err) &&
		                          settle_transactions(session, pg, member, err) &&
		                          unregister(pg, member, 0, arena, err)) &&
		     fence(session, pg, member, removal, arena, err);
	pg_close(pg);
	return ok;
}

/* ---- waiting ---------------------------------------------------------------- */

typedef struct Wait {
	const Session *session;
	const Node *node;
	Err last;
} Wait;

static bool is_up(void *arg)
{
	Wait *wait = arg;
	PgTarget target = session_superuser(wait->session, wait->node, wait->session->cluster->postgres.database);
	Pg *pg = pg_open(&target, &wait->last);
	bool up = pg != NULL;

	pg_close(pg);
	return up;
}

bool node_wait(const Session *session, const Node *node, Err *err)
{
	Wait wait = {session, node, ERR_INIT};
	bool ok = clock_poll_until(ANSWER_TIMEOUT_MS, is_up, &wait);

	if (!ok && clock_go_on(err))
		err_move(err, &wait.last);
	err_clear(&wait.last);
	return ok;
}
